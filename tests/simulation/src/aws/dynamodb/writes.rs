//! Writes: which are let in, what they cost, and whom they are told.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    engine::Engine,
    limits::{Limits, throttled},
    refusals::{Answer, Reason},
    request::{Request, Target},
    rules::Direction::Write,
    schema::Schema,
    sizes::{check_transaction, item_size},
    throughput::Exceeded,
    units::{TRANSACTION, refused, written},
};

/// The items that a request names, as they are. `None` where there is none.
type Images = Vec<Option<Arc<Value>>>;

pub(super) fn create(limits: &mut Limits, engine: &Engine, request: &Request) -> Answer {
    let answer = engine.answer(&request.operation, &request.body);
    if answer.status == 200 {
        limits.schemas.extend(Schema::read(&request.json));
        for replica in &limits.replicas {
            replica.create(request.json.clone());
        }
    }
    answer
}

pub(super) fn write(
    limits: &mut Limits,
    engine: &Engine,
    now: Duration,
    request: &Request,
) -> Answer {
    let before = images(limits, request);
    if let Err(answer) = admit(limits, engine, now, request, &before) {
        return answer;
    }
    let answer = engine.answer(&request.operation, &request.body);
    let done = answer.status == 200;
    if done {
        let from = limits.log.changes.len();
        limits.log.read(&engine.database, request, &limits.schemas);
        limits.send_to_replicas(now, from);
    }
    if done || is_refused_by_a_condition(&answer) {
        charge(limits, now, request, &before, done);
    }
    answer
}

fn images(limits: &Limits, request: &Request) -> Images {
    request.targets.iter().map(|target| limits.log.image(&target.key)).collect()
}

fn is_refused_by_a_condition(answer: &Answer) -> bool {
    let error = answer.error();
    matches!(error.as_str(), "ConditionalCheckFailedException" | "TransactionCanceledException")
}

fn charge(limits: &mut Limits, now: Duration, request: &Request, before: &Images, done: bool) {
    let factor = if request.is_transaction() { TRANSACTION } else { 1.0 };
    let after = images(limits, request);
    for ((target, old), new) in request.targets.iter().zip(before).zip(&after) {
        let (key, old, new) = (&target.key, old.as_deref(), new.as_deref());
        let charges = match limits.schemas.get(&key.table) {
            Some(schema) if done => written(schema, key, old, new, factor),
            _ => vec![refused(key, old, target.item(), factor)],
        };
        limits.charge(now, Write, &charges);
    }
}

/// Whether a write is let in: its items are not too large, and nothing that it touches has run dry.
fn admit(
    limits: &Limits,
    engine: &Engine,
    now: Duration,
    request: &Request,
    before: &Images,
) -> Result<(), Answer> {
    let both = || request.targets.iter().zip(before);
    if request.is_transaction() {
        let size = |(target, old): (&Target, &Option<Arc<Value>>)| {
            target.item().or(old.as_deref()).map_or(0, item_size)
        };
        check_transaction(both().map(size))?;
    }
    let exceeded: Vec<Option<Exceeded>> = both()
        .map(|(target, old)| {
            let schema = limits.schemas.get(&target.key.table)?;
            let places = target.places(schema, old.as_deref());
            places.iter().find_map(|place| limits.exceeded(now, Write, place))
        })
        .collect();
    let Some(first) = exceeded.iter().flatten().next() else { return Ok(()) };
    let refused = match request.is_transaction() {
        true => {
            let which: Vec<_> = exceeded.iter().map(Option::is_some).collect();
            limits.cancel(engine, request, &which, Reason::Throttled)
        }
        false => throttled(first, Write),
    };
    Err(refused.because_of(limits.cold()))
}
