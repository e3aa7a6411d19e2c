//! What is between a request and the database: AWS's limits, in the order in which a request meets them.

use std::time::Duration;

use super::{
    engine::Engine,
    log::Log,
    refusals::{self, Answer, Reason},
    replica::Replica,
    request::Request,
    rules::{Direction, Rules},
    schema::{Place, Schemas},
    sizes::item_size,
    throughput::{Exceeded, Throughput},
    tokens::Tokens,
    transactions::InFlight,
    units::{Charge, TRANSACTION, read_units},
};
use crate::{
    chance::Chance,
    mix::{Fault, Mix},
};

/// A cold world's crowd is this share of a real one, and so is what its tables take: of a key a write unit in five
/// seconds, or five in one.
const COLD_SHARE: (f64, f64) = (0.000_2, 0.005);
/// How long a transaction takes at most where transactions are to meet.
const TRANSACTION_MILLIS_MAX: u64 = 300;
/// A table's leader has two followers.
const REPLICAS: usize = 2;

#[derive(Debug)]
pub struct Limits {
    pub schemas: Schemas,
    pub log: Log,
    pub throughput: Throughput,
    in_flight: InFlight,
    tokens: Tokens,
    pub replicas: Vec<Replica>,
    /// While nothing goes wrong, and while it does.
    rules: [Rules; 2],
    mix: Mix,
    pub chance: Chance,
    on: bool,
}

impl Limits {
    pub fn new(mix: &Mix, chance: Chance) -> Self {
        let warm = Rules::warm();
        let strict = match mix.has(Fault::Cold) {
            true => Rules::cold().scaled(chance.between(COLD_SHARE.0, COLD_SHARE.1)),
            false => warm,
        };
        let replicas = if mix.has(Fault::StaleRead) { REPLICAS } else { 0 };
        Self {
            schemas: Schemas::new(),
            log: Log::default(),
            throughput: Throughput::default(),
            in_flight: InFlight::default(),
            tokens: Tokens::default(),
            replicas: (0..replicas).map(|_| Replica::new()).collect(),
            rules: [warm, strict],
            mix: mix.clone(),
            chance,
            on: false,
        }
    }

    #[must_use]
    pub fn under(mut self, rules: Rules) -> Self {
        self.rules = [rules; 2];
        self
    }

    pub fn switch(&mut self, on: bool) {
        if self.on != on {
            self.on = on;
            self.throughput.fill();
        }
    }

    pub fn rules(&self) -> Rules {
        self.rules[usize::from(self.on)]
    }

    /// Draws only where the world has the fault.
    pub fn strikes(&self, fault: Fault) -> bool {
        self.on && self.chance.happens(self.mix.rate(fault))
    }

    /// What made a limit bind, if it would not have in another world.
    pub fn cold(&self) -> Option<Fault> {
        (self.on && self.mix.has(Fault::Cold)).then_some(Fault::Cold)
    }

    pub fn read(&self, operation: &str, body: &str) -> Request {
        Request::read(operation, body, &self.schemas)
    }

    /// # Errors
    /// The answer, if there is one at once.
    pub fn begin(
        &mut self,
        engine: &Engine,
        now: Duration,
        request: &Request,
    ) -> Result<u64, Answer> {
        if let Some(answer) = self.tokens.find(now, request) {
            if answer.status == 200 {
                self.charge_replay(now, request);
            }
            return Err(answer);
        }
        let conflicts = self.in_flight.conflicts(request);
        if conflicts.contains(&true) && self.strikes(Fault::Conflict) {
            let refused = match request.is_transaction() {
                true => self.cancel(engine, request, &conflicts, Reason::Conflict),
                false => refusals::conflict(),
            };
            return Err(refused.because_of(Some(Fault::Conflict)));
        }
        self.tokens.begin(request);
        Ok(self.in_flight.begin(request))
    }

    /// How long a request takes beside its way here and back.
    pub fn takes(&self, request: &Request) -> Duration {
        let meets = self.on && self.mix.has(Fault::Conflict) && request.is_transaction();
        if meets { self.chance.millis(0, TRANSACTION_MILLIS_MAX) } else { Duration::ZERO }
    }

    /// A request is no longer under way.
    pub fn end(&mut self, now: Duration, number: u64, request: &Request, answer: &Answer) {
        self.in_flight.end(number);
        self.tokens.end(now, request, answer);
    }

    /// The other items' conditions may be looked at as well before a transaction is cancelled, or not.
    pub fn cancel(
        &self,
        engine: &Engine,
        request: &Request,
        which: &[bool],
        reason: Reason,
    ) -> Answer {
        let looks = self.on && self.chance.happens(0.5);
        let mut reasons = match looks {
            true => engine.try_out(request, &self.schemas),
            false => vec![serde_json::json!({ "Code": "None" }); which.len()],
        };
        for (slot, _) in reasons.iter_mut().zip(which).filter(|(_, refused)| **refused) {
            *slot = reason.json();
        }
        refusals::cancelled(&reasons)
    }

    /// Tells the replicas of the changes after the first so many.
    pub fn send_to_replicas(&mut self, now: Duration, from: usize) {
        let chance = self.on.then_some(&self.chance);
        for replica in &mut self.replicas {
            for change in &self.log.changes[from..] {
                replica.send(now, change.clone(), chance);
            }
        }
    }

    /// A transaction that comes again reads what it wrote.
    fn charge_replay(&mut self, now: Duration, request: &Request) {
        for target in &request.targets {
            let size = self.log.image(&target.key).map_or(0, |item| item_size(&item));
            let units = TRANSACTION * read_units(size, true);
            let charge = Charge { place: target.key.place(), units };
            self.charge(now, Direction::Read, &[charge]);
        }
    }

    pub fn exceeded(&self, now: Duration, direction: Direction, place: &Place) -> Option<Exceeded> {
        self.throughput.exceeded(now, &self.rules(), direction, place)
    }

    pub fn charge(&mut self, now: Duration, direction: Direction, charges: &[Charge]) {
        let rules = self.rules();
        for charge in charges {
            self.throughput.charge(now, &rules, direction, charge);
        }
    }
}

/// The refusal of what has run dry.
pub fn throttled(exceeded: &Exceeded, direction: Direction) -> Answer {
    let (Exceeded::Key(place) | Exceeded::Table(place) | Exceeded::Quota(place)) = exceeded;
    let table = dynoxide::streams::table_arn(&place.table);
    let (kind, resource) = match &place.index {
        Some(index) => ("Index", format!("{table}/index/{index}")),
        None => ("Table", table),
    };
    let reason = |limit: &str| format!("{kind}{}{limit}", direction.name());
    match exceeded {
        Exceeded::Key(_) => refusals::hot_key(&reason("KeyRangeThroughputExceeded"), &resource),
        Exceeded::Table(_) => {
            refusals::busy_table(&reason("KeyRangeThroughputExceeded"), &resource)
        }
        Exceeded::Quota(_) => refusals::over_quota(&reason("AccountLimitExceeded"), &resource),
    }
}
