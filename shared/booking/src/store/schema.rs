//! Booking's table.

use aws_sdk_dynamodb::{
    error::BuildError, operation::create_table::CreateTableInput, types::ScalarAttributeType,
};
use marquee_dynamo::table::schema::{self, Index};
use marquee_payments::store::DUE;

use super::keys;

/// The table's definition.
///
/// # Errors
/// None but a defect in it.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    let by_parent = Index { name: keys::PARENT_INDEX, hash: keys::PARENT, range: keys::SORT };
    let attributes = [
        (keys::DUE, ScalarAttributeType::S),
        (keys::EXPIRES, ScalarAttributeType::N),
        (keys::PARENT, ScalarAttributeType::S),
    ];
    schema::table(name, &attributes, &[DUE, by_parent])
}
