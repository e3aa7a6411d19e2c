//! Topics, queues, subscriptions and dead letters.

use std::collections::{BTreeMap, BTreeSet};

use marquee_messaging::topology;
use serde_json::{Value, json};

use super::{Resource, list, names, of_kind, texts};

/// Queues that no exchange leads to: for what AWS could not deliver.
pub(super) const FAILURES: &[&str] = &[
    "booking_delivery_failures",
    "booking_stream_failures",
    "booking_schedule_failures",
    "ordering_delivery_failures",
    "ordering_stream_failures",
    "ordering_schedule_failures",
    "members_delivery_failures",
];

fn plain(name: &Value) -> String {
    let name = name.as_str().expect("a name");
    name.strip_prefix("${NamePrefix}")
        .unwrap_or_else(|| panic!("{name} lacks the prefix"))
        .to_owned()
}

/// SQS queues by the name that the topology gives them.
fn queues() -> BTreeMap<String, (String, Resource)> {
    of_kind("AWS::SQS::Queue")
        .map(|(id, queue)| (plain(&queue.properties["QueueName"]), (id, queue)))
        .collect()
}

#[test]
fn there_is_a_topic_for_each_exchange_and_no_other() {
    let topics: BTreeSet<_> = of_kind("AWS::SNS::Topic")
        .filter(|(id, _)| id != "AlarmTopic")
        .map(|(_, topic)| plain(&topic.properties["TopicName"]))
        .collect();
    let exchanges: BTreeSet<_> = topology::exchanges().iter().map(ToString::to_string).collect();
    assert_eq!(topics, exchanges, "infra/platform.yaml against shared/messaging/src/topology.rs");
}

#[test]
fn there_are_the_queues_of_the_topology_and_no_others() {
    let mut expected: BTreeSet<_> = topology::dead_letter_queues().into_iter().collect();
    expected.extend(topology::QUEUES.iter().map(|queue| queue.name.to_owned()));
    expected.extend(topology::REPLY_QUEUES.iter().map(ToString::to_string));
    expected.extend(FAILURES.iter().map(ToString::to_string));
    let declared: BTreeSet<_> = queues().into_keys().collect();
    assert_eq!(declared, expected, "infra/*.yaml against shared/messaging/src/topology.rs");
}

#[test]
fn a_queue_redrives_to_its_own_dead_letters_after_the_consumer_has_had_all_its_attempts() {
    let queues = queues();
    for queue in topology::QUEUES {
        let (_, declared) = &queues[queue.name];
        let redrive = &declared.properties["RedrivePolicy"];
        let (dead_letters, _) = &queues[&topology::dead_letter_queue(queue.name)];
        assert!(names(&redrive["deadLetterTargetArn"], dead_letters), "{}", queue.name);
        let receives = redrive["maxReceiveCount"].as_u64().expect("a number");
        assert!(receives > u64::from(queue.retry.attempts_max), "{}: {receives}", queue.name);
    }
}

#[test]
fn a_queue_subscribes_to_its_exchange_with_its_routing_keys_and_gets_bodies_as_they_are() {
    let queues = queues();
    let topics: BTreeMap<_, _> = of_kind("AWS::SNS::Topic")
        .filter(|(id, _)| id != "AlarmTopic")
        .map(|(id, topic)| (plain(&topic.properties["TopicName"]), id))
        .collect();
    let mut subscriptions: Vec<_> = of_kind("AWS::SNS::Subscription").map(|(_, s)| s).collect();
    subscriptions.retain(|subscription| subscription.properties["Protocol"] == "sqs");
    assert_eq!(subscriptions.len(), topology::QUEUES.len());
    for queue in topology::QUEUES {
        let (id, _) = &queues[queue.name];
        let subscription = subscriptions.iter().find(|s| names(&s.properties["Endpoint"], id));
        let subscription = &subscription.unwrap_or_else(|| panic!("{} hears nothing", queue.name));
        let properties = &subscription.properties;
        assert_eq!(properties["RawMessageDelivery"], true, "{}", queue.name);
        assert_eq!(
            properties["FilterPolicy"],
            json!({ "routing_key": queue.routing_keys }),
            "{}: the template against the topology",
            queue.name
        );
        let topic = &topics[queue.exchange];
        let imported = format!("${{Environment}}-marquee-{topic}Arn");
        assert_eq!(list(&properties["TopicArn"]), [imported], "{}", queue.name);
    }
}

