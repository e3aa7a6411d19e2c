//! One folder is one function, and everything that says so agrees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::workspace::{packages, read, root};

/// What calls a function, as its name says.
pub(crate) fn trigger(name: &str) -> &'static str {
    match name {
        api if api.ends_with("-api") || api.ends_with("-webhook") => "http",
        consumer if consumer.starts_with("on-") => "queue",
        relay if relay.starts_with("relay-") => "stream",
        socket if socket.ends_with("-socket") => "websocket",
        declare if declare.starts_with("declare-") => "deployment",
        _ => "schedule",
    }
}

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

/// The functions that take payments: their manifests ask for it.
pub(crate) fn takes_payments() -> BTreeSet<String> {
    let asks = |package: &Value| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let lambda = dependencies.filter(|used| used["name"] == "marquee-lambda");
        let mut features = lambda.flat_map(|used| used["features"].as_array()).flatten();
        features.any(|feature| feature == "payments")
    };
    let functions = packages().into_iter().filter(|p| !p["metadata"]["function"].is_null());
    let paying = functions.filter(asks);
    paying.filter_map(|package| package["name"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_function_lies_in_the_folder_of_its_name_and_says_which_tables_it_works_with() {
    for (name, (folder, metadata)) in functions() {
        assert!(folder.ends_with(&format!("/{name}")), "{name} lies in {folder}");
        for access in ["reads", "writes"] {
            assert!(metadata[access].is_array(), "{name} does not say what it {access}");
        }
        let rate = metadata["rate"].is_string();
        assert_eq!(rate, trigger(&name) == "schedule", "{name}: a schedule has a rate");
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
fn the_host_knows_every_api() {
    let known: BTreeSet<_> =
        marquee_host::contexts::apis().iter().map(|api| api.name.to_owned()).collect();
    let apis = functions().into_keys().filter(|name| trigger(name) == "http");
    assert_eq!(known, apis.collect(), "localstack/host/src/contexts against functions");
}

#[test]
fn who_sends_replies_knows_every_queue_that_may_not_get_them() {
    for (name, (folder, _)) in functions() {
        let main = read(&format!("{folder}/src/main.rs"));
        if main.contains(".replies()") {
            assert!(main.contains("from_env(marquee_contexts::topology())"), "{name}");
        }
    }
}

#[test]
fn every_queue_has_a_consumer_and_every_consumer_a_queue() {
    let consumers: BTreeSet<_> =
        marquee_contexts::topology().queues().map(|queue| queue.consumer.to_owned()).collect();
    let functions = functions().into_keys().filter(|name| trigger(name) == "queue");
    assert_eq!(consumers, functions.collect(), "the topology against functions/*/on-*");
}

#[test]
fn the_documentation_names_every_function() {
    let readme = read("README.md");
    for (name, (folder, _)) in functions() {
        let row = readme.lines().find(|line| line.starts_with(&format!("| [`{name}`]({folder})")));
        let row = row.unwrap_or_else(|| panic!("README.md's table has no row for {name}"));
        let trigger = trigger(&name);
        assert!(row.contains(trigger), "README.md: {name} is triggered by {trigger}");
        let context = folder.split('/').nth(1).expect("functions/<context>/<name>");
        let page = match context {
            "platform" => "docs/ARCHITECTURE.md".to_owned(),
            context => format!("docs/contexts/{context}.md"),
        };
        assert!(read(&page).contains(&format!("`{name}`")), "{page}: {name}");
    }
}
