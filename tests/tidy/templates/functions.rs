//! Functions, what calls them, and what they may do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Resource, list, names, of_kind, resources, texts};
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

/// Deployed functions by the package that they are built from, with their name in the template.
pub(crate) fn by_package() -> BTreeMap<String, (String, Resource)> {
    of_kind("AWS::Serverless::Function")
        .map(|(id, function)| {
            let code = function.properties["CodeUri"].as_str().expect("a path");
            let package = code.strip_prefix("../target/lambda/").and_then(|p| p.strip_suffix('/'));
            (package.expect("a built function").to_owned(), (id, function))
        })
        .collect()
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
    for (package, (_, function)) in by_package() {
        let variables = &function.properties["Environment"]["Variables"];
        for variable in variables.as_object().into_iter().flat_map(|variables| variables.keys()) {
            assert!(documentation.contains(&format!("| `{variable}` |")), "{package}: {variable}");
        }
    }
}

#[test]
fn routes_are_those_of_each_manifest() {
    let integrations: BTreeMap<_, _> = of_kind("AWS::ApiGatewayV2::Integration").collect();
    let routes: Vec<_> = of_kind("AWS::ApiGatewayV2::Route").map(|(_, route)| route).collect();
    for (package, (_, metadata)) in functions() {
        if metadata["trigger"] != "http" {
            continue;
        }
        let (id, _) = &by_package()[&package];
        let leads_here = |route: &&Resource| {
            integrations.iter().any(|(name, integration)| {
                names(&route.properties["Target"], name)
                    && names(&integration.properties["IntegrationUri"], id)
            })
        };
        let keys = routes.iter().filter(leads_here);
        let keys: BTreeSet<_> =
            keys.map(|route| route.properties["RouteKey"].as_str().expect("a key")).collect();
        let manifest = metadata["routes"].as_array().expect("routes").iter();
        let manifest: BTreeSet<_> = manifest.filter_map(Value::as_str).collect();
        // Routes of one method repeat others, to let people read without a token.
        let of_one_method = |key: &&str| key.starts_with("GET ");
        for key in keys.iter().copied().filter(of_one_method) {
            assert!(manifest.contains(key.replace("GET ", "ANY ").as_str()), "{package}: {key}");
        }
        let all: BTreeSet<_> = keys.into_iter().filter(|key| !of_one_method(key)).collect();
        assert_eq!(all, manifest, "{package}: the template against its Cargo.toml");
    }
}

#[test]
fn schedules_and_streams_are_those_of_each_manifest() {
    let deployed = by_package();
    for (package, (_, metadata)) in functions() {
        let (id, _) = &deployed[&package];
        match metadata["trigger"].as_str() {
            Some("schedule") => {
                let schedule = of_kind("AWS::Scheduler::Schedule")
                    .find(|(_, schedule)| names(&schedule.properties["Target"]["Arn"], id));
                let (_, schedule) = schedule.unwrap_or_else(|| panic!("nothing calls {package}"));
                let rate = format!("rate({})", metadata["rate"].as_str().expect("a rate"));
                assert_eq!(schedule.properties["ScheduleExpression"], rate, "{package}");
                assert!(!schedule.properties["Target"]["DeadLetterConfig"].is_null());
            }
            Some("stream") => {
                let mapping = of_kind("AWS::Lambda::EventSourceMapping")
                    .find(|(_, mapping)| names(&mapping.properties["FunctionName"], id));
                let (_, mapping) = mapping.unwrap_or_else(|| panic!("nothing calls {package}"));
                let mapping = mapping.properties;
                assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
                assert_eq!(mapping["BisectBatchOnFunctionError"], true);
                assert!(mapping["MaximumRetryAttempts"].as_i64().is_some_and(|n| n > 0));
                assert!(!mapping["DestinationConfig"]["OnFailure"].is_null());
            }
            _ => {}
        }
    }
}

#[test]
fn no_role_may_do_everything_or_anything_to_everything() {
    fn statements(value: &Value, found: &mut Vec<Value>) {
        match value {
            Value::Object(fields) if fields.contains_key("Effect") => found.push(value.clone()),
            Value::Object(fields) => fields.values().for_each(|value| statements(value, found)),
            Value::Array(values) => values.iter().for_each(|value| statements(value, found)),
            _ => {}
        }
    }
    for (name, resource) in resources() {
        // A key's own policy speaks of the key.
        if resource.kind == "AWS::KMS::Key" {
            continue;
        }
        let mut found = Vec::new();
        statements(&resource.properties, &mut found);
        for statement in found {
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
