//! An environment of Lambda's: the functions as they are deployed, with caches and a clock of their own.

use std::{cell::Cell, sync::Arc};

use async_trait::async_trait;
use marquee_booking::store::BookingStore;
use marquee_host::{
    broker::Ports,
    contexts::{self, Deployed},
    database::Tables,
    settings::Settings,
};
use marquee_kernel::time::Clock;
use marquee_messaging::{
    publisher::Publisher,
    sockets::{PostError, Posted, Sockets},
};
use marquee_ordering::store::OrderingStore;
use marquee_passes::PassKey;
use relay_outbox::RelayOutbox;

use crate::{
    aws::{broker::Broker, dynamodb::link::Link},
    clock::SkewedClock,
    faults::Faults,
    mix::Fault,
};

/// How far a machine's clock is off at most.
const SKEW_MILLIS: f64 = 300_000.0;

/// The functions of one environment.
#[derive(Debug)]
pub struct Environment {
    pub number: usize,
    pub functions: Deployed,
    pub relay: RelayOutbox,
    pub booking: BookingStore,
    pub ordering: OrderingStore,
    pub publisher: Arc<dyn Publisher>,
    pub clock: Arc<dyn Clock>,
}

/// What environments are made of.
#[derive(Debug)]
pub struct Machines {
    pub settings: Settings,
    pub link: Link,
    pub broker: Broker,
    pub passes: PassKey,
    pub faults: Faults,
    pub started: Cell<usize>,
}

impl Machines {
    /// Starts an environment.
    pub fn start(&self) -> Environment {
        let number = self.started.replace(self.started.get() + 1);
        let skewed = self.faults.mix.has(Fault::Skew) && self.faults.are_on();
        let ahead = if skewed { self.faults.chance.between(-1.0, 1.0) } else { 0.0 };
        #[allow(clippy::cast_possible_truncation)]
        let ahead_millis = (ahead * self.faults.mix.rate(Fault::Skew) * SKEW_MILLIS) as i64;
        let clock: Arc<dyn Clock> = Arc::new(SkewedClock { clock: self.link.clock, ahead_millis });
        let nobody: Arc<dyn Sockets> = Arc::new(Nobody);
        let functions = contexts::deploy(contexts::Environment {
            settings: &self.settings,
            tables: &self.link,
            broker: &self.broker,
            clock: &clock,
            passes: &self.passes,
            live: &nobody,
        });
        Environment {
            number,
            functions: functions.expect("functions that can be deployed"),
            relay: RelayOutbox {
                publisher: self.broker.publisher(),
                dead_letters: self.broker.dead_letters(),
                topology: marquee_contexts::topology(),
            },
            booking: BookingStore::new(self.link.table("booking")),
            ordering: OrderingStore::new(self.link.table("ordering")),
            publisher: self.broker.publisher(),
            clock,
        }
    }
}

/// Nobody is connected by a WebSocket.
#[derive(Debug)]
struct Nobody;

#[async_trait]
impl Sockets for Nobody {
    async fn post(&self, _: &str, _: &str) -> Result<Posted, PostError> {
        Ok(Posted::Gone)
    }
}
