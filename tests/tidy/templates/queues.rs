//! Topics, queues, subscriptions and dead letters.

use std::collections::{BTreeMap, BTreeSet};

use marquee_contexts::topology;
use marquee_messaging::topology::dead_letter_queue;
use serde_json::{Value, json};

use super::{
    Resource,
    functions::{by_package, schedules},
    names, of_kind, templates, texts,
};

/// Queues that no exchange leads to: for what AWS could not deliver in a context, by SNS, from the
/// stream of its table, or by a schedule.
pub(super) fn failures() -> BTreeSet<String> {
    let subscriptions = subscriptions().into_iter();
    let subscriptions = subscriptions.map(|(_, found)| failures_of(&found, "delivery"));
    let streams = streams().into_iter().map(|(_, stream)| failures_of(&stream, "stream"));
    let functions = of_kind("AWS::Serverless::Function").map(|(_, function)| function);
    let scheduled = functions.filter(|function| !schedules(function).is_empty());
    let scheduled = scheduled.map(|function| failures_of(&function, "schedule"));
    subscriptions.chain(streams).chain(scheduled).collect()
}

/// The one of them that belongs to a resource's context.
fn failures_of(resource: &Resource, what: &str) -> String {
    format!("{}_{what}_failures", resource.context().replace('-', "_"))
}

/// Queues' subscriptions to topics.
fn subscriptions() -> Vec<(String, Resource)> {
    let mut subscriptions: Vec<_> = of_kind("AWS::SNS::Subscription").collect();
    subscriptions.retain(|(_, subscription)| subscription.properties["Protocol"] == "sqs");
    subscriptions
}

/// Mappings that read the stream of a table.
fn streams() -> Vec<(String, Resource)> {
    let mut streams: Vec<_> = of_kind("AWS::Lambda::EventSourceMapping").collect();
    streams.retain(|(_, mapping)| !mapping.properties["StartingPosition"].is_null());
    streams
}

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

/// Topics by the name that the topology gives them.
fn topics() -> BTreeMap<String, (String, Resource)> {
    of_kind("AWS::SNS::Topic")
        .filter(|(id, _)| id != "AlarmTopic")
        .map(|(id, topic)| (plain(&topic.properties["TopicName"]), (id, topic)))
        .collect()
}

#[test]
fn there_is_a_topic_for_each_exchange_and_no_other() {
    let declared: BTreeSet<_> = topics().into_keys().collect();
    let exchanges: BTreeSet<_> = topology().exchanges().iter().map(ToString::to_string).collect();
    assert_eq!(declared, exchanges, "infra/*.yaml against shared/*/src/topology.rs");
    for (name, (_, topic)) in topics() {
        assert_eq!(topic.properties["KmsMasterKeyId"], "alias/aws/sns", "{name} is not encrypted");
    }
}

#[test]
fn there_are_the_queues_of_the_topology_and_no_others() {
    let mut expected: BTreeSet<_> = topology().dead_letter_queues().collect();
    expected.extend(topology().queues().map(|queue| queue.name.to_owned()));
    expected.extend(topology().reply_queues().map(ToString::to_string));
    expected.extend(failures());
    let declared: BTreeSet<_> = queues().into_keys().collect();
    assert_eq!(declared, expected, "infra/*.yaml against shared/*/src/topology.rs");
}

#[test]
fn a_queue_redrives_to_its_own_dead_letters_after_the_consumer_has_had_all_its_attempts() {
    let queues = queues();
    for queue in topology().queues() {
        let (_, declared) = &queues[queue.name];
        let redrive = &declared.properties["RedrivePolicy"];
        let (dead_letters, _) = &queues[&dead_letter_queue(queue.name)];
        assert!(names(&redrive["deadLetterTargetArn"], dead_letters), "{}", queue.name);
        let receives = redrive["maxReceiveCount"].as_u64().expect("a number");
        assert!(receives > u64::from(queue.retry.attempts_max), "{}: {receives}", queue.name);
    }
}

#[test]
fn a_queue_subscribes_to_its_exchange_with_its_routing_keys_and_gets_bodies_as_they_are() {
    let (queues, topics, subscriptions) = (queues(), topics(), subscriptions());
    assert_eq!(subscriptions.len(), topology().queues().count());
    for queue in topology().queues() {
        let (id, _) = &queues[queue.name];
        let subscription = subscriptions.iter().find(|(_, s)| names(&s.properties["Endpoint"], id));
        let (_, subscription) =
            subscription.unwrap_or_else(|| panic!("{} hears nothing", queue.name));
        let properties = &subscription.properties;
        assert_eq!(properties["RawMessageDelivery"], true, "{}", queue.name);
        assert_eq!(
            properties["FilterPolicy"],
            json!({ "routing_key": queue.routing_keys }),
            "{}: the template against the topology",
            queue.name
        );
        let (topic, declared) = &topics[queue.exchange];
        let topic = match declared.template == subscription.template {
            true => json!(topic),
            false => imported(topic, &declared.template),
        };
        assert_eq!(properties["TopicArn"], topic, "{}", queue.name);
    }
}

/// What another template exports of its topic.
fn imported(topic: &str, template: &str) -> Value {
    let export = format!("{topic}Arn");
    let name = format!("${{Environment}}-marquee-{export}");
    let output = &templates()[template]["Outputs"][&export];
    assert_eq!(output["Value"], topic, "{template}: {export}");
    assert_eq!(output["Export"]["Name"], name, "{template}");
    json!({ "Fn::ImportValue": name })
}

