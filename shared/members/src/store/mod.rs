//! Members' table.
//!
//! | partition key | sort key | item |
//! |---|---|---|
//! | `M#<member>` | `seat` | which seat the member has |
//! | `S#<seat>` | `member` | whose the seat is |
//!
//! The two are written by one transaction, so that a member has one seat and a seat one member.

pub mod schema;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use marquee_dynamo::{
    client::Table,
    error::StoreError,
    item::{Item, ReadItem, item, key, text},
    table::{self, ConditionalUpdate, condition_failed},
};
use marquee_members_domain::{MemberId, Saved, SeatNumber};

const SEAT: &str = "seat";
const MEMBER: &str = "member";

/// Members' storage: cheap to clone.
#[derive(Clone, Debug)]
pub struct MembersStore {
    table: Arc<Table>,
}

fn member_key(member: &MemberId) -> Item {
    key(format!("M#{member}"), SEAT.to_owned())
}

fn seat_key(seat: &SeatNumber) -> Item {
    key(format!("S#{seat}"), MEMBER.to_owned())
}

impl MembersStore {
    pub fn new(table: Table) -> Self {
        Self { table: Arc::new(table) }
    }

    /// Gives a member a seat that is free, or the member's already: four write units. One that
    /// `replaces` the member's seat does so only if the member has that one: six. So a request that
    /// comes again after a later one changes nothing.
    pub async fn save(
        &self,
        member: &MemberId,
        seat: &SeatNumber,
        replaces: Option<&SeatNumber>,
    ) -> Result<Saved, StoreError> {
        let replaces = replaces.filter(|old| *old != seat);
        let mut writes = vec![
            assign(member_key(member), SEAT, seat.as_str(), replaces)?,
            assign(seat_key(seat), MEMBER, member.as_str(), None)?,
        ];
        if let Some(old) = replaces {
            writes.push(table::delete_if(seat_key(old), MEMBER, member.as_str())?);
        }
        let Err(reasons) = self.table.transact(writes).await? else { return Ok(Saved::Saved) };
        if condition_failed(reasons.get(1)) {
            return Ok(Saved::SeatTaken);
        }
        if let Some(has) = reasons.first().filter(|reason| condition_failed(Some(reason))) {
            return Ok(match has.item().map(read_seat).transpose()? {
                Some(other) => Saved::HasOther(other),
                None => Saved::HasNone,
            });
        }
        let fits = |reason: &CancellationReason| matches!(reason.code(), None | Some("None"));
        match reasons.iter().take(2).all(fits) && condition_failed(reasons.get(2)) {
            // Only the old seat is somebody else's by now: the change was made before.
            true => Ok(Saved::Saved),
            // Others were in the way, and what else the reasons say is not all of it.
            false => Err(StoreError::transient(format!("the seat of {member} is being changed"))),
        }
    }

    /// The member's seat, as it is now: one read unit.
    pub async fn seat(&self, member: &MemberId) -> Result<Option<SeatNumber>, StoreError> {
        let found = self.table.get(member_key(member), true).await?;
        found.as_ref().map(read_seat).transpose()
    }

    /// The seats of those members who have one, as they are now: one read unit each.
    pub async fn seats(
        &self,
        members: impl IntoIterator<Item = MemberId>,
    ) -> Result<HashMap<MemberId, SeatNumber>, StoreError> {
        // A batch read takes no key twice.
        let members: BTreeSet<_> = members.into_iter().collect();
        let wanted = members.iter().map(member_key).collect();
        let found = self.table.batch_get(wanted, true).await?;
        let read = |item: &Item| {
            let member =
                item.text(marquee_dynamo::item::PARTITION)?.strip_prefix("M#").map(str::parse);
            let member = member.and_then(Result::ok);
            Ok((member.ok_or_else(|| StoreError::unreadable(MEMBER))?, read_seat(item)?))
        };
        found.iter().map(read).collect()
    }
}

fn read_seat(item: &Item) -> Result<SeatNumber, StoreError> {
    item.parsed(SEAT)
}

/// Sets an attribute that is that already, or is `old` if there has to be one, or else is not there.
fn assign(
    key: Item,
    name: &str,
    value: &str,
    old: Option<&SeatNumber>,
) -> Result<TransactWriteItem, StoreError> {
    let or = if old.is_some() { "#name = :old" } else { "attribute_not_exists(#name)" };
    let update = ConditionalUpdate {
        key,
        update: "SET #name = :value".into(),
        condition: format!("#name = :value OR {or}"),
        names: Some(HashMap::from([("#name".to_owned(), name.to_owned())])),
        values: item([(":value", Some(text(value))), (":old", old.map(|old| text(old.as_str())))]),
    };
    update.into_transact_item()
}
