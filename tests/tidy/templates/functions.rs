//! Functions, what calls them, and what they are told.

use std::collections::{BTreeMap, BTreeSet};

use marquee_contexts::CONTEXTS;
use serde_json::{Value, json};

use super::{Resource, list, names, of_kind, resources, templates, texts};
use crate::{
    functions::{functions, trigger},
    workspace::{read, rust_files, settings_documentation},
};

/// Deployed functions by the package that they are built from, with their names in the templates.
/// One that every table has is deployed more than once.
pub(crate) fn by_package() -> BTreeMap<String, Vec<(String, Resource)>> {
    let mut packages: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (id, function) in of_kind("AWS::Serverless::Function") {
        let code = function.properties["CodeUri"].as_str().expect("a path");
        let package = code.strip_prefix("../target/lambda/").and_then(|p| p.strip_suffix('/'));
        let package = package.expect("a built function").to_owned();
        packages.entry(package).or_default().push((id, function));
    }
    packages
}

/// The schedules that call a function.
pub(super) fn schedules(function: &Resource) -> Vec<Value> {
    let events = function.properties["Events"].as_object().into_iter().flatten();
    let schedules = events.filter(|(_, event)| event["Type"] == "ScheduleV2");
    schedules.map(|(_, event)| event["Properties"].clone()).collect()
}

pub(super) fn variables(function: &Resource) -> impl Iterator<Item = (&String, &Value)> {
    function.properties["Environment"]["Variables"].as_object().into_iter().flatten()
}

#[test]
fn every_function_is_deployed() {
    let deployed: BTreeSet<_> = by_package().into_keys().collect();
    let packages: BTreeSet<_> = functions().into_keys().collect();
    assert_eq!(deployed, packages, "infra/*.yaml against functions/*/*");
}

#[test]
fn every_variable_that_a_template_sets_is_documented() {
    let documentation = settings_documentation();
    for (id, function) in by_package().into_values().flatten() {
        for (variable, _) in variables(&function) {
            assert!(documentation.contains(&format!("`{variable}`")), "{id}: {variable}");
        }
    }
}

#[test]
fn the_functions_of_a_stack_share_a_log_group_that_is_named_after_it() {
    let resources = resources();
    for (id, function) in by_package().into_values().flatten() {
        let group = function.properties["LoggingConfig"]["LogGroup"].as_str();
        let group = &resources[group.unwrap_or_else(|| panic!("{id} logs nowhere"))];
        let name = format!("/marquee/${{Environment}}/{}", function.context());
        assert_eq!(group.properties["LogGroupName"], name, "{id}");
        assert_eq!(group.properties["RetentionInDays"], "LogRetentionDays", "{id}");
    }
}

/// The variables that a function of such a manifest cannot do without.
pub(super) fn needed(package: &str, metadata: &Value) -> BTreeSet<String> {
    let tables = ["reads", "writes"].into_iter().flat_map(|access| list(&metadata[access]));
    let tables = tables.map(|table| format!("{}_TABLE", table.to_uppercase().replace('-', "_")));
    let mut needed: BTreeSet<_> = tables.collect();
    let mut need = |names: &[&str]| needed.extend(names.iter().map(ToString::to_string));
    let (consumes, relays) = (trigger(package) == "queue", trigger(package) == "stream");
    let dead_letters = consumes || relays; // what cannot be published
    let publishes = relays || !list(&metadata["publishes"]).is_empty();
    if dead_letters || publishes {
        need(&["BROKER", "AMQP_ENDPOINT", "BROKER_SECRET_ARN"]);
    }
    if publishes {
        need(&["TOPIC_ARN_PREFIX"]);
    }
    if dead_letters {
        need(&["QUEUE_URL_PREFIX"]);
    }
    if consumes {
        need(&["RETRY_DELAY_SECONDS", "RETRY_ATTEMPTS_MAX"]);
    }
    needed
}

#[test]
fn functions_are_told_where_their_table_and_the_broker_are() {
    let deployed = by_package();
    for (package, (_, metadata)) in functions() {
        let needed = needed(&package, &metadata);
        for (id, function) in &deployed[&package] {
            let set: BTreeSet<_> = variables(function).map(|(name, _)| name.clone()).collect();
            let missing: Vec<_> = needed.difference(&set).collect();
            assert!(missing.is_empty(), "{id} lacks {missing:?}");
            // The code appends the name of a topic or a queue.
            for (name, value) in variables(function).filter(|(name, _)| name.ends_with("_PREFIX")) {
                let prefixed = texts(value).iter().any(|text| text.ends_with("${NamePrefix}"));
                assert!(prefixed, "{id}: {name} does not end with NamePrefix: {value}");
            }
        }
    }
}

