//! The service: answers a request in two steps, when it arrives and when it takes effect, so that requests
//! can overlap.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    engine::Engine, limits::Limits, log::Change, reads, refusals::Answer, request::Request,
    rules::Rules, sizes::check_request, throughput::Consumed, writes,
};
use crate::{chance::Chance, mix::Mix};

/// A request that has arrived, and has had no effect yet.
#[derive(Debug)]
pub struct Underway {
    /// How long it takes, beside its way here and back.
    pub takes: Duration,
    /// Among those in flight.
    number: u64,
    request: Request,
}

#[derive(Clone, Debug)]
pub struct Service {
    engine: Engine,
    limits: Arc<Mutex<Limits>>,
}

impl Service {
    /// An empty account, with such limits as the world has.
    pub fn new(mix: &Mix, chance: Chance) -> Self {
        Self::of(Limits::new(mix, chance))
    }

    /// The same, but that these rules are in force from the beginning.
    pub fn with_rules(mix: &Mix, chance: Chance, rules: Rules) -> Self {
        Self::of(Limits::new(mix, chance).under(rules))
    }

    fn of(limits: Limits) -> Self {
        Self { engine: Engine::new(), limits: Arc::new(Mutex::new(limits)) }
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the world's faults strike from here on.
    pub fn go_wrong(&self, on: bool) {
        self.limits().switch(on);
    }

    /// A request arrives, so long after the beginning.
    ///
    /// # Errors
    /// The answer, if there is one at once.
    pub fn begin(&self, now: Duration, operation: &str, body: &str) -> Result<Underway, Answer> {
        check_request(body)?;
        let mut limits = self.limits();
        let request = limits.read(operation, body);
        let number = limits.begin(&self.engine, now, &request)?;
        Ok(Underway { takes: limits.takes(&request), number, request })
    }

    /// It takes effect.
    pub fn finish(&self, now: Duration, underway: Underway) -> Answer {
        let Underway { number, request, .. } = underway;
        let (limits, engine) = (&mut *self.limits(), &self.engine);
        let answer = match request.operation.as_str() {
            "CreateTable" => writes::create(limits, engine, &request),
            _ if request.writes() => writes::write(limits, engine, now, &request),
            _ => reads::read(limits, engine, now, &request),
        };
        limits.end(now, number, &request, &answer);
        answer
    }

    /// All changes of all tables after the first so many, in their order.
    pub fn changes(&self, after: usize) -> Vec<Change> {
        self.limits().log.changes[after..].to_vec()
    }

    pub fn changes_len(&self) -> usize {
        self.limits().log.changes.len()
    }

    /// The units given so far, by the partition key values that gave them.
    pub fn consumed(&self) -> Consumed {
        self.limits().throughput.consumed.clone()
    }
}
