//! Ordering's table.

use aws_sdk_dynamodb::{
    error::BuildError, operation::create_table::CreateTableInput, types::ScalarAttributeType,
};
use marquee_dynamo::table::schema::{self, Index};

use super::keys;

/// Everything of one kind, by time.
pub const RECENT: Index = Index { name: "recent", hash: keys::LIST, range: keys::AT };
/// A student's orders, by time.
pub const BY_STUDENT: Index = Index { name: "by_student", hash: keys::STUDENT, range: keys::AT };

/// The table's definition.
///
/// # Errors
/// None but a defect in it.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    let attributes =
        [keys::LIST, keys::AT, keys::STUDENT].map(|name| (name, ScalarAttributeType::S));
    schema::table(name, &attributes, &[RECENT, BY_STUDENT])
}
