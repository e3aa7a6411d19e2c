//! The API's description is what the handlers say. `UPDATE=1 cargo test -p tidy` writes it anew.

mod links;
mod shared;

use marquee_lambda::route::{Access, Api};
use serde_json::{Value, json};

use crate::workspace::root;

const FILE: &str = "functions/platform/docs-api/openapi.json";

/// The APIs' own descriptions as one, with the answer that every operation may give.
fn merged() -> Value {
    let apis = marquee_host::contexts::apis();
    let mut merged = (apis[0].openapi)();
    for api in &apis[1..] {
        merged.merge((api.openapi)());
    }
    let mut api = serde_json::to_value(merged).expect("json");
    api["info"] = json!({
        "title": "Marquee",
        "description": "Seats, held and sold; food, ordered. Errors are `application/problem+json`; \
            `GET /problems` explains each type.",
        "version": env!("CARGO_PKG_VERSION"),
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    let tags = apis.iter().flat_map(|api| api.tags);
    let tags = tags.map(|(name, about)| json!({ "name": name, "description": about }));
    api["tags"] = tags.collect();
    api["components"]["schemas"]["Problem"] = json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri-reference" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "field": { "type": "string", "description": "Which field of the request it is about." },
        },
        "additionalProperties": true,
    });
    api["components"]["securitySchemes"] = json!({
        "token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "A user's token, with the scope that is named, where the deployment \
                takes tokens.",
        },
        "signature": {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "A request signed by IAM (AWS Signature Version 4), on AWS.",
        },
    });
    for (path, operations) in api["paths"].as_object_mut().expect("paths") {
        for (method, operation) in operations.as_object_mut().expect("operations") {
            operation["operationId"] = json!(operation_id(method, path));
            operation["security"] = security(&apis, method, path);
        }
    }
    shared::complete(&mut api);
    links::add(&mut api);
    api
}

/// What the route asks for. `{}` is none of these: a host, or a deployment that takes no tokens,
/// takes whoever calls.
fn security(apis: &[Api], method: &str, path: &str) -> Value {
    let routes = apis.iter().flat_map(|api| api.routes);
    let best = routes.max_by_key(|route| route.fits(path)).expect("a route");
    let access = best.access(&method.to_uppercase());
    let scopes: Vec<_> = access.scope().into_iter().collect();
    match access {
        Access::Everybody => json!([]),
        Access::User | Access::Organizer | Access::Staff | Access::Door => {
            json!([{ "token": scopes }, {}])
        }
        Access::Service => json!([{ "signature": [] }, { "token": scopes }, {}]),
    }
}

/// `get_sessions_session_id_seat_map`: what code generators call the operation.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1/").trim_start_matches("/api/");
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    [method].into_iter().chain(words).collect::<Vec<_>>().join("_")
}

#[test]
fn the_served_description_is_the_one_the_handlers_give() {
    let generated = serde_json::to_string_pretty(&merged()).expect("json") + "\n";
    let file = root().join(FILE);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &generated).expect("written");
    }
    let kept = std::fs::read_to_string(&file).expect("the description");
    assert!(kept == generated, "{FILE} is out of date: run UPDATE=1 cargo test -p tidy");
    assert!(docs_api::OPENAPI == kept || std::env::var_os("UPDATE").is_some());
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_what_it_is_for() {
    let api = merged();
    let mut names = std::collections::BTreeSet::new();
    for (path, operations) in api["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name.clone()), "two operations are named {name}");
        }
    }
}
