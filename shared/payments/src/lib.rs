//! Payments, for every context: the same rules whoever takes the money and whatever is sold.
//!
//! | module | what it holds |
//! |---|---|
//! | `marquee-payments-domain`, in the folder `domain` | what a payment is and may become; the port |
//! | [`settlement`] | reserving, taking, withdrawing and giving back money, each put on record |
//! | [`store`] | the records, in the table of the context whose things are paid for |
//! | [`mock`] | the provider's stand-in, whose ledger the records are |
//! | `stripe` | Stripe, over its HTTP API (feature `stripe`) |

pub mod mock;
mod record;
pub mod settlement;
pub mod store;
#[cfg(feature = "stripe")]
pub mod stripe;

pub use record::Record;
