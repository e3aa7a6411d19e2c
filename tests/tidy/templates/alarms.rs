//! Alarms: whom they tell, and what rings for each queue and each schedule.

use std::collections::{BTreeMap, BTreeSet};

use marquee_contexts::topology;
use serde_json::Value;

use super::{functions::schedules, of_kind, queues::failures, texts};

/// A metric that an alarm looks at.
#[derive(Debug)]
struct Metric {
    /// What the alarm's expression calls it.
    id: Option<String>,
    name: String,
    /// Names in them are without `NamePrefix`.
    dimensions: BTreeMap<String, String>,
    statistic: String,
    period: u64,
}

#[derive(Debug)]
struct Alarm {
    id: String,
    condition: Option<String>,
    metrics: Vec<Metric>,
    /// What is made of the metrics; of a single one, it may be nothing.
    expression: Option<String>,
    properties: Value,
}

impl Alarm {
    /// Its metric of this name that is about the queue, or whatever else, that a dimension names.
    fn metric(&self, name: &str, (dimension, value): (&str, &str)) -> Option<&Metric> {
        self.metrics.iter().find(|metric| {
            let found = metric.dimensions.get(dimension);
            metric.name == name && found.is_some_and(|found| found == value)
        })
    }

    fn number(&self, property: &str) -> u64 {
        let number = self.properties[property].as_u64();
        number.unwrap_or_else(|| panic!("{} has no {property}", self.id))
    }

    fn rings_above(&self, threshold: u64) -> bool {
        self.properties["ComparisonOperator"] == "GreaterThanThreshold"
            && self.properties["Threshold"] == threshold
    }

