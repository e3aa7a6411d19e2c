//! A world: the whole system, its clients, and what goes wrong, from one seed.

use std::{cell::Cell, rc::Rc, sync::Arc, time::Duration};

use marquee_booking::store::holds::HoldPolicy;
use marquee_contexts::CONTEXTS;
use marquee_dynamo::table::schema::create_table;
use marquee_host::{
    database::{Tables, table_name},
    settings::Settings,
};
use marquee_passes::PassKey;
use marquee_payments::settlement::RetryPauses;
use marquee_testkit::ledger::Ledger;
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use crate::{
    aws::{
        broker::Broker,
        dynamodb::{Service, link::Link},
        gateway::{Call, Gateway, Reply},
        lambda::Lambda,
        provider::provider,
        queue::Mapping,
        schedule::Schedule,
        stream::{SHARDS, Shard},
    },
    chance::Chance,
    clock::WorldClock,
    environment::Machines,
    faults::Faults,
    journal::Journal,
    setting::Setting,
    watch::Watch,
};

/// Once nothing goes wrong any more and nobody comes, everything has to be done within this time.
const REST_MAX: Duration = Duration::from_secs(60 * 60);
/// For so long nothing must happen for a world to be at rest.
const QUIET: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct World {
    pub setting: Setting,
    /// For clients.
    pub chance: Chance,
    pub faults: Faults,
    pub journal: Journal,
    pub clock: WorldClock,
    pub watch: Watch,
    pub service: Service,
    pub broker: Broker,
    pub provider: Ledger,
    pub passes: PassKey,
    pub hold_for: Duration,
    pub lambda: Rc<Lambda>,
    gateway: Gateway,
    /// Batches in hand.
    busy: Rc<Cell<usize>>,
    shards: Vec<Shard>,
}

impl World {
    /// An empty one in which nothing goes wrong yet.
    pub async fn new(setting: Setting, keeps_text: bool) -> Rc<Self> {
        let clock = WorldClock::begin();
        let chance = |used_for| Chance::new(setting.seed, used_for);
        let journal = Journal::new(clock, keeps_text);
        let faults = Faults::new(setting.mix.clone(), chance("faults"), journal.clone());
        let (watch, service) = (Watch::default(), Service::new(&setting.mix, chance("dynamodb")));
        let broker = Broker::new(setting.mapping, faults.clone());
        let provider = provider(faults.clone());
        let passes = PassKey::from_secret("of the waiting rooms");
        let hold_for = chance("policy").seconds(30.0, 180.0);
        let link =
            Link { service: service.clone(), faults: faults.clone(), clock, watch: watch.clone() };
        for context in CONTEXTS {
            let table = link.table(context.name);
            let definition = (context.table)(&table_name(context.name)).expect("a table");
            create_table(&table.client, definition).await.expect("a table");
        }
        let machines = Machines {
            settings: settings(&provider, hold_for),
            link,
            broker: broker.clone(),
            passes: passes.clone(),
            faults: faults.clone(),
            started: Cell::new(0),
        };
        let lambda = Rc::new(Lambda::new(machines, faults.clone()));
        let gateway = Gateway { lambda: Rc::clone(&lambda), faults: faults.clone(), clock };
        let shards = (0..SHARDS).map(|number| Shard {
            number,
            service: service.clone(),
            lambda: Rc::clone(&lambda),
            faults: faults.clone(),
            done: Rc::new(Cell::new(0)),
        });
        let shards = shards.collect();
        let (chance, busy) = (chance("clients"), Rc::default());
        Rc::new(Self {
            setting,
            chance,
            faults,
            journal,
            clock,
            watch,
            service,
            broker,
            provider,
            passes,
            hold_for,
            lambda,
            gateway,
            busy,
            shards,
        })
    }

    /// A client's call; `None` if nobody knows what became of it.
    pub async fn call(&self, call: &Call<'_>) -> Option<Reply> {
        self.gateway.call(call).await
    }

