//! Reads: what they cost, which copy answers them, and what of a batch is left for later.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    engine::Engine,
    limits::{Limits, throttled},
    refusals::{Answer, Reason},
    request::{Request, batch},
    rules::Direction::Read,
    schema::{ItemKey, Place},
    sizes::item_size,
    units::{Charge, TRANSACTION, read_units},
};
use crate::mix::Fault;

pub(super) fn read(
    limits: &mut Limits,
    engine: &Engine,
    now: Duration,
    request: &Request,
) -> Answer {
    match request.operation.as_str() {
        "GetItem" => {
            let place = request.targets.first().map(|target| target.key.place());
            one_partition(limits, engine, now, request, place)
        }
        "Query" => {
            let place = request.queried(&limits.schemas);
            one_partition(limits, engine, now, request, place)
        }
        "Scan" => scan(limits, engine, now, request),
        "BatchGetItem" => batch_get(limits, engine, now, request),
        "TransactGetItems" => transact_get(limits, engine, now, request),
        operation => engine.answer(operation, &request.body),
    }
}

fn one_partition(
    limits: &mut Limits,
    engine: &Engine,
    now: Duration,
    request: &Request,
    place: Option<Place>,
) -> Answer {
    let Some(place) = place else { return engine.answer(&request.operation, &request.body) };
    if let Some(exceeded) = limits.exceeded(now, Read, &place) {
        return throttled(&exceeded, Read).because_of(limits.cold());
    }
    let (answer, units) = metered(limits, engine, now, request);
    if answer.status == 200 {
        limits.charge(now, Read, &[Charge { place, units }]);
    }
    answer
}

/// A scan goes from partition to partition; only the table as a whole gives way.
fn scan(limits: &mut Limits, engine: &Engine, now: Duration, request: &Request) -> Answer {
    let text = |name: &str| request.json[name].as_str().map(str::to_owned);
    let table = text("TableName").unwrap_or_default();
    let place = Place { table, index: text("IndexName"), partition: String::new() };
    if let Some(exceeded) = limits.exceeded(now, Read, &place) {
        return throttled(&exceeded, Read).because_of(limits.cold());
    }
    let (answer, units) = metered(limits, engine, now, request);
    let rules = limits.rules();
    limits.throughput.charge_table(now, &rules, Read, &place, units);
    answer
}

/// The answer, and the units that the database says it was worth. It says so to the caller only if asked.
fn metered(
    limits: &mut Limits,
    engine: &Engine,
    now: Duration,
    request: &Request,
) -> (Answer, f64) {
    let asked = request.json["ReturnConsumedCapacity"].as_str().is_some_and(|mode| mode != "NONE");
    let mut answer = match asked {
        true => from_a_copy(limits, engine, now, request, &request.body),
        false => {
            let mut json = request.json.clone();
            json["ReturnConsumedCapacity"] = json!("TOTAL");
            from_a_copy(limits, engine, now, request, &json.to_string())
        }
    };
    let mut json = answer.json();
    let units = json["ConsumedCapacity"]["CapacityUnits"].as_f64().unwrap_or_default();
    if let Some(fields) = json.as_object_mut().filter(|_| !asked) {
        fields.remove("ConsumedCapacity");
        answer.body = json.to_string();
    }
    (answer, units)
}

/// From the leader; where it may lag behind, from a copy at times.
fn from_a_copy(
    limits: &mut Limits,
    engine: &Engine,
    now: Duration,
    request: &Request,
    body: &str,
) -> Answer {
    let fresh = engine.answer(&request.operation, body);
    let count = limits.replicas.len();
    if count == 0 || !request.may_lag() || !limits.strikes(Fault::StaleRead) {
        return fresh;
    }
    let which = limits.chance.below(count);
    let replica = &mut limits.replicas[which];
    if !replica.lags(now) {
        return fresh;
    }
    let (status, body) = replica.answer(&request.operation, body);
    let stale = Answer::new(status, body);
    match items(&stale) == items(&fresh) {
        true => fresh,
        false => stale.because_of(Some(Fault::StaleRead)),
    }
}

