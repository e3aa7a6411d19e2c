//! QR codes as PNG images.

use base64::{Engine, prelude::BASE64_STANDARD};
use marquee_lambda::problem::{INTERNAL, Problem};
use qrcode::{EcLevel, QrCode};

/// Pixels to a module: large enough for a phone's screen, small enough to mail.
const SCALE: usize = 4;
/// The quiet zone that the standard asks for, in modules.
const MARGIN: usize = 4;

/// A black-and-white PNG of `text`.
pub(crate) fn png(text: &str) -> Result<Vec<u8>, Problem> {
    let broken = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "cannot draw a QR code");
        Problem::new(&INTERNAL, "the request failed on our side".into())
    };
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|e| broken(&e))?;
    let modules = code.to_colors();
    let width = code.width();
    let side = (width + 2 * MARGIN) * SCALE;
    let dark = |x: usize, y: usize| {
        let module = (x / SCALE).checked_sub(MARGIN).zip((y / SCALE).checked_sub(MARGIN));
        module.is_some_and(|(x, y)| {
            x < width && y < width && modules[y * width + x] == qrcode::Color::Dark
        })
    };
    // One bit a pixel, each line in whole bytes, white is one.
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for byte in 0..side.div_ceil(8) {
            let bit = |bit: usize| u8::from(!dark(byte * 8 + bit, y)) << (7 - bit);
            pixels.push((0..8).map(bit).sum());
        }
    }
    let mut image = Vec::new();
    let side = u32::try_from(side).map_err(|e| broken(&e))?;
    let mut encoder = png::Encoder::new(&mut image, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels));
    written.map_err(|e| broken(&e))?;
    Ok(image)
}

pub(crate) fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png))
}