#[test]
fn what_sns_cannot_deliver_waits_in_a_queue_of_the_context() {
    let queues = queues();
    let policies: Vec<_> = of_kind("AWS::SQS::QueuePolicy").collect();
    let policy_of = |queue: &str| {
        let found = policies.iter().find(|(_, policy)| names(&policy.properties["Queues"], queue));
        found.unwrap_or_else(|| panic!("nobody may send to {queue}"))
    };
    for (id, subscription) in of_kind("AWS::SNS::Subscription") {
        if subscription.properties["Protocol"] != "sqs" {
            continue;
        }
        let context = subscription.template.strip_prefix("infra/");
        let context = context.and_then(|file| file.strip_suffix(".yaml")).expect("a template");
        let (failures, declared) = &queues[&format!("{context}_delivery_failures")];
        let redrive = &subscription.properties["RedrivePolicy"]["deadLetterTargetArn"];
        assert!(names(redrive, failures), "{id} gives up to {redrive}");
        assert_eq!(declared.properties["MessageRetentionPeriod"], 1_209_600, "{failures}");
        assert_eq!(declared.properties["SqsManagedSseEnabled"], true, "{failures}");
        let (_, policy) = policy_of(failures);
        let expected = json!([{
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": format!("{failures}.Arn"),
            "Condition": { "ArnEquals": { "aws:SourceArn": subscription.properties["TopicArn"] } },
        }]);
        assert_eq!(policy.properties["PolicyDocument"]["Statement"], expected, "{failures}");

        // What a subscription delivers before its queue's policy is there, the queue refuses.
        let endpoint = subscription.properties["Endpoint"].as_str().expect("an ARN");
        let endpoint = endpoint.strip_suffix(".Arn").expect("the ARN of a queue");
        for queue in [endpoint, failures.as_str()] {
            let (policy, _) = policy_of(queue);
            assert!(subscription.depends_on.contains(policy), "{id} does not wait for {policy}");
        }
    }
}

#[test]
fn both_brokers_lead_to_the_queues_consumer() {
    let queues = queues();
    let mappings: Vec<_> = of_kind("AWS::Lambda::EventSourceMapping").map(|(_, m)| m).collect();
    let functions = super::functions::by_package();
    for queue in topology::QUEUES {
        let (id, _) = &queues[queue.name];
        let [(consumer, _)] = &functions[queue.consumer][..] else {
            panic!("{} is to be deployed once", queue.consumer)
        };
        let of_consumer = |m: &&Resource| names(&m.properties["FunctionName"], consumer);
        let sqs = mappings.iter().filter(of_consumer);
        let sqs = sqs.clone().find(|m| names(&m.properties["EventSourceArn"], id));
        let sqs = &sqs.unwrap_or_else(|| panic!("no SQS mapping for {}", queue.name)).properties;
        assert_eq!(sqs["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
        let rabbitmq = mappings.iter().filter(of_consumer);
        let rabbitmq = rabbitmq.clone().find(|m| m.properties["Queues"] == json!([queue.name]));
        assert!(rabbitmq.is_some(), "no Amazon MQ mapping for {}", queue.name);
    }
}

#[test]
fn a_reply_queue_forgets_what_nobody_fetches_within_the_hour() {
    let queues = queues();
    for name in topology::REPLY_QUEUES {
        let (_, declared) = &queues[*name];
        assert_eq!(declared.properties["MessageRetentionPeriod"], 3600, "{name}");
        assert!(declared.properties["RedrivePolicy"].is_null(), "{name} has dead letters");
    }
}

#[test]
fn replies_may_go_to_queues_that_are_named_for_them_and_to_no_others() {
    let resources = of_kind("AWS::IAM::Role").flat_map(|(_, role)| texts(&role.properties));
    let many: Vec<_> = resources.filter(|text| text.contains(":sqs:")).collect();
    let here = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${NamePrefix}";
    let replies = topology::REPLY_QUEUES.iter().map(|name| format!("{here}{name}*"));
    assert_eq!(many, replies.collect::<Vec<_>>(), "all other roles name the queue itself");
}
