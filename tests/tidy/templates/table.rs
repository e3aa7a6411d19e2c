//! The contexts' tables.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    error::BuildError, operation::create_table::CreateTableInput, types::KeySchemaElement,
};
use marquee_store::{booking, members, ordering};
use serde_json::{Value, json};

use super::{of_kind, texts};

type Schema = fn(&str) -> Result<CreateTableInput, BuildError>;

/// The template that declares a table, and the code that expects it.
const TABLES: &[(&str, Schema)] = &[
    ("infra/booking.yaml", booking::schema::table),
    ("infra/ordering.yaml", ordering::schema::table),
    ("infra/members.yaml", members::schema::table),
];

#[test]
fn each_template_declares_the_table_that_the_code_expects() {
    let declared: Vec<_> = of_kind("AWS::DynamoDB::Table").map(|(_, table)| table).collect();
    assert_eq!(declared.len(), TABLES.len(), "one table for one context: {declared:?}");
    for (template, schema) in TABLES {
        let table = declared.iter().find(|table| table.template == *template);
        let table = table.unwrap_or_else(|| panic!("{template} declares no table"));
        agrees(template, &table.properties, &schema("any").expect("a table"));
    }
}

/// Who asks which index.
const INDEXES: &[(&str, &str)] = &[
    ("ExpireReservationsRole", "${Table.Arn}/index/overdue"),
    ("SessionsApiRole", "${Table.Arn}/index/by_parent"),
    ("OrdersApiRole", "${OrderingTable.Arn}/index/recent"),
    ("OrdersApiRole", "${OrderingTable.Arn}/index/by_student"),
    ("ReconcileOrdersRole", "${OrderingTable.Arn}/index/recent"),
];

#[test]
fn an_index_is_open_to_those_who_ask_it_and_to_no_others() {
    let mut open = BTreeSet::new();
    for (role, resource) in of_kind("AWS::IAM::Role") {
        let named = texts(&resource.properties).into_iter();
        open.extend(named.filter(|text| text.contains("/index/")).map(|text| (role.clone(), text)));
    }
    let named = |(role, index): &(&str, &str)| ((*role).to_owned(), (*index).to_owned());
    assert_eq!(open, INDEXES.iter().map(named).collect::<BTreeSet<_>>());
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
