//! Stripe's notifications: known to be Stripe's by their signature.

use std::collections::HashMap;

use aws_lc_rs::hmac;
use marquee_kernel::time::Timestamp;
use serde::Deserialize;

use super::{KIND, THING};

/// How far a notification's time may be from ours: an old one that somebody kept is refused.
const TOLERANCE_SECONDS: u64 = 300;

/// The keys that notifications are signed with; several while one takes another's place.
#[derive(Clone, Default)]
pub struct Secrets(Vec<hmac::Key>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    #[error("header Stripe-Signature is missing or cannot be read")]
    Malformed,
    #[error("the signature's time is more than five minutes from now")]
    Old,
    #[error("no signature is right")]
    Forged,
}

impl Secrets {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let key = |secret: String| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self(secrets.into_iter().map(key).collect())
    }

    /// Whether one of the secrets has signed this body, not long ago. Compares in constant time.
    ///
    /// # Errors
    /// If not, with the reason.
    pub fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), NotGenuine> {
        let (mut time, mut signatures) = (None, Vec::new());
        for part in header.split(',') {
            match part.trim().split_once('=') {
                Some(("t", seconds)) => time = Some(seconds),
                Some(("v1", signature)) => signatures.extend(from_hex(signature)),
                _ => {} // of a scheme that is not ours to judge
            }
        }
        let time = time.ok_or(NotGenuine::Malformed)?;
        let seconds: i64 = time.parse().map_err(|_| NotGenuine::Malformed)?;
        let signed: Vec<u8> = [time.as_bytes(), b".", body].concat();
        let right = |signature: &Vec<u8>| {
            self.0.iter().any(|key| hmac::verify(key, &signed, signature).is_ok())
        };
        if !signatures.iter().any(right) {
            return Err(NotGenuine::Forged);
        }
        let now = now.millis().div_euclid(1000);
        match now.abs_diff(seconds) <= TOLERANCE_SECONDS {
            true => Ok(()),
            false => Err(NotGenuine::Old),
        }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    text.len().is_multiple_of(2).then(|| text.as_bytes().chunks(2).map(digit).collect())?
}

/// What a notification is about. It is a hint and not believed: what became of the payment is asked
/// of Stripe, since notifications come more than once and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub event_type: String,
    /// What the payment pays for; `None` if it is not one of ours.
    pub about: Option<(String, uuid::Uuid)>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    event_type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    metadata: HashMap<String, serde_json::Value>,
}

/// # Errors
/// If the body is no event of Stripe's.
pub fn read(body: &[u8]) -> Result<Notice, serde_json::Error> {
    let Event { event_type, data } = serde_json::from_slice(body)?;
    let text = |name| data.object.metadata.get(name).and_then(serde_json::Value::as_str);
    let about = text(KIND).zip(text(THING).and_then(|id| id.parse().ok()));
    Ok(Notice { event_type, about: about.map(|(kind, id)| (kind.to_owned(), id)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"type":"payment_intent.succeeded"}"#;
    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);

    fn signed(secret: &str, seconds: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, &[format!("{seconds}.").as_bytes(), BODY].concat());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={seconds},v0=00,v1={hex}")
    }

    fn secrets() -> Secrets {
        Secrets::new(["whsec_new".to_owned(), "whsec_old".to_owned()])
    }

    #[test]
    fn while_keys_are_exchanged_the_signature_of_either_is_right() {
        for secret in ["whsec_new", "whsec_old"] {
            let header = signed(secret, 1_800_000_000);
            assert_eq!(secrets().verify(&header, BODY, NOW), Ok(()));
        }
        let header = signed("whsec_other", 1_800_000_000);
        assert_eq!(secrets().verify(&header, BODY, NOW), Err(NotGenuine::Forged));
        let both = format!("{header},{}", signed("whsec_old", 1_800_000_000));
        assert_eq!(secrets().verify(&both, BODY, NOW), Ok(()), "several signatures in one header");
    }

    #[test]
    fn another_body_and_another_time_than_were_signed_are_forged() {
        let header = signed("whsec_new", 1_800_000_000);
        assert_eq!(secrets().verify(&header, b"{}", NOW), Err(NotGenuine::Forged));
        let later = header.replace("t=1800000000", "t=1800000001");
        assert_eq!(secrets().verify(&later, BODY, NOW), Err(NotGenuine::Forged));
    }

    #[test]
    fn a_notification_is_good_for_five_minutes() {
        let at = |seconds| secrets().verify(&signed("whsec_new", seconds), BODY, NOW);
        assert_eq!(at(1_800_000_000 - 300), Ok(()));
        assert_eq!(at(1_800_000_000 + 300), Ok(()));
        assert_eq!(at(1_800_000_000 - 301), Err(NotGenuine::Old));
        assert_eq!(at(1_800_000_000 + 301), Err(NotGenuine::Old));
    }

    #[test]
    fn without_secrets_nothing_is_believed() {
        let header = signed("", 1_800_000_000);
        assert_eq!(Secrets::default().verify(&header, BODY, NOW), Err(NotGenuine::Forged));
        assert_eq!(secrets().verify("v1=00", BODY, NOW), Err(NotGenuine::Malformed));
    }
}
