//! Passes.
//!
//! A pass is a JWT signed with a secret that both sides have. So whoever takes it needs neither a
//! request nor a table to know that it is good.

use std::{fmt, sync::Arc};

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, errors::ErrorKind,
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

const ISSUER: &str = "marquee/waiting-room";
const ALGORITHM: Algorithm = Algorithm::HS256;

/// What lets a visitor of a waiting room reserve seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// The place in the line that it was given for; none for who did not have to queue.
    pub place: Option<Uuid>,
    pub user: UserId,
    pub session: Uuid,
    /// Seats that one reservation may have.
    pub seats_max: u16,
    /// From then on it is no good.
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPass {
    #[error("is not a pass")]
    Malformed,
    #[error("was not signed by us, or was altered")]
    Forged,
    #[error("was good until {0}")]
    Over(Timestamp),
}

#[derive(Debug, thiserror::Error)]
#[error("a pass cannot be signed: {0}")]
pub struct SigningError(#[from] jsonwebtoken::errors::Error);

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: Uuid,
    /// The session.
    ses: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Uuid>,
    /// Seats.
    max: u16,
    exp: i64,
    /// What `exp` leaves out: it is in whole seconds.
    ms: i64,
}

/// Signed by whomever: not a token of ours.
pub(crate) struct Malformed;

/// The secret that passes are signed with. Cheap to clone.
#[derive(Clone)]
pub struct PassKey {
    keys: Arc<(EncodingKey, DecodingKey)>,
}

impl fmt::Debug for PassKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassKey").finish_non_exhaustive()
    }
}

impl PassKey {
    pub fn from_secret(secret: &str) -> Self {
        let secret = secret.as_bytes();
        let keys = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { keys: Arc::new(keys) }
    }

    pub(crate) fn encode(&self, claims: &impl Serialize) -> Result<String, SigningError> {
        Ok(encode(&Header::new(ALGORITHM), claims, &self.keys.0)?)
    }

    /// The claims, if this issuer of ours signed them, whenever they are good. `None`: nobody signed them
    /// with this secret. An error: they are not what they should be.
    pub(crate) fn decode<C: DeserializeOwned>(
        &self,
        token: &str,
        issuer: &str,
    ) -> Result<Option<C>, Malformed> {
        let mut validation = Validation::new(ALGORITHM);
        // The library would ask a clock of its own.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.set_issuer(&[issuer]);
        match decode(token, &self.keys.1, &validation) {
            Ok(decoded) => Ok(Some(decoded.claims)),
            Err(error) if *error.kind() == ErrorKind::InvalidSignature => Ok(None),
            Err(_) => Err(Malformed),
        }
    }

    /// # Errors
    /// If the cryptographic library fails.
    pub fn sign(&self, pass: &Pass) -> Result<String, SigningError> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: pass.user.uuid(),
            ses: pass.session,
            place: pass.place,
            max: pass.seats_max,
            exp: pass.until.millis().div_euclid(1000),
            ms: pass.until.millis().rem_euclid(1000),
        };
        self.encode(&claims)
    }

    /// The pass, if it is ours, unaltered, and good at `now`.
    ///
    /// # Errors
    /// Why it is not.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Pass, InvalidPass> {
        let claims = self.decode::<Claims>(token, ISSUER);
        let claims = claims.map_err(|Malformed| InvalidPass::Malformed)?;
        let claims = claims.ok_or(InvalidPass::Forged)?;
        let millis = claims.exp.saturating_mul(1000).saturating_add(claims.ms);
        let until = Timestamp::from_millis(millis);
        if now >= until {
            return Err(InvalidPass::Over(until));
        }
        Ok(Pass {
            place: claims.place,
            user: UserId::new(claims.sub),
            session: claims.ses,
            seats_max: claims.max,
            until,
        })
    }
}
