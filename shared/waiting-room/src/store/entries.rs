//! Visitors' entries.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{ReadItem, instant, item, names, text, uuid},
    table::{Change, ConditionalUpdate},
};
use marquee_kernel::time::Timestamp;
use marquee_passes::request::Wish;
use marquee_waiting_room_domain::{ids::EntryId, slot::Slot, visitor::Status};
use uuid::Uuid;

pub use super::items::{Entry, Place};
use super::{WaitingRoomStore, items, keys};
use crate::events::Arrival;

const JOIN: &str =
    "SET #session = :session, #user = :user, #slot = :slot, #status = :waiting, #joined = :at";
/// What was of an earlier place.
const FORGET: &str = "REMOVE #place, #until, #ended, #admitted, #holds, #refused, #reservation";

/// What joining came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    Joined,
    /// The visitor is in the room already, or was when they came.
    Known,
    /// The visitor's earlier place still counts.
    NotYet,
    /// The line had come to the slot before the entry said that it stands there: it needs another one.
    PassedOver,
}

impl WaitingRoomStore {
    /// An entry: half a read unit, or one if `consistent`.
    pub async fn entry(&self, id: EntryId, consistent: bool) -> Result<Option<Entry>, StoreError> {
        let found = self.table.get(keys::entry(id), consistent).await?;
        Ok(found.map(|item| items::read_entry(&item)).transpose()?.flatten())
    }

    /// Gives a visitor a slot that was appended for them, unless they have one: one write unit. Who comes
    /// again after their place is over gets the new slot; a message that comes again does not bring
    /// them back.
    pub async fn join(&self, arrival: &Arrival, slot: Slot) -> Result<Joining, StoreError> {
        let id = EntryId::of(arrival.session, arrival.user);
        let update = ConditionalUpdate {
            key: keys::entry(id),
            update: match arrival.wish {
                Some(_) => format!("{JOIN}, #wish = :wish {FORGET}"),
                None => format!("{JOIN} {FORGET}, #wish"),
            },
            condition: "(attribute_not_exists(#slot) \
                        OR (#ended < :at AND attribute_not_exists(#list))) \
                        AND (attribute_not_exists(#passed) OR #passed < :slot)"
                .to_owned(),
            names: Some(names([
                items::SESSION,
                items::USER,
                items::SLOT,
                items::STATUS,
                items::JOINED_AT,
                items::PLACE_ID,
                items::UNTIL,
                items::ENDED_AT,
                items::ADMITTED_AT,
                items::HOLDS,
                items::PASSED,
                items::REFUSED,
                items::RESERVATION,
                items::WISH,
                keys::LIST,
            ])),
            values: item([
                (":session", Some(uuid(arrival.session.uuid()))),
                (":user", Some(uuid(arrival.user.uuid()))),
                (":slot", Some(text(slot.to_string()))),
                (":waiting", Some(text(Status::Waiting.as_str()))),
                (":at", Some(instant(arrival.at))),
                (":wish", arrival.wish.as_ref().map(items::write_wish)),
            ]),
        };
        let Err(found) = self.table.update(update).await? else { return Ok(Joining::Joined) };
        let has = found.optional_text(items::SLOT);
        let slot = slot.to_string();
        if has == Some(slot.as_str()) {
            // The answer of the write itself was lost; or it was let in since.
            return Ok(Joining::Joined);
        }
        let over = found.optional_number::<i64>(items::ENDED_AT);
        let comes_again = over.is_some_and(|ended| ended < arrival.at.millis());
        let passed = found.optional_text(items::PASSED).is_some_and(|passed| *passed >= *slot);
        Ok(match has.is_none() || comes_again {
            true if passed => Joining::PassedOver,
            true => Joining::NotYet,
            false => Joining::Known,
        })
    }

    /// A visitor goes: one write unit, or three from inside. Whoever was let in keeps counting as inside
    /// until no pass of theirs can be good any more. `false` if the entry is not as it was seen.
    ///
    /// If the visit was over, it ends once more: the visitor may have joined again since, and that message
    /// may still be on its way. It would bring back someone who has been told that they are gone.
    pub async fn leave(
        &self,
        entry: &Entry,
        pass: Duration,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let over = entry.status.is_over();
        let ended_at = entry.ended_at.map_or(now, |ended| now.max(just_after(ended)));
        let change = Change::default()
            .set(items::STATUS, text(if over { entry.status } else { Status::Left }.as_str()))
            .set(items::ENDED_AT, instant(ended_at))
            .only_if(items::SLOT, Some(text(entry.slot.to_string())))
            .only_if(items::STATUS, Some(text(entry.status.as_str())));
        let change = match entry.place {
            None => change,
            Some(place) => {
                // What is on hold stays on hold, whoever has left.
                let until = if place.holds { place.until } else { place.until.min(now + pass) };
                inside_until(change, entry.id, until)
                    .only_if(items::UNTIL, Some(instant(place.until)))
                    .only_if(items::HOLDS, place.holds.then(|| text("yes")))
            }
        };
        Ok(self.table.update(change.of(keys::entry(entry.id))).await?.is_ok())
    }

    /// A visitor has seats on hold: the place is theirs as long. Three write units; or two if it is that
    /// long already. Nothing happens if it is over.
    pub async fn keep_place(
        &self,
        id: EntryId,
        place: Uuid,
        reservation: Uuid,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let holds = |change: Change| {
            change
                .set(items::HOLDS, text("yes"))
                .set(items::RESERVATION, uuid(reservation))
                .remove(items::REFUSED)
                .only_if(items::PLACE_ID, Some(uuid(place)))
                .only_with(keys::LIST)
        };
        let longer = holds(inside_until(Change::default(), id, until)).only(
            items::UNTIL,
            "<",
            instant(until),
            false,
        );
        if self.table.update(longer.of(keys::entry(id))).await?.is_err() {
            let as_it_is = holds(Change::default()).only_if(items::RESERVATION, None);
            drop(self.table.update(as_it_is.of(keys::entry(id))).await?);
        }
        Ok(())
    }
}

impl WaitingRoomStore {
    /// Sets or changes what is to be booked for a visitor who waits: one write unit. `false` if they do
    /// not wait any more.
    pub async fn set_wish(&self, entry: &Entry, wish: &Wish) -> Result<bool, StoreError> {
        let change = Change::default()
            .set(items::WISH, items::write_wish(wish))
            .only_if(items::SLOT, Some(text(entry.slot.to_string())))
            .only_if(items::STATUS, Some(text(Status::Waiting.as_str())));
        Ok(self.table.update(change.of(keys::entry(entry.id))).await?.is_ok())
    }

    /// Notes why what a visitor asked for was not booked, as long as the place is theirs: one write unit.
    pub async fn note_refusal(
        &self,
        id: EntryId,
        place: Uuid,
        reason: &str,
    ) -> Result<(), StoreError> {
        let change = Change::default()
            .set(items::REFUSED, text(reason))
            .only_if(items::PLACE_ID, Some(uuid(place)))
            .only_if(items::HOLDS, None)
            .only_with(keys::LIST);
        self.table.update(change.of(keys::entry(id))).await.map(drop)
    }
}

/// When somebody joins again, at the earliest: whatever the clock says of the process that wrote the end.
pub fn just_after(ended: Timestamp) -> Timestamp {
    ended + Duration::from_millis(1)
}

fn inside_until(change: Change, id: EntryId, until: Timestamp) -> Change {
    change
        .set(items::UNTIL, instant(until))
        .set(keys::AT, AttributeValue::S(keys::position(until, id)))
}
