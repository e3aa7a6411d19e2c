//! What a waiting room and booking tell one another: passes, which let visitors reserve seats; and
//! [requests](request) for seats on their behalf. And entry tokens, with which visitors connect.
//!
//! Passes and tokens are for those who have the feature `tokens`: they are signed.

#[cfg(feature = "tokens")]
mod entry_token;
#[cfg(feature = "tokens")]
mod pass;
pub mod request;

#[cfg(feature = "tokens")]
pub use entry_token::EntryToken;
#[cfg(feature = "tokens")]
pub use pass::{InvalidPass, Pass, PassKey, SigningError};

#[cfg(all(test, feature = "tokens"))]
mod tests;