#[test]
fn schedules_are_those_of_each_manifest() {
    let deployed = by_package();
    for (package, (_, metadata)) in functions() {
        if trigger(&package) != "schedule" {
            continue;
        }
        for (id, function) in &deployed[&package] {
            let schedules = schedules(function);
            let [schedule] = &schedules[..] else {
                panic!("{id} has {} schedules", schedules.len())
            };
            let rate = format!("rate({})", metadata["rate"].as_str().expect("a rate"));
            assert_eq!(schedule["ScheduleExpression"], rate, "{id}");
            // The next tick is the retry.
            let retries = &function.properties["EventInvokeConfig"]["MaximumRetryAttempts"];
            assert_eq!(retries, 0, "{id}");
        }
    }
}

/// Whether a context leaves events in its items.
fn has_events(context: &str) -> bool {
    let of_store = format!("shared/{context}/src/store/");
    rust_files()
        .iter()
        .any(|(file, text)| file.starts_with(&of_store) && text.contains("OutboxEvent"))
}

#[test]
fn each_table_with_events_has_a_relay_that_reads_its_stream() {
    let deployed = by_package();
    for package in functions().into_keys().filter(|package| trigger(package) == "stream") {
        let declared: BTreeSet<_> =
            deployed[&package].iter().map(|(_, function)| function.template.clone()).collect();
        let contexts = CONTEXTS.iter().filter(|context| has_events(context.name));
        let expected = contexts.map(|context| format!("infra/{}.yaml", context.name));
        assert_eq!(declared, expected.collect(), "{package}: where it is deployed");
        for (id, function) in &deployed[&package] {
            reads_its_templates_stream(id, &function.template);
        }
    }
}

fn reads_its_templates_stream(id: &str, template: &str) {
    let mapping = of_kind("AWS::Lambda::EventSourceMapping")
        .find(|(_, mapping)| names(&mapping.properties["FunctionName"], id));
    let (_, mapping) = mapping.unwrap_or_else(|| panic!("nothing calls {id}"));
    let mapping = mapping.properties;
    let table = of_kind("AWS::DynamoDB::Table").find(|(_, table)| table.template == template);
    let (table, _) = table.unwrap_or_else(|| panic!("{template} has no table"));
    assert!(names(&mapping["EventSourceArn"], &table), "{id} reads another table's stream");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]), "{id}");
    assert_eq!(mapping["BisectBatchOnFunctionError"], true, "{id}");
    // Any number of tries, for as long as the stream keeps a record.
    assert_eq!(mapping["MaximumRetryAttempts"], -1, "{id}");
    assert_eq!(mapping["MaximumRecordAgeInSeconds"], 86_400, "{id}");
}

/// A deployment's own values of the parameters, as `Parameter=Value`.
pub(super) fn overrides(environment: &str) -> Vec<String> {
    let text = read("samconfig.toml");
    let section = format!("[{environment}.deploy.parameters]");
    let lines = text.lines().skip_while(|line| *line != section).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let value = |line: &str| Some(line.trim().strip_prefix('"')?.strip_suffix("\",")?.to_owned());
    lines.filter_map(value).collect()
}

#[test]
fn the_account_keeps_room_for_what_sells_and_for_nothing_else() {
    for (package, deployed) in by_package() {
        for (id, function) in deployed {
            let reserved = texts(&function.properties["ReservedConcurrentExecutions"]);
            let expected: &[&str] = match package.as_str() {
                "reservations-api" => {
                    &["KeepsReservations", "ReservationsConcurrency", "AWS::NoValue"]
                }
                _ => &[],
            };
            assert_eq!(reserved, expected, "{id}");
        }
    }
    let booking = &templates()["infra/booking.yaml"];
    let parameter = &booking["Parameters"]["ReservationsConcurrency"];
    assert_eq!(parameter["Default"], 0, "{parameter}");
    assert_eq!(parameter["MinValue"], 0, "{parameter}");
    // A function with none reserved never runs: 0 has to mean that nothing is said of it.
    assert_eq!(booking["Conditions"]["KeepsReservations"], json!([["ReservationsConcurrency", 0]]));
    for (environment, expected) in
        [("emulator", None), ("aws-sqs", Some("250")), ("aws-rabbitmq", Some("250"))]
    {
        let overrides = overrides(environment);
        assert!(overrides.iter().any(|value| value.starts_with("Broker=")), "{environment}");
        let set = overrides.iter().find_map(|value| value.strip_prefix("ReservationsConcurrency="));
        assert_eq!(set, expected, "{environment} in samconfig.toml");
    }
}
