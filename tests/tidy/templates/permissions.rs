//! What functions may do. SAM makes their roles, of their `Policies` and of some of AWS's own.

use serde_json::{Value, json};

use super::{
    Resource,
    functions::{by_package, needed},
    list, resources, templates, texts,
};
use crate::{
    functions::{functions, trigger},
    workspace::read,
};

/// The most that any function may do.
const BOUNDARY: &str = "FunctionBoundary";

/// What those who talk to a RabbitMQ are given.
const BROKER_ACCESS: &str = "BrokerAccess";

/// What those who take payments are given.
pub(super) const STRIPE_ACCESS: &str = "StripeAccess";

/// Policies of ours that several functions are given.
const OF_OURS: &[&str] = &[BROKER_ACCESS, STRIPE_ACCESS];

/// SAM's policies that are about one resource, which is named, and that do to it what one may do.
const OF_SAM: &[&str] = &["SQSPollerPolicy", "SQSSendMessagePolicy", "SNSPublishMessagePolicy"];

/// Actions for which AWS knows no resource to name.
const WITHOUT_RESOURCE: &[&str] = &[
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

/// Every statement of a policy anywhere in a value.
fn statements(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) if fields.contains_key("Effect") => vec![value.clone()],
        Value::Object(fields) => fields.values().flat_map(statements).collect(),
        Value::Array(values) => values.iter().flat_map(statements).collect(),
        _ => Vec::new(),
    }
}

/// Whether a function is given what those have who talk to a RabbitMQ.
fn has_broker_access(function: &Resource) -> bool {
    texts(&function.properties["Policies"]).iter().any(|text| text.contains(BROKER_ACCESS))
}

#[test]
fn sam_makes_the_role_of_every_function_within_the_boundary() {
    for (id, function) in by_package().into_values().flatten() {
        assert!(function.properties["Role"].is_null(), "{id} has a role of its own making");
        let boundary = texts(&function.properties["PermissionsBoundary"]);
        assert!(boundary.iter().any(|text| text.contains(BOUNDARY)), "{id}: {boundary:?}");
    }
    // SAM lets a role write to every log group, and make network interfaces if its function may be
    // in a VPC. The boundary leaves the environment's own groups, and no interfaces with SQS.
    let group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:\
        /marquee/${Environment}/*";
    let expected = json!([
        {
            "Effect": "Allow",
            "NotAction": ["UsesRabbitMq", ["logs:*"], ["logs:*", "ec2:*"]],
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": group,
        },
    ]);
    let boundary = &resources()[BOUNDARY];
    assert_eq!(boundary.properties["PolicyDocument"]["Statement"], expected);
}

#[test]
fn a_function_is_given_statements_of_its_own_and_no_policies_that_say_more_than_one_thing() {
    for (id, function) in by_package().into_values().flatten() {
        for policy in function.properties["Policies"].as_array().into_iter().flatten() {
            // `!If [condition, policy, !Ref AWS::NoValue]`
            let policy = policy.get(1).unwrap_or(policy);
            let kinds: Vec<_> = policy.as_object().into_iter().flat_map(|p| p.keys()).collect();
            let known = match kinds[..] {
                [kind] if kind == "Statement" => true,
                [kind] if OF_SAM.contains(&kind.as_str()) => true,
                _ => {
                    texts(policy).iter().all(|text| OF_OURS.iter().any(|ours| text.contains(ours)))
                }
            };
            assert!(known, "{id}: {policy}");
        }
    }
}

#[test]
fn who_talks_to_the_broker_may_and_is_in_its_network_and_nobody_else_is() {
    let (deployed, templates) = (by_package(), templates());
    for (package, (_, metadata)) in functions() {
        let talks =
            needed(&package, &metadata).contains("BROKER") || trigger(&package) == "deployment";
        for (id, function) in &deployed[&package] {
            // SAM gives a policy to whoever has a `VpcConfig`: nobody shall have to leave one out.
            let globals = &templates[&function.template]["Globals"]["Function"];
            assert!(globals["VpcConfig"].is_null(), "{}", function.template);
            let network = texts(&function.properties["VpcConfig"]);
            assert_eq!(network.iter().any(|text| text == "InVpc"), talks, "{id}: {network:?}");
            assert_eq!(has_broker_access(function), talks, "{id}");
        }
    }
}

#[test]
fn a_reconciler_writes_only_where_its_next_run_goes_on() {
    let cursors = read("shared/dynamo/src/table/cursor.rs");
    assert!(cursors.contains("const PARTITION: &str = \"cursors\";"), "what the policies name");
    let partition = json!({ "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["cursors"] } });
    let deployed = by_package();
    for package in functions().into_keys().filter(|name| name.starts_with("reconcile-")) {
        for (id, function) in &deployed[&package] {
            assert_eq!(function.properties["Timeout"], 120, "{id}");
            let mut writes = 0;
            for statement in statements(&function.properties["Policies"]) {
                let actions = list(&statement["Action"]);
                let of_table = actions.iter().filter_map(|action| action.strip_prefix("dynamodb:"));
                let reads = ["GetItem", "BatchGetItem", "Query"];
                let of_table: Vec<_> = of_table.filter(|action| !reads.contains(action)).collect();
                if !of_table.is_empty() {
                    assert_eq!(of_table, ["PutItem"], "{id}: {statement}");
                    assert_eq!(statement["Condition"], partition, "{id}: {statement}");
                    writes += 1;
                }
            }
            assert_eq!(writes, 1, "{id} remembers where it stopped");
        }
    }
}

#[test]
fn no_role_may_do_everything_or_anything_to_everything() {
    for (name, resource) in resources() {
        // A key's own policy speaks of the key, and a queue's of the queue.
        let of_itself = matches!(resource.kind.as_str(), "AWS::KMS::Key" | "AWS::SQS::QueuePolicy");
        if of_itself || name == BOUNDARY {
            continue; // and the boundary gives nothing
        }
        for statement in statements(&resource.properties) {
            let actions = list(&statement["Action"]);
            let place = format!("{} {name}: {statement}", resource.template);
            assert!(!actions.is_empty(), "{place}");
            assert!(actions.iter().all(|action| !action.contains('*')), "{place}");
            let resources = texts(&statement["Resource"]);
            assert!(!resources.is_empty(), "{place}");
            if resources.iter().any(|resource| resource == "*") {
                let known = |action: &String| WITHOUT_RESOURCE.contains(&action.as_str());
                assert!(actions.iter().all(known), "{place}");
            }
        }
    }
}
