//! The table.

use marquee_store::booking::schema;
use serde_json::{Value, json};

use super::of_kind;

#[test]
fn the_template_declares_the_table_that_the_code_expects() {
    let tables: Vec<_> = of_kind("AWS::DynamoDB::Table").collect();
    let [(_, table)] = &tables[..] else { panic!("one table for one context: {tables:?}") };
    let declared = &table.properties;
    let expected = schema::table("any").expect("a table");

    let attributes: Vec<_> = expected
        .attribute_definitions()
        .iter()
        .map(|attribute| {
            json!({
                "AttributeName": attribute.attribute_name(),
                "AttributeType": attribute.attribute_type().as_str(),
            })
        })
        .collect();
    assert_eq!(declared["AttributeDefinitions"], json!(attributes));
    assert_eq!(declared["KeySchema"], keys(expected.key_schema()));

    let indexes: Vec<_> = expected
        .global_secondary_indexes()
        .iter()
        .map(|index| {
            let projection = index.projection().and_then(|p| p.projection_type());
            json!({
                "IndexName": index.index_name(),
                "KeySchema": keys(index.key_schema()),
                "Projection": { "ProjectionType": projection.map(|p| p.as_str()) },
            })
        })
        .collect();
    assert_eq!(declared["GlobalSecondaryIndexes"], json!(indexes));

    let view = expected.stream_specification().and_then(|stream| stream.stream_view_type());
    let view = json!({ "StreamViewType": view.map(|view| view.as_str()) });
    assert_eq!(declared["StreamSpecification"], view);
    let billing = expected.billing_mode().map(|mode| mode.as_str());
    assert_eq!(declared["BillingMode"], json!(billing));
}

fn keys(schema: &[aws_sdk_dynamodb::types::KeySchemaElement]) -> Value {
    schema
        .iter()
        .map(|key| {
            json!({ "AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str() })
        })
        .collect()
}
