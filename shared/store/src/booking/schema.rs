//! The table as a request: for the host and the tests. The deployed stack's template declares the
//! same, to which `tests/tidy` holds it.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::create_table::{CreateTableError, CreateTableInput},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    },
};

use super::keys;
use crate::error::StoreError;

/// Creates the table unless it is there.
pub async fn create_table(client: &Client, name: &str) -> Result<(), StoreError> {
    let input = table(name).map_err(|error| StoreError::Broken(error.to_string()))?;
    let sent = client
        .create_table()
        .set_table_name(input.table_name)
        .set_attribute_definitions(input.attribute_definitions)
        .set_key_schema(input.key_schema)
        .set_global_secondary_indexes(input.global_secondary_indexes)
        .set_billing_mode(input.billing_mode)
        .set_stream_specification(input.stream_specification)
        .send()
        .await;
    match sent {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(()),
            _ => Err(StoreError::from_sdk(error)),
        },
    }
}

/// The table's definition.
///
/// # Errors
/// None but a defect in it.
pub fn table(name: &str) -> Result<CreateTableInput, BuildError> {
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
    };
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let overdue = GlobalSecondaryIndex::builder()
        .index_name(keys::OVERDUE_INDEX)
        .key_schema(key(keys::DUE, KeyType::Hash)?)
        .key_schema(key(keys::EXPIRES, KeyType::Range)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()?;
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewAndOldImages)
        .build()?;
    CreateTableInput::builder()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(keys::PARTITION, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(keys::SORT, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(keys::DUE, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(keys::EXPIRES, ScalarAttributeType::N)?)
        .key_schema(key(keys::PARTITION, KeyType::Hash)?)
        .key_schema(key(keys::SORT, KeyType::Range)?)
        .global_secondary_indexes(overdue)
        .stream_specification(stream)
        .build()
}
