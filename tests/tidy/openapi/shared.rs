//! What all operations of the description share, said once: parameters, problems, names.

use marquee_ordering_domain::order::OrderStatus;
use marquee_shop_domain::invoice::InvoiceStatus;
use serde_json::{Value, json};

/// What the parameters of a name may be, wherever they appear. Limits are the extractors' own.
fn parameter_schema(path: &str, name: &str, place: &str) -> Option<Value> {
    Some(match (name, place) {
        ("limit", "query") => {
            json!({ "type": "integer", "format": "int32", "minimum": 1, "maximum": 1_000, "default": 50 })
        }
        ("cursor", "query") => {
            json!({ "type": "string", "minLength": 2, "maxLength": 1_366, "pattern": "^[A-Za-z0-9_-]+$" })
        }
        ("Idempotency-Key", "header") => json!({
            "type": "string", "minLength": 1, "maxLength": 255,
            "pattern": r"^[\t -~]*[!-~][\t -~]*$",
        }),
        ("If-None-Match" | "X-Queue-Pass", "header") => json!({ "type": "string" }),
        ("status", "query") => {
            let known = match path {
                "/invoices" => InvoiceStatus::NAMES,
                "/shoppingCart" => &["INVOICE", "APPROVED"],
                _ => OrderStatus::NAMES,
            };
            json!({ "type": "string", "enum": known })
        }
        ("minPrice" | "maxPrice", "query") => {
            json!({ "type": "number", "minimum": 0, "maximum": 1_000_000_000, "multipleOf": 0.01 })
        }
        ("updatedFrom" | "updatedTo", "query") => {
            json!({ "type": "string", "format": "date-time" })
        }
        ("id", "path") if path.starts_with("/invoices/") => {
            let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
            json!({ "type": "string", "pattern": format!("^{uuid}-[1-9][0-9]{{0,8}}$") })
        }
        ("order_id", "path") => name_schema(128, r"\s"),
        ("item" | "member_id", "path") | ("student_id", "query") => name_schema(100, ""),
        _ => return None,
    })
}

/// Names: trimmed, neither empty nor dots alone, without control characters or what has a meaning
/// in a path; see `marquee_kernel::names`.
fn name_schema(len_max: u32, nor: &str) -> Value {
    text_schema(len_max, &format!(r"#?%/\\{nor}"), ".")
}

/// A text without control characters and those of `nor`, which is not of spaces and `blank` alone.
fn text_schema(len_max: u32, nor: &str, blank: &str) -> Value {
    let not = format!(r"\u0000-\u001F\u007F-\u009F\uFFFE\uFFFF{nor}");
    let pattern = format!(r"^[^{not}]*[^{not}\s{blank}][^{not}]*$");
    json!({ "type": "string", "minLength": 1, "maxLength": len_max, "pattern": pattern })
}

/// Runs over every operation of the finished document.
pub(crate) fn complete(api: &mut Value) {
    field_schemas(&mut api["components"]["schemas"]);
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    api["components"]["responses"]["Problem"] = json!({
        "description": "What went wrong",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    for (path, operations) in api["paths"].as_object_mut().expect("paths") {
        for (_, operation) in operations.as_object_mut().expect("operations") {
            let responses = operation["responses"].as_object_mut().expect("responses");
            for (status, response) in responses.iter_mut() {
                if status.starts_with(['4', '5']) && response.get("content").is_none() {
                    response["content"] = json!({ "application/problem+json": {
                        "schema": { "$ref": "#/components/schemas/Problem" } } });
                }
            }
            responses.insert("default".to_owned(), problem.clone());
            if is_paged(&operation["parameters"]) && is_array(&operation["responses"]) {
                operation["responses"]["200"]["headers"]["Link"] = json!({
                    "description": "the next page, if there may be one: `<…>; rel=\"next\"`",
                    "schema": { "type": "string" },
                });
            }
            let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let (name, place) = (&parameter["name"], &parameter["in"]);
                let known = parameter_schema(
                    path,
                    name.as_str().expect("a name"),
                    place.as_str().expect("a place"),
                );
                if let Some(schema) = known {
                    parameter["schema"] = schema;
                }
            }
        }
    }
    null_beside_format(api);
}

fn is_paged(parameters: &Value) -> bool {
    parameters.as_array().into_iter().flatten().any(|parameter| parameter["name"] == "cursor")
}

/// Then there is no field for the next page's cursor; see `marquee_lambda::page`.
fn is_array(responses: &Value) -> bool {
    responses["200"]["content"]["application/json"]["schema"]["type"] == "array"
}

/// `{"type": ["string", "null"], "format": …}` as an alternative: readers that have one type at a
/// time lose the format of such a pair.
fn null_beside_format(node: &mut Value) {
    let types = node.get("type").and_then(Value::as_array);
    let pair = types.is_some_and(|types| *types == [json!("string"), json!("null")]);
    if pair && node.get("format").is_some() {
        let mut text = node.take();
        text["type"] = json!("string");
        let description = text.as_object_mut().and_then(|text| text.remove("description"));
        *node = json!({ "oneOf": [text, { "type": "null" }] });
        if let Some(description) = description {
            node["description"] = description;
        }
    }
    match node {
        Value::Object(fields) => fields.values_mut().for_each(null_beside_format),
        Value::Array(items) => items.iter_mut().for_each(null_beside_format),
        _ => {}
    }
}

/// What the fields of a request may be where no attribute can say it.
fn field_schemas(schemas: &mut Value) {
    // See `marquee_shop_domain::game`.
    for new in ["NewGame", "NewAchievement"] {
        merge(&mut schemas[new]["properties"]["title"], text_schema(100, "", ""));
    }
    let order = &mut schemas["NewOrder"]["properties"];
    merge(&mut order["item"], name_schema(100, ""));
    merge(&mut order["order_id"], name_schema(128, r"\s"));
    order["order_id"]["type"] = json!(["string", "null"]);
    merge(&mut order["student_id"], name_schema(100, ""));
    merge(
        &mut order["student_id"],
        json!({
            "type": ["string", "integer"],
            "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64,
        }),
    );
    schemas["NewRow"]["oneOf"] = json!([
        { "required": ["seat_count"], "properties":
            { "seat_count": { "type": "integer" }, "seats": { "type": "null" } } },
        { "required": ["seats"], "properties":
            { "seats": { "type": "array" }, "seat_count": { "type": "null" } } },
    ]);
}

fn merge(schema: &mut Value, more: Value) {
    for (name, value) in more.as_object().expect("fields") {
        schema[name] = value.clone();
    }
}