    /// How much of the past it looks at, in seconds.
    fn looks_back(&self) -> u64 {
        self.metrics[0].period * self.number("EvaluationPeriods")
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn metric(id: Option<String>, metric: &Value, statistic: &Value, period: &Value) -> Metric {
    let dimension = |dimension: &Value| {
        let value = texts(&dimension["Value"]).concat();
        let value = value.strip_prefix("${NamePrefix}").unwrap_or(&value).to_owned();
        (text(&dimension["Name"]), value)
    };
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten().map(dimension).collect();
    let period = period.as_u64().expect("seconds");
    let (name, statistic) = (text(&metric["MetricName"]), text(statistic));
    Metric { id, name, dimensions, statistic, period }
}

fn alarms() -> Vec<Alarm> {
    let alarm = |(id, alarm): (String, super::Resource)| {
        let properties = alarm.properties;
        let (metrics, expression) = if let Some(queries) = properties["Metrics"].as_array() {
            let queried = queries.iter().filter(|query| !query["MetricStat"].is_null());
            let queried = queried.map(|query| {
                let stat = &query["MetricStat"];
                metric(Some(text(&query["Id"])), &stat["Metric"], &stat["Stat"], &stat["Period"])
            });
            let expression = queries.iter().find_map(|query| query["Expression"].as_str());
            (queried.collect(), expression.map(str::to_owned))
        } else {
            let statistic = ["Statistic", "ExtendedStatistic"].map(|name| &properties[name]);
            let statistic = statistic.into_iter().find(|statistic| !statistic.is_null());
            let statistic = statistic.expect("a statistic");
            (vec![metric(None, &properties, statistic, &properties["Period"])], None)
        };
        Alarm { id, condition: alarm.condition, metrics, expression, properties }
    };
    of_kind("AWS::CloudWatch::Alarm").map(alarm).collect()
}

#[test]
fn every_alarm_tells_when_it_begins_and_when_it_ends() {
    for Alarm { id, properties, .. } in alarms() {
        let told = &properties["AlarmActions"];
        assert!(texts(told).iter().any(|topic| topic.contains("AlarmTopic")), "{id}: {told}");
        assert_eq!(&properties["OKActions"], told, "{id}");
    }
}

#[test]
fn no_alarm_asks_for_more_than_cloudwatch_gives() {
    let mut taken = BTreeSet::new();
    for alarm in alarms() {
        let id = &alarm.id;
        assert!((1..=10).contains(&alarm.metrics.len()), "{id}: {} metrics", alarm.metrics.len());
        let periods: BTreeSet<_> = alarm.metrics.iter().map(|metric| metric.period).collect();
        assert_eq!(periods.len(), 1, "{id} mixes periods: {periods:?}");
        assert!(alarm.looks_back() <= 86_400, "{id} looks back for more than a day");
        // Two alarms of one name are one for each broker.
        let name = (text(&alarm.properties["AlarmName"]), alarm.condition);
        assert!(taken.insert(name.clone()), "two alarms {name:?}");
    }
}

/// The first message in the queue rings, by its depth, and so does each later one, by growth.
fn each_message_rings(alarms: &[Alarm], queue: (&str, &str), counts: &[&str]) {
    let (_, name) = queue;
    let depth = |alarm: &Alarm| {
        let in_time = alarm.looks_back() == 60 && alarm.rings_above(0);
        alarm.metric(counts[0], queue).is_some() && in_time
    };
    assert!(alarms.iter().any(depth), "nothing rings for {name}");
    let growth = |alarm: &&Alarm| {
        let counted = counts.iter().map(|count| alarm.metric(count, queue)?.id.clone());
        let Some(counted) = counted.collect::<Option<Vec<_>>>() else { return false };
        let grown = format!("DIFF({})", counted.join(" + "));
        alarm.expression.as_ref().is_some_and(|expression| expression.contains(&grown))
    };
    let growth = alarms.iter().find(growth);
    let growth = growth.unwrap_or_else(|| panic!("a second message in {name} does not ring"));
    assert!(growth.rings_above(0), "{}", growth.id);
    // Off again soon, so that the next one rings; and no minute that comes late is missed.
    assert_eq!(growth.looks_back(), 180, "{}", growth.id);
    assert_eq!(growth.number("DatapointsToAlarm"), 1, "{}", growth.id);
    assert_eq!(growth.properties["TreatMissingData"], "notBreaching", "{}", growth.id);
}

#[test]
fn each_dead_letter_rings_on_both_brokers_and_not_only_the_first() {
    let alarms = alarms();
    let visible = "ApproximateNumberOfMessagesVisible";
    let hidden = "ApproximateNumberOfMessagesNotVisible";
    for queue in topology().dead_letter_queues() {
        each_message_rings(&alarms, ("QueueName", &queue), &[visible, hidden]);
        each_message_rings(&alarms, ("Queue", &queue), &["MessageCount"]);
    }
    for queue in failures() {
        each_message_rings(&alarms, ("QueueName", &queue), &[visible, hidden]);
    }
}

#[test]
fn messages_that_wait_ring_on_both_brokers() {
    let alarms = alarms();
    for queue in topology().queues() {
        let name = queue.name;
        let age = alarms.iter().find(|alarm| {
            alarm.metric("ApproximateAgeOfOldestMessage", ("QueueName", name)).is_some()
        });
        assert!(age.is_some_and(|alarm| alarm.rings_above(300)), "SQS: nothing rings for {name}");

        let waiting = |alarm: &&Alarm| alarm.metric("MessageReadyCount", ("Queue", name)).is_some();
        let backlog = alarms.iter().find(waiting);
        let backlog = backlog.unwrap_or_else(|| panic!("RabbitMQ: nothing rings for {name}"));
        assert!(backlog.rings_above(0), "{}", backlog.id);
        assert_eq!(backlog.looks_back(), 300, "{}", backlog.id);
        // The emptiest moment of each queue, and then the fullest of the queues.
        let lowest = backlog.metrics.iter().all(|metric| metric.statistic == "Minimum");
        assert!(lowest, "{}", backlog.id);
        if backlog.metrics.len() > 1 {
            assert_eq!(backlog.number("EvaluationPeriods"), 1, "{}: one queue's time", backlog.id);
            assert_eq!(backlog.expression.as_deref(), Some("MAX(METRICS())"), "{}", backlog.id);
        }
        let depth = alarms.iter().any(|alarm| {
            alarm.metric("MessageCount", ("Queue", name)).is_some() && alarm.rings_above(10_000)
        });
        assert!(depth, "RabbitMQ: nothing rings for the depth of {name}");
    }
}

/// Retry queues are named after a parameter, so nothing can be said of each. A message leaves them within
/// a minute, and is tried again.
#[test]
fn what_is_tried_again_and_again_rings_by_its_queue_and_a_full_broker_by_itself() {
    let alarms = alarms();
    for queue in topology().queues() {
        let about = |alarm: &&Alarm| {
            let retried = alarm.metric("MessagesRetried", ("queue", queue.name));
            let by = retried.and_then(|metric| metric.dimensions.get("function"));
            by.is_some_and(|function| function == queue.consumer)
        };
        let found = alarms.iter().find(about);
        let found = found.unwrap_or_else(|| panic!("nothing rings for retries of {}", queue.name));
        assert!(found.rings_above(0) && found.condition.is_none(), "{}", found.id);
        assert_eq!(found.looks_back(), 900, "{}", found.id);
        assert!(found.metrics.iter().all(|metric| metric.period == 60), "{}", found.id);
        if found.metrics.len() > 1 {
            assert_eq!(found.expression.as_deref(), Some("MAX(METRICS())"), "{}", found.id);
        }
    }
    let broker = BTreeMap::from([("Broker".to_owned(), "marquee".to_owned())]);
    let depth = alarms.iter().find(|alarm| {
        let [metric] = &alarm.metrics[..] else { return false };
        metric.name == "MessageCount" && metric.dimensions == broker
    });
    assert!(depth.is_some_and(|alarm| alarm.rings_above(20_000)), "{depth:?}");
}

#[test]
fn alarms_on_queues_of_rabbitmq_are_about_the_virtual_host_of_the_environment() {
    for Alarm { id, condition, metrics, .. } in alarms() {
        for metric in metrics.iter().filter(|metric| metric.dimensions.contains_key("Queue")) {
            let host = metric.dimensions.get("VirtualHost").map(String::as_str);
            assert_eq!(host, Some("BrokerVirtualHost"), "{id}");
            assert_eq!(condition.as_deref(), Some("HasOwnBroker"), "{id}");
        }
    }
}

/// The seconds between two runs.
fn seconds(rate: &str) -> u64 {
    let inside = rate.strip_prefix("rate(").and_then(|rest| rest.strip_suffix(')'));
    let inside = inside.unwrap_or_else(|| panic!("{rate} is no rate"));
    let (number, unit) = inside.split_once(' ').expect("a number and a unit");
    let number: u64 = number.parse().expect("a number");
    match unit {
        "minute" | "minutes" => number * 60,
        "hour" | "hours" => number * 60 * 60,
        _ => panic!("{rate}: what is {unit}?"),
    }
}

#[test]
fn a_schedule_that_fails_or_stops_rings_in_a_time_that_fits_its_rate() {
    let alarms = alarms();
    let functions = of_kind("AWS::Serverless::Function").map(|(_, function)| function);
    let scheduled = functions.flat_map(|function| {
        let schedules = schedules(&function).into_iter();
        schedules.map(move |schedule| (function.clone(), schedule))
    });
    for (function, schedule) in scheduled {
        let every = seconds(&text(&schedule["ScheduleExpression"]));
        let function = text(&function.properties["FunctionName"]);
        let function = function.strip_prefix("${NamePrefix}").expect("the prefix");
        let about = ("FunctionName", function);

        let fails: Vec<_> =
            alarms.iter().filter(|alarm| alarm.metric("Errors", about).is_some()).collect();
        let [fails] = fails[..] else { panic!("{function} has {} alarms on errors", fails.len()) };
        assert!(fails.rings_above(0), "{}", fails.id);
        let [metric] = &fails.metrics[..] else { panic!("{} is about others too", fails.id) };
        assert_eq!((metric.statistic.as_str(), metric.period), ("Sum", every), "{}", fails.id);
        let failed = fails.number("DatapointsToAlarm");
        assert!(failed * every <= 900, "{} rings after {failed} runs", fails.id);
        // A period may have no run in it: with one more, the alarm stays on.
        assert!(fails.number("EvaluationPeriods") > failed, "{}", fails.id);

        let stops: Vec<_> =
            alarms.iter().filter(|alarm| alarm.metric("Invocations", about).is_some()).collect();
        let [stops] = stops[..] else { panic!("{function} has {} alarms on calls", stops.len()) };
        assert_eq!(stops.properties["ComparisonOperator"], "LessThanThreshold", "{}", stops.id);
        assert_eq!(stops.properties["Threshold"], 1, "{}", stops.id);
        assert_eq!(stops.properties["TreatMissingData"], "breaching", "{}", stops.id);
        let filled = stops.expression.as_deref().is_some_and(|text| text.starts_with("FILL("));
        assert!(filled, "{}: no call is no data", stops.id);
        assert!(stops.metrics.iter().all(|metric| metric.statistic == "Sum"), "{}", stops.id);
        // One run may come late or be left out.
        let waits = stops.looks_back();
        assert!(waits > 2 * every && waits <= (3 * every).max(300), "{}: {waits} s", stops.id);
    }
}
