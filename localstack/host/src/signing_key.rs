//! The private key of ticket codes, for a machine that was given none.

use std::{fs, io, os::unix::fs::OpenOptionsExt, path::Path};

use aws_lc_rs::{encoding::AsDer, signature::Ed25519KeyPair};
use base64::{Engine, prelude::BASE64_STANDARD};
use marquee_lambda::Error;

use crate::database::beside;

/// With a data file, the key is kept beside it, so that printed tickets stay good.
pub fn load_or_create(data: Option<&Path>) -> Result<String, Error> {
    let Some(data) = data else { return generate() };
    let path = beside(data, ".ticket-key.pem");
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let pem = generate()?;
            let mut options = fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
            io::Write::write_all(&mut file, pem.as_bytes())?;
            file.sync_all()?;
            Ok(pem)
        }
        read => Ok(read?),
    }
}

/// A new Ed25519 private key in PKCS#8 PEM.
pub fn generate() -> Result<String, Error> {
    let key = Ed25519KeyPair::generate()?;
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = key.as_der()?;
    let body = BASE64_STANDARD.encode(der.as_ref());
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"))
}
