//! Functions, what calls them, and what they may do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Resource, list, names, of_kind, resources, templates, texts};
use crate::{functions::functions, workspace::read};

/// Actions for which AWS knows no resource to name.
const WITHOUT_RESOURCE: &[&str] = &[
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "dynamodb:ListStreams",
];

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

fn variables(function: &Resource) -> impl Iterator<Item = (&String, &Value)> {
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
    let documentation = read("docs/configuration.md");
    for (id, function) in by_package().into_values().flatten() {
        for (variable, _) in variables(&function) {
            assert!(documentation.contains(&format!("`{variable}`")), "{id}: {variable}");
        }
    }
}

/// The variables that a function of such a manifest cannot do without.
fn needed(metadata: &Value) -> BTreeSet<String> {
    let tables = ["reads", "writes"].into_iter().flat_map(|access| list(&metadata[access]));
    let tables = tables.map(|table| format!("{}_TABLE", table.to_uppercase()));
    let mut needed: BTreeSet<_> = tables.collect();
    let mut need = |names: &[&str]| needed.extend(names.iter().map(ToString::to_string));
    let consumes = metadata["trigger"] == "queue";
    let parks = consumes || metadata["trigger"] == "stream"; // what cannot be published
    let publishes = !list(&metadata["publishes"]).is_empty();
    if parks || publishes {
        need(&["BROKER", "AMQP_ENDPOINT", "BROKER_SECRET_ARN"]);
    }
    if publishes {
        need(&["TOPIC_ARN_PREFIX"]);
    }
    if parks {
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
        let needed = needed(&metadata);
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
fn routes_are_those_of_each_manifest() {
    let deployed = by_package();
    let integrations: BTreeMap<_, _> = of_kind("AWS::ApiGatewayV2::Integration").collect();
    let routes: Vec<_> = of_kind("AWS::ApiGatewayV2::Route").map(|(_, route)| route).collect();
    for (package, (_, metadata)) in functions() {
        if metadata["trigger"] != "http" {
            continue;
        }
        let leads_here = |route: &&Resource| {
            integrations.iter().any(|(name, integration)| {
                let called = &integration.properties["IntegrationUri"];
                names(&route.properties["Target"], name)
                    && deployed[&package].iter().any(|(id, _)| names(called, id))
            })
        };
        let keys = routes.iter().filter(leads_here);
        let keys: BTreeSet<_> =
            keys.map(|route| route.properties["RouteKey"].as_str().expect("a key")).collect();
        let manifest = metadata["routes"].as_array().expect("routes").iter();
        let manifest: BTreeSet<_> = manifest.filter_map(Value::as_str).collect();
        // A route of one method repeats another, to let others pass: people without a token, or
        // nobody but staff.
        let (all, of_one_method): (BTreeSet<_>, BTreeSet<_>) =
            keys.into_iter().partition(|key| key.starts_with("ANY ") || *key == "$default");
        for key in of_one_method {
            let (_, path) = key.split_once(' ').expect("a method and a path");
            assert!(manifest.contains(format!("ANY {path}").as_str()), "{package}: {key}");
        }
        assert_eq!(all, manifest, "{package}: the template against its Cargo.toml");
    }
}

#[test]
fn schedules_are_those_of_each_manifest() {
    let deployed = by_package();
    for (package, (_, metadata)) in functions() {
        if metadata["trigger"] != "schedule" {
            continue;
        }
        for (id, _) in &deployed[&package] {
            let schedule = of_kind("AWS::Scheduler::Schedule")
                .find(|(_, schedule)| names(&schedule.properties["Target"]["Arn"], id));
            let (_, schedule) = schedule.unwrap_or_else(|| panic!("nothing calls {id}"));
            let rate = format!("rate({})", metadata["rate"].as_str().expect("a rate"));
            assert_eq!(schedule.properties["ScheduleExpression"], rate, "{id}");
            assert!(!schedule.properties["Target"]["DeadLetterConfig"].is_null(), "{id}");
        }
    }
}

#[test]
fn each_stream_of_a_manifest_has_a_deployment_that_reads_it() {
    let deployed = by_package();
    for (package, (_, metadata)) in functions() {
        if metadata["trigger"] != "stream" {
            continue;
        }
        let mut templates: Vec<_> =
            deployed[&package].iter().map(|(_, function)| function.template.clone()).collect();
        let mut streams = list(&metadata["streams"]);
        templates.sort_unstable();
        streams.sort_unstable();
        let expected: Vec<_> =
            streams.iter().map(|context| format!("infra/{context}.yaml")).collect();
        assert_eq!(templates, expected, "{package}: where it is deployed");
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
    assert!(!mapping["DestinationConfig"]["OnFailure"].is_null(), "{id}");
}

/// A deployment's own values of the parameters, as `Parameter=Value`.
fn overrides(environment: &str) -> Vec<String> {
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

/// Every statement of a policy anywhere in a value.
fn statements(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) if fields.contains_key("Effect") => vec![value.clone()],
        Value::Object(fields) => fields.values().flat_map(statements).collect(),
        Value::Array(values) => values.iter().flat_map(statements).collect(),
        _ => Vec::new(),
    }
}

/// What the role of the one function of a package is told about the resource of this ARN.
fn statements_on(package: &str, arn: &str) -> Vec<Value> {
    let deployed = by_package();
    let [(_, function)] = &deployed[package][..] else {
        panic!("{package} is to be deployed once")
    };
    let role = function.properties["Role"].as_str().and_then(|role| role.strip_suffix(".Arn"));
    let role = &resources()[role.expect("a role of the template")];
    let mut statements = statements(&role.properties);
    statements.retain(|statement| texts(&statement["Resource"]) == [arn]);
    statements
}

#[test]
fn a_reconciler_reads_its_table_and_writes_only_where_the_next_run_goes_on() {
    let cursors = read("shared/store/src/table/cursor.rs");
    assert!(cursors.contains("const PARTITION: &str = \"cursors\";"), "what the roles name");
    let partition = json!({ "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["cursors"] } });
    let outbox = ["BatchGetItem", "GetItem", "PutItem", "Query"];
    let orders = ["BatchGetItem", "GetItem", "PutItem"];
    for (package, table, allowed) in [
        ("reconcile-outbox", "Table.Arn", &outbox[..]),
        ("reconcile-orders", "OrderingTable.Arn", &orders[..]),
    ] {
        let expected: BTreeSet<_> = allowed.iter().map(|name| format!("dynamodb:{name}")).collect();
        let statements = statements_on(package, table);
        let actions = statements.iter().flat_map(|statement| list(&statement["Action"]));
        assert_eq!(actions.collect::<BTreeSet<_>>(), expected, "{package}");
        for statement in &statements {
            let writes = list(&statement["Action"]).contains(&"dynamodb:PutItem".to_owned());
            let condition = if writes { &partition } else { &Value::Null };
            assert_eq!(&statement["Condition"], condition, "{package}: {statement}");
        }
        for (id, function) in &by_package()[package] {
            assert_eq!(function.properties["Timeout"], 120, "{id}");
        }
    }
    let index = statements_on("reconcile-orders", "${OrderingTable.Arn}/index/recent");
    let actions = index.iter().flat_map(|statement| list(&statement["Action"]));
    assert_eq!(actions.collect::<Vec<_>>(), ["dynamodb:Query"]);
}

#[test]
fn no_role_may_do_everything_or_anything_to_everything() {
    for (name, resource) in resources() {
        // A key's own policy speaks of the key.
        if resource.kind == "AWS::KMS::Key" {
            continue;
        }
        for statement in statements(&resource.properties) {
            let actions = list(&statement["Action"]);
            let place = format!("{} {name}: {statement}", resource.template);
            assert!(actions.iter().all(|action| !action.contains('*')), "{place}");
            if texts(&statement["Resource"]).iter().any(|resource| resource == "*") {
                let known = |action: &String| WITHOUT_RESOURCE.contains(&action.as_str());
                assert!(actions.iter().all(known), "{place}");
            }
        }
    }
}
