//! The shop's table.

use aws_sdk_dynamodb::{
    error::BuildError, operation::create_table::CreateTableInput, types::ScalarAttributeType,
};
use marquee_dynamo::table::schema::{self, Index};

/// The list that an item is in, and where in it.
pub(super) const LIST: &str = "list";
pub(super) const AT: &str = "at";
/// The other list that a view is in, and where in it.
pub(super) const RANK: &str = "rank";
pub(super) const SCORE: &str = "score";

/// The catalogue, invoices, carts on their way, and what has most users or games.
pub const LISTED: Index = Index { name: "listed", hash: LIST, range: AT };
/// What has most achievements, and who has spent most.
pub const RANKED: Index = Index { name: "ranked", hash: RANK, range: SCORE };

/// The table's definition.
///
/// # Errors
/// Fails only if the schema is invalid.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    let attributes = [LIST, AT, RANK, SCORE].map(|name| (name, ScalarAttributeType::S));
    schema::table(name, &attributes, &[LISTED, RANKED])
}
