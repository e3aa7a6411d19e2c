//! What the loops of a template come to, as `AWS::LanguageExtensions` writes them out.

use serde_json::Value;

/// A template's resources by name, those of each `Fn::ForEach` among them.
pub(super) fn written_out(template: &Value) -> Vec<(String, Value)> {
    let resources = template["Resources"].as_object().expect("resources");
    let each = |(name, resource): (&String, &Value)| {
        if name.starts_with("Fn::ForEach::") {
            rounds(name, resource, &template["Mappings"])
        } else {
            vec![(name.clone(), resource.clone())]
        }
    };
    resources.iter().flat_map(each).collect()
}

/// A loop is a list: the name of its variable, the items, and the resources to make for each item.
fn rounds(name: &str, parts: &Value, mappings: &Value) -> Vec<(String, Value)> {
    let (Some(variable), Some(items), Some(resources)) =
        (parts[0].as_str(), parts[1].as_array(), parts[2].as_object())
    else {
        panic!("{name} is no loop")
    };
    let mut made = Vec::new();
    for item in items {
        let item = item.as_str().expect("a text");
        let letters: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
        for (key, resource) in resources {
            let key = key.replace(&format!("&{{{variable}}}"), &letters);
            let key = key.replace(&format!("${{{variable}}}"), item);
            made.push((key, with_item(resource, variable, item, mappings)));
        }
    }
    made
}

/// A value with the item for the variable: of `!Ref Variable`, nothing but the name is left.
fn with_item(value: &Value, variable: &str, item: &str, mappings: &Value) -> Value {
    let inside = |value: &Value| with_item(value, variable, item, mappings);
    match value {
        Value::String(text) if text == variable => Value::from(item),
        Value::String(text) => Value::from(text.replace(&format!("${{{variable}}}"), item)),
        Value::Array(values) => found(values.iter().map(inside).collect(), mappings),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), inside(value))).collect()
        }
        other => other.clone(),
    }
}

/// What `!FindInMap [mapping, row, column]` finds, and the text that `!Sub [text, values]` makes.
/// Any other list stays as it is.
fn found(values: Vec<Value>, mappings: &Value) -> Value {
    let found = match &values[..] {
        [Value::String(mapping), Value::String(row), Value::String(column)] => {
            Some(mappings[mapping][row][column].clone()).filter(|cell| !cell.is_null())
        }
        [Value::String(text), Value::Object(values)] => {
            let put = |text: String, (name, value): (&String, &Value)| {
                text.replace(&format!("${{{name}}}"), value.as_str().expect("a text"))
            };
            Some(Value::from(values.iter().fold(text.clone(), put)))
        }
        _ => None,
    };
    found.unwrap_or(Value::Array(values))
}
