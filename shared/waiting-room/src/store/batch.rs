//! A batch, as the tally names it while it is done.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, bytes, instant, list, map, number, uuid},
};
use marquee_kernel::time::Timestamp;
use marquee_waiting_room_domain::ids::EntryId;
use uuid::Uuid;

use super::op::Op;

pub(super) const BATCH: &str = "batch";
const ID: &str = "id";
const BEGUN_AT: &str = "at";
const UNTIL: &str = "until";
const OVER: &str = "over";
const FIRST: &str = "first";
const WHO: &str = "who";
const OPS: &str = "ops";

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    pub(super) id: Uuid,
    pub(super) at: Timestamp,
    /// Until when places that it gives last.
    pub(super) until: Timestamp,
    /// Places that lasted until then are over.
    pub(super) over: Timestamp,
    /// The number of the first of those it lets in.
    pub(super) first: u64,
    /// Who stands at that number and those after it.
    pub(super) who: Vec<EntryId>,
    pub(super) ops: Vec<Op>,
}

impl Batch {
    pub(super) fn write(&self) -> AttributeValue {
        let who: Vec<u8> = self.who.iter().flat_map(|id| id.uuid().into_bytes()).collect();
        map([
            (ID, Some(uuid(self.id))),
            (BEGUN_AT, Some(instant(self.at))),
            (UNTIL, Some(instant(self.until))),
            (OVER, Some(instant(self.over))),
            (FIRST, Some(number(self.first))),
            (WHO, (!who.is_empty()).then(|| bytes(who))),
            (OPS, (!self.ops.is_empty()).then(|| list(self.ops.iter().map(Op::write)))),
        ])
    }

    pub(super) fn read(item: &Item) -> Result<Self, StoreError> {
        let who = item.optional_bytes(WHO).unwrap_or_default().chunks(16);
        let who = who.map(|id| Uuid::from_slice(id).map(EntryId::new)).collect::<Result<_, _>>();
        Ok(Self {
            id: item.uuid(ID)?,
            at: item.instant(BEGUN_AT)?,
            until: item.instant(UNTIL)?,
            over: item.instant(OVER)?,
            first: item.number(FIRST)?,
            who: who.map_err(|_| StoreError::unreadable(WHO))?,
            ops: item.list(OPS).iter().map(Op::read).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn admits(&self) -> u32 {
        u32::try_from(self.who.len()).unwrap_or(u32::MAX)
    }
}

/// Whether it is this batch that the tally names.
pub(super) fn is(tally: &Item, batch: Uuid) -> bool {
    tally.optional_map(BATCH).and_then(|found| found.optional_uuid(ID)) == Some(batch)
}
