//! The code in a ticket's QR: a JWT signed with Ed25519.
//!
//! A device at the door verifies it with the public key from `/.well-known/jwks.json` and needs no
//! network to do so. Only whether the ticket was used before takes a call.

use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode,
    jwk::{Jwk, JwkSet},
};
use marquee_booking_domain::{ids::TicketId, ticket::Ticket};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const ISSUER: &str = "marquee";
/// What stands before the 32 bytes of the seed in PKCS#8 (RFC 8410).
const ED25519_PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[derive(Debug, thiserror::Error)]
#[error("the ticket signing key is not an Ed25519 private key in PKCS#8 PEM: {0}")]
pub struct SigningKeyError(#[from] jsonwebtoken::errors::Error);

/// What a ticket's code says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClaims {
    pub iss: String,
    /// The ticket.
    pub sub: Uuid,
    /// The session.
    pub ses: Uuid,
    pub row: String,
    pub seat: String,
}

pub struct TicketSigner {
    encoding: EncodingKey,
    decoding: DecodingKey,
    header: Header,
    public: Jwk,
}

impl std::fmt::Debug for TicketSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TicketSigner").field("kid", &self.header.kid).finish_non_exhaustive()
    }
}

impl TicketSigner {
    /// A key as PEM; line breaks may be written `\n`, as an environment variable needs.
    pub fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let pem = pem.replace("\\n", "\n");
        Self::new(EncodingKey::from_ed_pem(pem.as_bytes())?)
    }

    /// A key that follows from a secret of any form, so that a generated password will do: its
    /// SHA-256 is the key's seed.
    pub fn from_secret(secret: &str) -> Result<Self, SigningKeyError> {
        let mut pkcs8 = ED25519_PKCS8_HEAD.to_vec();
        pkcs8.extend_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
        Self::new(EncodingKey::from_ed_der(&pkcs8))
    }

    fn new(encoding: EncodingKey) -> Result<Self, SigningKeyError> {
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA)?;
        let kid = public.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256)?;
        public.common.key_id = Some(kid.clone());
        let decoding = DecodingKey::from_jwk(&public)?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(kid);
        Ok(Self { encoding, decoding, header, public })
    }

    pub fn sign(&self, ticket: &Ticket<'_>) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = TicketClaims {
            iss: ISSUER.to_owned(),
            sub: ticket.id.uuid(),
            ses: ticket.reservation.session.uuid(),
            row: ticket.seat.row_number.clone(),
            seat: ticket.seat.seat_number.clone(),
        };
        encode(&self.header, &claims, &self.encoding)
    }

    /// Whether `code` is ours, unaltered, and of this ticket.
    pub fn verify(&self, code: &str, ticket: TicketId) -> bool {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // A ticket is good for its session, whenever that is; its code does not expire.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        decode::<TicketClaims>(code, &self.decoding, &validation)
            .is_ok_and(|decoded| decoded.claims.sub == ticket.uuid())
    }

    pub fn public_keys(&self) -> JwkSet {
        JwkSet { keys: vec![self.public.clone()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_always_leads_to_the_same_key_and_another_to_another() {
        let keys = |secret| {
            let signer = TicketSigner::from_secret(secret).expect("a key");
            serde_json::to_string(&signer.public_keys()).expect("json")
        };
        assert_eq!(keys("correct horse"), keys("correct horse"));
        assert_ne!(keys("correct horse"), keys("battery staple"));
        assert!(keys("correct horse").contains("Ed25519"));
    }
}
