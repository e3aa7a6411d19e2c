//! A table as a request: for the host and the tests. The deployed stacks' templates declare the
//! same, to which `tests/tidy` holds them.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::create_table::{CreateTableError, CreateTableInput},
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    },
};

use crate::{
    error::StoreError,
    item::{PARTITION, SORT},
};

/// A keys-only index by two attributes.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    pub name: &'static str,
    pub hash: &'static str,
    pub range: &'static str,
}

/// Creates the table unless it is there.
pub async fn create_table(client: &Client, table: CreateTableInput) -> Result<(), StoreError> {
    let sent = client
        .create_table()
        .set_table_name(table.table_name)
        .set_attribute_definitions(table.attribute_definitions)
        .set_key_schema(table.key_schema)
        .set_global_secondary_indexes(table.global_secondary_indexes)
        .set_billing_mode(table.billing_mode)
        .set_stream_specification(table.stream_specification)
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

/// A table with partition and sort key, a stream of both images, these indexes, and the attributes
/// that they go by.
pub fn table(
    name: &str,
    attributes: &[(&str, ScalarAttributeType)],
    indexes: &[Index],
) -> Result<CreateTableInput, BuildError> {
    let attribute = |name: &str, kind: &ScalarAttributeType| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind.clone()).build()
    };
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewAndOldImages)
        .build()?;
    let mut table = CreateTableInput::builder()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(PARTITION, KeyType::Hash)?)
        .key_schema(key(SORT, KeyType::Range)?)
        .stream_specification(stream);
    let own = [(PARTITION, ScalarAttributeType::S), (SORT, ScalarAttributeType::S)];
    for (name, kind) in own.iter().chain(attributes) {
        table = table.attribute_definitions(attribute(name, kind)?);
    }
    for index in indexes {
        let index = GlobalSecondaryIndex::builder()
            .index_name(index.name)
            .key_schema(key(index.hash, KeyType::Hash)?)
            .key_schema(key(index.range, KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()?;
        table = table.global_secondary_indexes(index);
    }
    table.build()
}