fn items(answer: &Answer) -> Value {
    let mut json = answer.json();
    if let Some(fields) = json.as_object_mut() {
        fields.remove("ConsumedCapacity");
    }
    json
}

/// "BatchGetItem": the keys that there is no throughput for are handed back, and the request is refused only if
/// that is all of them.
fn batch_get(limits: &mut Limits, engine: &Engine, now: Duration, request: &Request) -> Answer {
    let exceeded: Vec<_> = request
        .targets
        .iter()
        .map(|target| limits.exceeded(now, Read, &target.key.place()))
        .collect();
    if let Some(first) = exceeded.iter().flatten().next()
        && exceeded.iter().all(Option::is_some)
    {
        return throttled(first, Read).because_of(limits.cold());
    }
    let left: Vec<bool> = exceeded.iter().map(Option::is_some).collect();
    let throttles = left.contains(&true);
    let (now_json, later) = split(&request.json, &left);
    let body = if throttles { now_json.to_string() } else { request.body.clone() };
    let mut answer = from_a_copy(limits, engine, now, request, &body);
    if answer.status != 200 {
        return answer;
    }
    let mut json = answer.json();
    let unread = batch(&json["UnprocessedKeys"], &limits.schemas).unwrap_or_default();
    let unread: Vec<&ItemKey> = unread.iter().map(|target| &target.key).collect();
    for (target, _) in request.targets.iter().zip(&left).filter(|(_, left)| !**left) {
        if !unread.contains(&&target.key) {
            let wanted = &request.json["RequestItems"][&target.key.table];
            let consistent = wanted["ConsistentRead"].as_bool() == Some(true);
            let units = read_units(size(limits, &target.key), consistent);
            limits.charge(now, Read, &[Charge { place: target.key.place(), units }]);
        }
    }
    if throttles {
        hand_back(&mut json, later);
        answer.body = json.to_string();
        answer = answer.because_of(limits.cold());
    }
    answer
}

/// The request with the keys that are read now, and what is left of its tables.
fn split(request: &Value, left: &[bool]) -> (Value, Value) {
    let (mut now, mut later) = (request.clone(), request["RequestItems"].clone());
    let mut left = left.iter();
    let tables = later.as_object_mut().into_iter().flatten();
    for (table, wanted) in tables {
        let keys = wanted["Keys"].as_array().cloned().unwrap_or_default();
        let (back, read): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|_| left.next() == Some(&true));
        wanted["Keys"] = Value::Array(back);
        match read.is_empty() {
            true => _ = now["RequestItems"].as_object_mut().map(|tables| tables.remove(table)),
            false => now["RequestItems"][table]["Keys"] = Value::Array(read),
        }
    }
    (now, later)
}

fn hand_back(answer: &mut Value, later: Value) {
    for (table, wanted) in later.as_object().into_iter().flatten() {
        let keys = wanted["Keys"].as_array().cloned().unwrap_or_default();
        if keys.is_empty() {
            continue;
        }
        match answer["UnprocessedKeys"][table]["Keys"].as_array_mut() {
            Some(unread) => unread.extend(keys),
            None => answer["UnprocessedKeys"][table] = wanted.clone(),
        }
    }
}

fn transact_get(limits: &mut Limits, engine: &Engine, now: Duration, request: &Request) -> Answer {
    let places: Vec<_> = request.targets.iter().map(|target| target.key.place()).collect();
    let exceeded = places.iter().map(|place| limits.exceeded(now, Read, place).is_some());
    let exceeded: Vec<_> = exceeded.collect();
    if exceeded.contains(&true) {
        let refused = limits.cancel(engine, request, &exceeded, Reason::Throttled);
        return refused.because_of(limits.cold());
    }
    let answer = engine.answer(&request.operation, &request.body);
    if answer.status == 200 {
        for target in &request.targets {
            let units = TRANSACTION * read_units(size(limits, &target.key), true);
            limits.charge(now, Read, &[Charge { place: target.key.place(), units }]);
        }
    }
    answer
}

fn size(limits: &Limits, key: &ItemKey) -> usize {
    limits.log.image(key).map_or(0, |item| item_size(&item))
}
