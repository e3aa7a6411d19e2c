//! Demo data: what the documents that Marquee was asked for in work with.

pub mod booking;
pub mod ordering;

use marquee_lambda::Error;

use crate::functions::Functions;

/// Loads what is missing; with a data file, most starts find all of it there.
pub async fn load(functions: &Functions) -> Result<(), Error> {
    booking::load(&functions.booking).await?;
    ordering::load(&functions.ordering).await
}
