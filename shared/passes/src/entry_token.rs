//! Tokens of entries: with one, a visitor connects to be told what becomes of their entry.
//!
//! A browser's WebSocket sends no headers, so the token stands in the URL, and URLs are written to logs.
//! So it is no pass: it lets its bearer see one entry and reserve nothing. What it does show once the
//! visitor is let in is their pass, which is of use to that user only.

use std::time::Duration;

use marquee_kernel::{ids::UserId, time::Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::pass::{Malformed, PassKey, SigningError};

/// Unlike a pass's: neither is ever taken for the other.
const ISSUER: &str = "marquee/waiting-room/entry";

/// Whoever waits longer is given a new one as often as they ask.
const GOOD_FOR_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// What lets somebody connect as a visitor of a waiting room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryToken {
    pub user: UserId,
    pub session: Uuid,
    /// From then on nobody can connect with it. A connection that was made before stays.
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("is not the socket_token of an entry")]
    Malformed,
    #[error("was not signed by us, or was altered")]
    Forged,
    #[error("was good until {0}")]
    Over(Timestamp),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    /// The session.
    ses: Uuid,
    /// In whole seconds: a fraction more or less does not matter here.
    exp: i64,
}

impl EntryToken {
    /// Good until the end of sales, or for a day if that is earlier.
    pub fn new(user: UserId, session: Uuid, sales_end: Timestamp, now: Timestamp) -> Self {
        Self { user, session, until: sales_end.min(now + GOOD_FOR_MAX) }
    }
}

impl PassKey {
    /// # Errors
    /// If the cryptographic library fails.
    pub fn sign_token(&self, token: &EntryToken) -> Result<String, SigningError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: token.user.uuid(),
            ses: token.session,
            exp: token.until.millis().div_euclid(1000),
        };
        self.encode(&claims)
    }

    /// The token, if it is ours, unaltered, and good at `now`.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify_token(&self, token: &str, now: Timestamp) -> Result<EntryToken, InvalidToken> {
        let claims = self.decode::<Claims>(token, ISSUER);
        let claims = claims.map_err(|Malformed| InvalidToken::Malformed)?;
        let claims = claims.ok_or(InvalidToken::Forged)?;
        let until = Timestamp::from_millis(claims.exp.saturating_mul(1000));
        if now >= until {
            return Err(InvalidToken::Over(until));
        }
        Ok(EntryToken { user: UserId::new(claims.sub), session: claims.ses, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{InvalidPass, Pass};

    const NOW: Timestamp = Timestamp::from_millis(1_763_229_600_000);
    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn key() -> PassKey {
        PassKey::from_secret("correct horse")
    }

    fn token() -> EntryToken {
        let user = UserId::new(Uuid::from_u128(2));
        EntryToken::new(user, Uuid::from_u128(3), NOW + HOUR, NOW)
    }

    #[test]
    fn a_token_comes_back_as_it_was_and_is_good_until_its_end() {
        let (token, moment) = (token(), Duration::from_millis(1));
        let signed = key().sign_token(&token).expect("a token");
        assert_eq!(key().verify_token(&signed, NOW), Ok(token));
        assert!(key().verify_token(&signed, token.until - moment).is_ok());
        let over = key().verify_token(&signed, token.until);
        assert_eq!(over, Err(InvalidToken::Over(token.until)));
    }

    #[test]
    fn a_token_ends_with_the_sale_or_after_a_day() {
        let until =
            |sales_end| EntryToken::new(token().user, Uuid::from_u128(3), sales_end, NOW).until;
        assert_eq!(until(NOW + HOUR), NOW + HOUR);
        assert_eq!(until(NOW + 25 * HOUR), NOW + 24 * HOUR);
    }

    #[test]
    fn a_token_of_another_secret_or_with_other_claims_is_forged() {
        let other = PassKey::from_secret("battery staple").sign_token(&token()).expect("a token");
        assert_eq!(key().verify_token(&other, NOW), Err(InvalidToken::Forged));
        let sign = |token: &EntryToken| key().sign_token(token).expect("a token");
        let own = sign(&token());
        let others = sign(&EntryToken { user: UserId::new(Uuid::from_u128(9)), ..token() });
        let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (own, others) = (parts(&own), parts(&others));
        let mixed = format!("{}.{}.{}", own[0], others[1], own[2]);
        assert_eq!(key().verify_token(&mixed, NOW), Err(InvalidToken::Forged));
    }

    #[test]
    fn a_pass_is_no_token_and_a_token_is_no_pass() {
        let token = token();
        let pass = Pass {
            place: None,
            user: token.user,
            session: token.session,
            seats_max: 4,
            until: token.until,
        };
        let (pass, token) = (key().sign(&pass), key().sign_token(&token));
        let (pass, token) = (pass.expect("a pass"), token.expect("a token"));
        assert_eq!(key().verify_token(&pass, NOW), Err(InvalidToken::Malformed));
        assert_eq!(key().verify(&token, NOW), Err(InvalidPass::Malformed));
    }

    #[test]
    fn what_is_no_token_is_not_read_and_the_reasons_are_plain() {
        for text in ["", "a token", "a.b.c"] {
            assert_eq!(key().verify_token(text, NOW), Err(InvalidToken::Malformed), "{text}");
        }
        assert_eq!(InvalidToken::Over(NOW).to_string(), "was good until 2025-11-15T18:00:00Z");
    }
}
