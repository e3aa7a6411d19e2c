//! Creating a session with its seats: the one creation that takes many writes.
//!
//! The session's item is written first, marked as not ready and leased to this request; then the
//! blocks, each only if it is not there; then the mark is taken off, which puts the session on
//! sale at once, and tells its waiting room if it has one. Interrupted, the same request takes over
//! when the lease has run out.

use std::time::Duration;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;
use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_booking_domain::{ids::OrganizerId, seating::SeatBlock, venue::Session};
use marquee_dynamo::{
    error::StoreError,
    idempotency::{IdempotencyHash, Match},
    item::{Item, ReadItem, instant, uuid},
    outbox,
    table::Page,
};
use marquee_kernel::time::Timestamp;
use marquee_messaging::outbox::{ATTRIBUTE, OutboxEvent};
use uuid::Uuid;

use super::{
    BookingStore, block_item,
    halls::WRITES_AT_ONCE,
    keys,
    venues::{Created, Entity, ListFilter},
};
use crate::events::{SessionEvent, SessionEventType};

/// Present until the session is ready: when another request may take over its creation.
const LEASE: &str = "lease";
/// Present as long: which plan its seats are being made from.
const PLAN: &str = "layout";
/// Longer than a function of ours may run.
const LEASE_FOR: Duration = Duration::from_secs(60);

fn fingerprint(blocks: &[SeatBlock]) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{blocks:?}").as_bytes())
}

fn created_event(session: &Session, organizer: OrganizerId) -> OutboxEvent {
    let event_type = SessionEventType::Created;
    let body = SessionEvent {
        event_type,
        session_id: session.id.uuid(),
        organizer_id: organizer.uuid(),
        seats_count: session.seats_count,
        sales_start: session.sales_start.to_rfc3339_millis(),
        sales_end: session.sales_end.to_rfc3339_millis(),
    };
    OutboxEvent::once(session.id.uuid(), event_type.routing_key(), &body)
}

pub(super) fn is_ready(item: &Item) -> bool {
    !item.contains_key(LEASE)
}

impl BookingStore {
    pub async fn create_session(
        &self,
        session: Session,
        organizer: OrganizerId,
        blocks: &[SeatBlock],
        idempotency: Option<IdempotencyHash>,
        now: Timestamp,
    ) -> Result<Created<Session>, StoreError> {
        let mut item = keys::entity(Session::KIND, &session.id.to_string());
        item.extend(session.write());
        item.insert(LEASE.to_owned(), instant(now + LEASE_FOR));
        let plan = fingerprint(blocks);
        item.insert(PLAN.to_owned(), uuid(plan));
        if let Some(hash) = idempotency {
            hash.write(&mut item);
        }
        let mut session = session;
        if let Some(earlier) = self.table.put_new(item).await? {
            let own = idempotency.is_none();
            match idempotency.map(|hash| hash.compare(&earlier)) {
                // With no key the id is ours alone: this is our own write, its answer lost.
                None | Some(Match::SameRequest) => session = Session::read(&earlier)?,
                Some(_) => return Ok(Created::KeyReused),
            }
            if is_ready(&earlier) {
                return Ok(Created::Replayed(session));
            }
            if !own && now < earlier.instant(LEASE)? {
                return Ok(Created::InProgress);
            }
            // Half of the seats are from the plan as it was: another plan would sell some twice.
            if earlier.uuid(PLAN)? != plan {
                return Ok(Created::KeyReused);
            }
        }
        let blocks: Vec<_> = blocks.iter().map(|b| block_item::write(session.id, b)).collect();
        stream::iter(blocks)
            .map(|block| self.table.put_new(block))
            .buffer_unordered(WRITES_AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await?;
        self.put_on_sale(&session, organizer).await?;
        Ok(Created::New(session))
    }

    async fn put_on_sale(
        &self,
        session: &Session,
        organizer: OrganizerId,
    ) -> Result<(), StoreError> {
        let update = self
            .table
            .client
            .update_item()
            .table_name(&self.table.name)
            .set_key(Some(keys::entity(Session::KIND, &session.id.to_string())))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let update = match session.waiting_room {
            false => update.update_expression(format!("REMOVE {LEASE}, {PLAN}")),
            true => update
                .update_expression(format!("SET {ATTRIBUTE} = :event REMOVE {LEASE}, {PLAN}"))
                .expression_attribute_values(
                    ":event",
                    outbox::attribute(&created_event(session, organizer)),
                ),
        };
        update.send().await.map_err(StoreError::from_sdk)?;
        Ok(())
    }

    /// The sessions that are on sale.
    pub async fn list_sessions(
        &self,
        filter: ListFilter,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page<Session>, StoreError> {
        let (items, next) = self.entity_items(Session::KIND, filter, limit, after).await?;
        let ready = items.iter().filter(|item| is_ready(item));
        Ok(Page { items: ready.map(Session::read).collect::<Result<_, _>>()?, next })
    }
}
