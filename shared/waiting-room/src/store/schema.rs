//! The waiting room's table.

use aws_sdk_dynamodb::{
    error::BuildError, operation::create_table::CreateTableInput, types::ScalarAttributeType,
};
use marquee_dynamo::table::schema::{self, Index};

/// The list that an item is in, and where in it.
pub(super) const LIST: &str = "list";
pub(super) const AT: &str = "at";

/// Rooms whose sales are not over, and the visitors inside each room by the end of their place.
pub const LISTED: Index = Index { name: "listed", hash: LIST, range: AT };

/// The table's definition.
///
/// # Errors
/// Fails only if the schema is invalid.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    let attributes = [LIST, AT].map(|name| (name, ScalarAttributeType::S));
    schema::table(name, &attributes, &[LISTED])
}
