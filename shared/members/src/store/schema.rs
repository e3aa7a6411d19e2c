//! Members' table.

use aws_sdk_dynamodb::{error::BuildError, operation::create_table::CreateTableInput};
use marquee_dynamo::table::schema;

/// The table's definition.
///
/// # Errors
/// None but a defect in it.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    schema::table(name, &[], &[])
}
