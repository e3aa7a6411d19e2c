//! One folder is one function, and everything that says so agrees.

use std::collections::BTreeMap;

use marquee_host::functions::{DOCS_API, MEMBERS_API, ORDERS_API, RESERVATIONS_API, SESSIONS_API};
use marquee_messaging::topology;
use serde_json::Value;

use crate::workspace::{packages, read, root};

/// The functions by name: where each lies, and what its manifest says of it.
pub(crate) fn functions() -> BTreeMap<String, (String, Value)> {
    let function = |package: Value| {
        let name = package["name"].as_str()?.to_owned();
        let manifest = package["manifest_path"].as_str()?;
        let root = root();
        let folder = manifest.strip_prefix(root.to_str()?)?.strip_suffix("/Cargo.toml")?;
        let metadata = package["metadata"]["function"].clone();
        let folder = folder.trim_start_matches('/').to_owned();
        folder.starts_with("functions/").then_some((name, (folder, metadata)))
    };
    packages().into_iter().filter_map(function).collect()
}

#[test]
fn a_functions_name_is_its_folder_and_says_its_trigger() {
    for (name, (folder, metadata)) in functions() {
        assert!(folder.ends_with(&format!("/{name}")), "{name} lies in {folder}");
        let trigger = metadata["trigger"]
            .as_str()
            .unwrap_or_else(|| panic!("{name} has no trigger in [package.metadata.function]"));
        let expected = match name.as_str() {
            api if api.ends_with("-api") => "http",
            consumer if consumer.starts_with("on-") => "queue",
            relay if relay.starts_with("relay-") => "stream",
            declare if declare.starts_with("declare-") => "deployment",
            _ => "schedule",
        };
        assert_eq!(trigger, expected, "{name}");
        for access in ["reads", "writes"] {
            assert!(metadata[access].is_array(), "{name} does not say what it {access}");
        }
    }
}

#[test]
fn a_functions_main_only_wires() {
    for (name, (folder, _)) in functions() {
        let main = read(&format!("{folder}/src/main.rs"));
        let lines = main.lines().count();
        assert!(lines <= 40, "{name}'s main.rs has {lines} lines");
    }
}

#[test]
fn the_host_routes_as_each_manifest_says() {
    let functions = functions();
    for (name, routes) in [
        ("sessions-api", SESSIONS_API),
        ("reservations-api", RESERVATIONS_API),
        ("members-api", MEMBERS_API),
        ("orders-api", ORDERS_API),
        ("docs-api", DOCS_API),
    ] {
        let (_, metadata) = &functions[name];
        let declared = metadata["routes"].as_array().expect("routes");
        let declared: Vec<_> = declared.iter().filter_map(Value::as_str).collect();
        assert_eq!(declared, routes, "{name}: Cargo.toml and localstack/host/src/functions.rs");
    }
    let http = functions.values().filter(|(_, metadata)| metadata["trigger"] == "http").count();
    assert_eq!(http, 5, "a new API needs its routes in the host, and a line above");
}

#[test]
fn every_queue_has_the_consumer_that_says_so() {
    let functions = functions();
    for queue in topology::QUEUES {
        let (_, metadata) = functions.get(queue.consumer).unwrap_or_else(|| {
            panic!("{} is consumed by {}, which is not there", queue.name, queue.consumer)
        });
        let queues = metadata["queues"].as_array().expect("queues");
        assert!(queues.contains(&queue.name.into()), "{} and {}", queue.consumer, queue.name);
    }
    for (name, (_, metadata)) in &functions {
        if metadata["trigger"] == "queue" {
            for queue in metadata["queues"].as_array().expect("queues") {
                let queue = queue.as_str().unwrap_or_default();
                let known = topology::queue(queue).is_some_and(|queue| queue.consumer == name);
                assert!(known, "{name} consumes {queue:?}, of which the topology knows nothing");
            }
        }
    }
}

#[test]
fn the_readme_and_the_architecture_name_every_function() {
    let (readme, architecture) = (read("README.md"), read("docs/ARCHITECTURE.md"));
    for (name, (folder, metadata)) in functions() {
        let trigger = metadata["trigger"].as_str().unwrap_or_default();
        let row = readme.lines().find(|line| line.starts_with(&format!("| [`{name}`]({folder})")));
        let row = row.unwrap_or_else(|| panic!("README.md's table has no row for {name}"));
        assert!(row.contains(trigger), "README.md: {name} is triggered by {trigger}");
        assert!(architecture.contains(&format!("`{name}`")), "ARCHITECTURE.md: {name}");
    }
}