#[test]
fn what_sns_cannot_deliver_waits_in_a_queue_of_the_context() {
    let (queues, subscriptions) = (queues(), subscriptions());
    let policies: Vec<_> = of_kind("AWS::SQS::QueuePolicy").collect();
    for (id, subscription) in &subscriptions {
        let (failures, _) = &queues[&failures_of(subscription, "delivery")];
        let redrive = &subscription.properties["RedrivePolicy"]["deadLetterTargetArn"];
        assert!(names(redrive, failures), "{id} gives up to {redrive}");

        // What a subscription delivers before its queue's policy is there, the queue refuses.
        let endpoint = &subscription.properties["Endpoint"];
        let endpoint = queues.values().find(|(queue, _)| names(endpoint, queue));
        let (endpoint, _) = endpoint.unwrap_or_else(|| panic!("{id} delivers to no queue"));
        let sources = sources(&subscription.template, &subscriptions);
        for queue in [endpoint, failures] {
            let of_queue = policies.iter().find(|(_, p)| names(&p.properties["Queues"], queue));
            let (policy, of_queue) =
                of_queue.unwrap_or_else(|| panic!("nobody may send to {queue}"));
            assert!(subscription.depends_on.contains(policy), "{id} does not wait for {policy}");
            let expected = json!([{
                "Effect": "Allow",
                "Principal": { "Service": "sns.amazonaws.com" },
                "Action": "sqs:SendMessage",
                "Resource": "*",
                "Condition": { "ArnEquals": { "aws:SourceArn": sources } },
            }]);
            assert_eq!(of_queue.properties["PolicyDocument"]["Statement"], expected, "{policy}");
        }
    }
}

/// The topics that the queues of a template are subscribed to: one or a list of them.
fn sources(template: &str, subscriptions: &[(String, Resource)]) -> Value {
    let own = subscriptions.iter().filter(|(_, found)| found.template == template);
    let mut topics: Vec<_> = own.map(|(_, found)| found.properties["TopicArn"].clone()).collect();
    topics.dedup();
    match &topics[..] {
        [topic] => topic.clone(),
        topics => json!(topics),
    }
}

#[test]
fn what_a_stream_or_a_schedule_cannot_deliver_waits_in_a_queue_of_the_context() {
    let queues = queues();
    let of_context = |resource: &Resource, what| {
        let (id, _) = &queues[&failures_of(resource, what)];
        id.clone()
    };
    for (id, mapping) in streams() {
        let to = &mapping.properties["DestinationConfig"]["OnFailure"]["Destination"];
        assert!(names(to, &of_context(&mapping, "stream")), "{id} gives up to {to}");
    }
    for (id, function) in of_kind("AWS::Serverless::Function") {
        for schedule in schedules(&function) {
            let to = &schedule["DeadLetterConfig"]["Arn"];
            assert!(names(to, &of_context(&function, "schedule")), "{id}: gives up to {to}");
        }
    }
    for name in failures() {
        let (_, queue) = &queues[&name];
        assert_eq!(queue.properties["MessageRetentionPeriod"], 1_209_600, "{name}");
    }
}

#[test]
fn every_queue_is_encrypted() {
    for (name, (_, queue)) in queues() {
        assert_eq!(queue.properties["SqsManagedSseEnabled"], true, "{name}");
    }
}

#[test]
fn both_brokers_lead_to_the_queues_consumer() {
    let queues = queues();
    let mappings: Vec<_> = of_kind("AWS::Lambda::EventSourceMapping").map(|(_, m)| m).collect();
    let functions = by_package();
    for queue in topology().queues() {
        let (id, _) = &queues[queue.name];
        let [(consumer, function)] = &functions[queue.consumer][..] else {
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
        let (dead_letters, _) = &queues[&dead_letter_queue(queue.name)];
        let needed = [("SQSPollerPolicy", id), ("SQSSendMessagePolicy", dead_letters)];
        for (policy, of_queue) in needed {
            let policies = function.properties["Policies"].as_array().into_iter().flatten();
            let mut given = policies.filter_map(|given| given.get(1)?.get(policy));
            assert!(given.any(|given| names(given, of_queue)), "{consumer}: {policy}, {of_queue}");
        }
    }
}

#[test]
fn a_reply_queue_forgets_what_nobody_fetches_within_the_hour() {
    let queues = queues();
    for name in topology().reply_queues() {
        let (_, declared) = &queues[name];
        assert_eq!(declared.properties["MessageRetentionPeriod"], 3600, "{name}");
        assert!(declared.properties["RedrivePolicy"].is_null(), "{name} has dead letters");
    }
}

#[test]
fn replies_may_go_to_queues_that_are_named_for_them_and_to_no_others() {
    let functions = of_kind("AWS::Serverless::Function");
    let named = functions.flat_map(|(_, function)| texts(&function.properties["Policies"]));
    // The name of a queue or a topic, or its ARN, and not the one that the template declares.
    let by_name = |text: &String| text.contains("${NamePrefix}") || text.contains("arn:");
    let named = named.filter(by_name).filter(|text| !text.contains(":execute-api:"));
    let many: Vec<_> = named.filter(|text| text.contains('*')).collect();
    let topology = topology();
    let replies = topology.reply_queues().map(|name| format!("${{NamePrefix}}{name}*"));
    assert_eq!(many, replies.collect::<Vec<_>>(), "all others name the queue itself");
}
