//! `on-order-placed`: reserves stock for orders, or refuses them.
//!
//! Consumes `order_placed`. A message that is not an order event is poison: it can never succeed.
//! Everything else is safe to see any number of times, at any age and in any order: stock is taken
//! by the same transaction that writes the order's record, and only if there is no record yet.
//!
//! Orders of a batch for the same item are decided together, in the order in which they came: one
//! transaction instead of many that get in each other's way, at half the price.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::Clock;
use marquee_lambda::consumer::{BatchHandler, Incoming, Outcome, guarded};
use marquee_messaging::{topology::Queue, trace::TraceContext};
use marquee_ordering::{
    events::ReceivedOrder,
    store::{
        OrderingStore,
        reservations::{Decided, ORDERS_PER_TRANSACTION_MAX, Record, RecordOutcome},
    },
};
use marquee_ordering_domain::{names::ItemName, order::OrderLine, stock::allocate};

pub const QUEUE: &Queue = &marquee_ordering::topology::ORDER_PLACED;

/// Tries at a decision that conflicts with others' each time; then the messages come again later.
const TRIES_MAX: u32 = 8;

#[derive(Clone, Debug)]
pub struct OnOrderPlaced {
    pub store: OrderingStore,
    pub clock: Arc<dyn Clock>,
}

/// An order of the batch, once, however often it is in there.
#[derive(Clone, Debug)]
struct Placed {
    line: OrderLine,
    trace: TraceContext,
}

#[async_trait]
impl BatchHandler for OnOrderPlaced {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let mut groups: BTreeMap<ItemName, Vec<Placed>> = BTreeMap::new();
        let mut read = Vec::with_capacity(batch.len());
        for incoming in batch {
            let order = ReceivedOrder::read(&incoming.message.body).map(|order| order.line);
            if let Ok(line) = &order {
                let group = groups.entry(line.item.clone()).or_default();
                if group.iter().all(|other| other.line.id != line.id) {
                    group.push(Placed { line: line.clone(), trace: incoming.trace });
                }
            }
            read.push(order);
        }
        let deciding = groups.iter().map(|(item, orders)| async move {
            let failed = match guarded(self.decide_all(item, orders)).await {
                Ok(Ok(())) => return None,
                Ok(Err(error)) => error.to_string(),
                Err(reason) => reason,
            };
            Some((item, failed))
        });
        let failures: BTreeMap<_, _> = join_all(deciding).await.into_iter().flatten().collect();
        let outcome = |order: Result<OrderLine, String>| match order {
            Err(reason) => Outcome::Poison(reason),
            Ok(line) => match failures.get(&line.item) {
                Some(cause) => Outcome::RetryLater(cause.clone()),
                None => Outcome::Done,
            },
        };
        read.into_iter().map(outcome).collect()
    }
}

impl OnOrderPlaced {
    async fn decide_all(&self, item: &ItemName, orders: &[Placed]) -> Result<(), StoreError> {
        for orders in orders.chunks(ORDERS_PER_TRANSACTION_MAX) {
            self.decide(item, orders.to_vec()).await?;
        }
        Ok(())
    }

    async fn decide(&self, item: &ItemName, mut orders: Vec<Placed>) -> Result<(), StoreError> {
        for _ in 0..TRIES_MAX {
            if orders.is_empty() {
                return Ok(());
            }
            let stock = self.store.stock(item).await?;
            let decisions = allocate(stock, orders.iter().map(|order| order.line.quantity));
            let decided: Vec<_> = orders
                .iter()
                .zip(decisions)
                .map(|(Placed { line, trace }, decision)| Decided {
                    line: line.clone(),
                    decision,
                    trace: *trace,
                })
                .collect();
            match self.store.record(item, &decided, self.clock.now()).await? {
                RecordOutcome::Recorded(earlier) => {
                    tracing::info!(%item, orders = decided.len(), "decided");
                    return self.tell_again(&earlier).await;
                }
                RecordOutcome::Known => {
                    let ids = orders.iter().map(|order| &order.line.id);
                    let known = self.store.records_among(ids).await?;
                    tracing::info!(%item, orders = known.len(), "decided before");
                    self.tell_again(&known).await?;
                    orders
                        .retain(|order| known.iter().all(|record| record.line.id != order.line.id));
                }
                RecordOutcome::StockChanged => {}
            }
        }
        Err(StoreError::transient(format!("the stock of {item} changed each time")))
    }

    /// Orders-api may have heard of an order only after the inventory had, by an event published by
    /// hand; what was told then, nobody was there to hear.
    async fn tell_again(&self, records: &[Record]) -> Result<(), StoreError> {
        let told = records.iter().filter_map(|record| {
            let (id, reason) = (&record.line.id, record.reason.as_deref());
            let status = record.status.order_status()?;
            Some(self.store.resolve(id, status, reason, self.clock.now()))
        });
        try_join_all(told).await.map(drop)
    }
}
