//! The templates agree with the code: tables, queues, routes, functions and what these may do.

mod alarms;
mod dashboard;
mod functions;
mod loops;
mod payments;
mod permissions;
mod queues;
mod rabbitmq;
mod routes;
mod table;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use yaml_rust2::{Yaml, YamlLoader};

use crate::workspace::{read, root};

/// A resource of a template, as JSON. CloudFormation's short forms lose their tag: `!Ref X` is
/// `"X"`, `!If [A, b, c]` is `["A", "b", "c"]`.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) template: String,
    pub(crate) kind: String,
    /// Without it, the resource is always there.
    pub(crate) condition: Option<String>,
    /// What has to be there before it, beside what its properties name.
    pub(crate) depends_on: Vec<String>,
    pub(crate) properties: Value,
}

impl Resource {
    /// The context that its template is of: the template's name.
    pub(crate) fn context(&self) -> &str {
        let file = self.template.strip_prefix("infra/");
        file.and_then(|file| file.strip_suffix(".yaml")).expect("a template")
    }
}

/// Every template by its path, as JSON.
pub(crate) fn templates() -> BTreeMap<String, Value> {
    let mut templates = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("infra")).expect("a folder") {
        let file = entry.expect("an entry").file_name().into_string().expect("a name");
        if !file.ends_with(".yaml") || file.starts_with('.') {
            continue;
        }
        let template = format!("infra/{file}");
        let documents = YamlLoader::load_from_str(&read(&template)).expect("YAML");
        templates.insert(template, json(&documents[0]));
    }
    templates
}

/// Every resource of every template by its name, those of loops as they come out.
pub(crate) fn resources() -> BTreeMap<String, Resource> {
    let mut resources = BTreeMap::new();
    for (template, parsed) in templates() {
        for (name, resource) in loops::written_out(&parsed) {
            let kind = resource["Type"].as_str().expect("a type").to_owned();
            let globals = match kind.as_str() {
                "AWS::Serverless::Function" => &parsed["Globals"]["Function"],
                _ => &Value::Null,
            };
            let properties = merged(globals, resource["Properties"].clone());
            let condition = resource["Condition"].as_str().map(str::to_owned);
            let depends_on = list(&resource["DependsOn"]);
            let template = template.clone();
            let resource = Resource { template, kind, condition, depends_on, properties };
            assert!(resources.insert(name.clone(), resource).is_none(), "two resources {name}");
        }
    }
    resources
}

/// A resource's own properties, and before them what `Globals` gives it, as SAM merges the two.
fn merged(globals: &Value, own: Value) -> Value {
    match (globals, own) {
        (Value::Object(globals), Value::Object(mut own)) => {
            for (name, global) in globals {
                let value = own.remove(name).unwrap_or(Value::Null);
                own.insert(name.clone(), merged(global, value));
            }
            Value::Object(own)
        }
        (global, Value::Null) => global.clone(),
        (_, own) => own,
    }
}

pub(crate) fn of_kind(kind: &str) -> impl Iterator<Item = (String, Resource)> {
    let kind = kind.to_owned();
    resources().into_iter().filter(move |(_, resource)| resource.kind == kind)
}

/// Every text anywhere in a value.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// Whether a value names a resource, by `!Ref Name`, `!GetAtt Name.Arn` or within a `!Sub`.
pub(crate) fn names(value: &Value, resource: &str) -> bool {
    texts(value).iter().any(|text| {
        text == resource
            || text.starts_with(&format!("{resource}."))
            || text.contains(&format!("${{{resource}}}"))
            || text.contains(&format!("${{{resource}."))
    })
}

/// One text or a list of them.
pub(crate) fn list(value: &Value) -> Vec<String> {
    texts(value)
}

fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::String(text) | Yaml::Real(text) => Value::String(text.clone()),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Boolean(flag) => Value::Bool(*flag),
        Yaml::Array(values) => values.iter().map(json).collect(),
        Yaml::Hash(fields) => {
            let field = |(name, value): (&Yaml, _)| {
                (name.as_str().unwrap_or_default().to_owned(), json(value))
            };
            Value::Object(fields.iter().map(field).collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}
