//! Ordering's table.

use aws_sdk_dynamodb::{
    error::BuildError, operation::create_table::CreateTableInput, types::ScalarAttributeType,
};
use marquee_dynamo::table::schema::{self, Index};

use super::keys;

/// The table's definition.
///
/// # Errors
/// None but a defect in it.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    let attributes =
        [keys::LIST, keys::AT, keys::STUDENT].map(|name| (name, ScalarAttributeType::S));
    let recent = Index { name: keys::RECENT_INDEX, hash: keys::LIST, range: keys::AT };
    let by_student = Index { name: keys::BY_STUDENT_INDEX, hash: keys::STUDENT, range: keys::AT };
    schema::table(name, &attributes, &[recent, by_student])
}