    /// A user's call.
    pub async fn ask(&self, method: &str, path: &str, user: Uuid, body: Value) -> Option<Reply> {
        let call = Call { method, path, user: Some(user), headers: &[], body };
        self.call(&call).await
    }

    /// A call that must succeed: for setting up, and for looking once faults have stopped.
    ///
    /// # Errors
    /// If it does not.
    pub async fn must(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let call = Call { method, path, user: None, headers: &[], body };
        let reply = self.call(&call).await.ok_or_else(|| format!("{method} {path}: no answer"))?;
        match reply.status {
            200..300 => Ok(reply.body),
            status => Err(format!("{method} {path}: {status} {}", reply.body)),
        }
    }

    /// Lets the clock go on.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Waits until nothing is on its way.
    ///
    /// # Errors
    /// What is still on its way an hour later.
    pub(crate) async fn be_quiet(&self) -> Result<(), String> {
        let until = Instant::now() + REST_MAX;
        while !self.is_quiet() {
            if Instant::now() > until {
                return Err(format!(
                    "not at rest an hour after the last fault: {}",
                    self.busy_with()
                ));
            }
            self.pass(QUIET).await;
        }
        Ok(())
    }

    fn is_quiet(&self) -> bool {
        let queues = self.queues().all(|queue| {
            let depth = self.broker.memory.depth(queue);
            depth.ready + depth.delayed + depth.in_flight == 0
        });
        queues
            && self.broker.on_the_way() == 0
            && self.busy.get() == 0
            && self.lambda.running() == 0
            && self.shards.iter().all(Shard::is_done)
    }

    fn busy_with(&self) -> String {
        let queues = self.queues().map(|queue| (queue, self.broker.memory.depth(queue)));
        let queues: Vec<_> = queues.filter(|(_, depth)| *depth != Default::default()).collect();
        let streams = self.shards.iter().filter(|shard| !shard.is_done()).count();
        format!(
            "queues {queues:?}, {} messages on the way, {} batches, {} functions, {streams} shards",
            self.broker.on_the_way(),
            self.busy.get(),
            self.lambda.running(),
        )
    }

    pub(crate) fn queues(&self) -> impl Iterator<Item = &'static str> {
        let topology = marquee_contexts::topology();
        topology.queues().map(|queue| queue.name).collect::<Vec<_>>().into_iter()
    }

    /// What calls functions by itself. It ends with the tasks.
    pub(crate) fn start_aws(
        self: &Rc<Self>,
        schedules: &'static [(&'static str, Duration)],
    ) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let environment = self.lambda.environment();
        let chance = Chance::new(self.setting.seed, "mappings");
        for consumer in &environment.functions.consumers {
            let mapping = Mapping {
                queue: consumer.queue,
                kind: self.setting.mapping,
                window: chance.millis(0, 1_000),
                broker: self.broker.memory.clone(),
                lambda: Rc::clone(&self.lambda),
                faults: self.faults.clone(),
                busy: Rc::clone(&self.busy),
            };
            tasks.spawn_local(mapping.run(1 + chance.below(4)));
        }
        for shard in &self.shards {
            tasks.spawn_local(shard.clone().run());
        }
        for (name, every) in schedules {
            let (lambda, faults) = (Rc::clone(&self.lambda), self.faults.clone());
            let schedule = Schedule { name, every: *every, lambda, faults };
            tasks.spawn_local(schedule.run());
        }
        tasks
    }
}

fn settings(provider: &Ledger, hold_for: Duration) -> Settings {
    let mut settings = Settings::from_env().expect("settings");
    settings.payments.provider = Arc::new(provider.clone());
    settings.payments.pauses =
        RetryPauses { first: Duration::from_secs(5), max: Duration::from_secs(60) };
    settings.policy = HoldPolicy { hold_for, live_seats_max: 10, per_minute_max: 30 };
    settings.seat_map_max_age = Duration::from_secs(1);
    settings.ticket_signing_key = Some(signing_key());
    settings
}

/// One for all worlds: what it signs is in no history.
fn signing_key() -> String {
    static KEY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    KEY.get_or_init(|| marquee_host::signing_key::generate().expect("a key")).clone()
}
