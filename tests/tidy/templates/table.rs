//! The contexts' tables.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{operation::create_table::CreateTableInput, types::KeySchemaElement};
use marquee_contexts::CONTEXTS;
use serde_json::{Value, json};

use super::{functions::by_package, list, of_kind, texts};
use crate::functions::functions;

#[test]
fn each_template_declares_the_table_that_the_code_expects() {
    let declared: Vec<_> = of_kind("AWS::DynamoDB::Table").map(|(_, table)| table).collect();
    assert_eq!(declared.len(), CONTEXTS.len(), "one table for one context: {declared:?}");
    for context in CONTEXTS {
        let template = format!("infra/{}.yaml", context.name);
        let table = declared.iter().find(|table| table.template == template);
        let table = table.unwrap_or_else(|| panic!("{template} declares no table"));
        agrees(&template, &table.properties, &(context.table)("any").expect("a table"));
    }
}

#[test]
fn an_index_is_open_to_those_whose_manifests_say_that_they_query_it_and_to_no_others() {
    for (package, (_, metadata)) in functions() {
        for (id, function) in &by_package()[&package] {
            let named = texts(&function.properties["Policies"]).into_iter();
            let open = named.filter_map(|text| Some(text.split_once("/index/")?.1.to_owned()));
            let expected: BTreeSet<_> = list(&metadata["indexes"]).into_iter().collect();
            assert_eq!(open.collect::<BTreeSet<_>>(), expected, "{id}");
        }
    }
}

fn agrees(template: &str, declared: &Value, expected: &CreateTableInput) {
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
    assert_eq!(declared["AttributeDefinitions"], json!(attributes), "{template}");
    assert_eq!(declared["KeySchema"], keys(expected.key_schema()), "{template}");

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
    // A template says nothing of indexes that a table has not.
    let indexes = if indexes.is_empty() { Value::Null } else { json!(indexes) };
    assert_eq!(declared["GlobalSecondaryIndexes"], indexes, "{template}");

    let view = expected.stream_specification().and_then(|stream| stream.stream_view_type());
    let view = json!({ "StreamViewType": view.map(|view| view.as_str()) });
    assert_eq!(declared["StreamSpecification"], view, "{template}");
    let billing = expected.billing_mode().map(|mode| mode.as_str());
    assert_eq!(declared["BillingMode"], json!(billing), "{template}");
}

fn keys(schema: &[KeySchemaElement]) -> Value {
    schema
        .iter()
        .map(|key| {
            json!({ "AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str() })
        })
        .collect()
}
