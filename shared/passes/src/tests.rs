use std::time::Duration;

use marquee_kernel::{ids::UserId, time::Timestamp};
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_763_229_600_250);

fn key() -> PassKey {
    PassKey::from_secret("correct horse")
}

fn pass() -> Pass {
    Pass {
        place: Some(Uuid::from_u128(1)),
        user: UserId::new(Uuid::from_u128(2)),
        session: Uuid::from_u128(3),
        seats_max: 4,
        until: NOW + Duration::from_millis(60_001),
    }
}

#[test]
fn a_pass_comes_back_as_it_was() {
    for place in [Some(Uuid::from_u128(1)), None] {
        let pass = Pass { place, ..pass() };
        let token = key().sign(&pass).expect("a token");
        assert_eq!(key().verify(&token, NOW), Ok(pass));
    }
}

#[test]
fn a_pass_is_good_until_the_last_instant_before_its_end() {
    let (pass, moment) = (pass(), Duration::from_millis(1));
    let token = key().sign(&pass).expect("a token");
    assert!(key().verify(&token, pass.until - moment).is_ok());
    assert_eq!(key().verify(&token, pass.until), Err(InvalidPass::Over(pass.until)));
}

#[test]
fn a_pass_of_another_secret_or_with_other_claims_is_forged() {
    let token = PassKey::from_secret("battery staple").sign(&pass()).expect("a token");
    assert_eq!(key().verify(&token, NOW), Err(InvalidPass::Forged));
    let sign = |pass: &Pass| key().sign(pass).expect("a token");
    let (own, other) = (sign(&pass()), sign(&Pass { seats_max: 40, ..pass() }));
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (own, other) = (parts(&own), parts(&other));
    let mixed = format!("{}.{}.{}", own[0], other[1], own[2]);
    assert_eq!(key().verify(&mixed, NOW), Err(InvalidPass::Forged));
}

#[test]
fn what_is_no_pass_or_asks_for_no_signature_is_not_read() {
    let token = key().sign(&pass()).expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    for token in ["", "a pass", "a.b.c", &unsigned] {
        assert_eq!(key().verify(token, NOW), Err(InvalidPass::Malformed), "{token}");
    }
}

#[test]
fn the_reasons_are_plain_and_the_secret_is_not_shown() {
    let reasons = [InvalidPass::Malformed, InvalidPass::Forged, InvalidPass::Over(NOW)];
    let expected = [
        "is not a pass",
        "was not signed by us, or was altered",
        "was good until 2025-11-15T18:00:00Z",
    ];
    assert_eq!(reasons.map(|reason| reason.to_string()), expected);
    assert!(!format!("{:?}", key()).contains("correct"));
}
