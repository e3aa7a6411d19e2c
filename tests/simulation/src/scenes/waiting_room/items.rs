//! The waiting room's items, as DynamoDB's JSON has them.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;
use strum::{Display, EnumString};
use uuid::Uuid;

use crate::watch::attribute::{bytes, number, text, uuid};

/// Where a visitor stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) line: String,
    pub(super) index: usize,
}

impl Slot {
    pub(super) const MAIN: &str = "m";

    /// `m-000000000041`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (line, index) = text.split_once('-')?;
        Some(Self { line: line.to_owned(), index: index.parse().ok()? })
    }

    pub(super) fn is_main(&self) -> bool {
        self.line == Self::MAIN
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:012}", self.line, self.index)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Status {
    Waiting,
    Admitted,
    Served,
    Expired,
    Left,
}

impl Status {
    /// In line, or let in.
    pub(super) fn is_live(self) -> bool {
        matches!(self, Self::Waiting | Self::Admitted)
    }
}

/// An entry; or what there is of a visitor who never joined, without a slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Entry {
    pub(super) user: Option<Uuid>,
    pub(super) standing: Option<(Slot, Status)>,
    pub(super) joined: Option<i64>,
    pub(super) ended: Option<i64>,
    pub(super) until: Option<i64>,
    pub(super) place: Option<Uuid>,
    pub(super) in_by: Option<Uuid>,
    pub(super) out_by: Option<Uuid>,
    /// Whether it counts as inside.
    pub(super) inside: bool,
    pub(super) has_wish: bool,
    /// Reservations that were counted, and by which batch.
    pub(super) sold: BTreeMap<Uuid, Option<Uuid>>,
}

impl Entry {
    pub(super) fn read(item: &Value) -> Self {
        let slot = text(item, "slot").and_then(Slot::read);
        let status = text(item, "status").and_then(|status| status.parse().ok());
        let attributes = item.as_object().into_iter().flatten();
        let sold = attributes.filter_map(|(name, value)| {
            let reservation = name.strip_prefix("sold#")?.parse().ok()?;
            Some((reservation, bytes(value).and_then(|id| Uuid::from_slice(&id).ok())))
        });
        Self {
            user: uuid(item, "user"),
            standing: slot.zip(status),
            joined: number(item, "joined"),
            ended: number(item, "ended"),
            until: number(item, "until"),
            place: uuid(item, "place"),
            in_by: uuid(item, "in_by"),
            out_by: uuid(item, "out_by"),
            inside: text(item, "list").is_some(),
            has_wish: !item["wish"].is_null(),
            sold: sold.collect(),
        }
    }

    pub(super) fn status(&self) -> Option<Status> {
        self.standing.as_ref().map(|(_, status)| *status)
    }
}

/// Something that ends a place, as a batch names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Op {
    /// `t` time-out, `e` the hold has expired, `c` cancelled, `s` sold.
    pub(super) kind: String,
    pub(super) entry: Option<Uuid>,
    pub(super) place: Option<Uuid>,
    pub(super) reservation: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    pub(super) id: Uuid,
    pub(super) at: i64,
    pub(super) until: i64,
    /// Places that lasted until then are over.
    pub(super) over: i64,
    /// The number of the first who is let in.
    pub(super) first: u64,
    pub(super) who: Vec<Uuid>,
    pub(super) ops: Vec<Op>,
}

impl Batch {
    fn read(item: &Value) -> Option<Self> {
        let ops = item["ops"]["L"].as_array().into_iter().flatten().map(|op| {
            let op = &op["M"];
            Op {
                kind: text(op, "k").unwrap_or_default().to_owned(),
                entry: uuid(op, "e"),
                place: uuid(op, "p"),
                reservation: uuid(op, "r"),
            }
        });
        Some(Self {
            id: uuid(item, "id")?,
            at: number(item, "at")?,
            until: number(item, "until")?,
            over: number(item, "over")?,
            first: u64::try_from(number(item, "first")?).ok()?,
            who: visitors(&item["who"]),
            ops: ops.collect(),
        })
    }

    /// The number at which it lets somebody in.
    pub(super) fn number_of(&self, entry: Uuid) -> Option<u64> {
        let at = self.who.iter().position(|who| *who == entry)?;
        Some(self.first + at as u64)
    }
}

/// Sixteen bytes for each.
pub(super) fn visitors(value: &Value) -> Vec<Uuid> {
    let bytes = bytes(value).unwrap_or_default();
    bytes.chunks(16).filter_map(|id| Uuid::from_slice(id).ok()).collect()
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) serving: u64,
    pub(super) inside: u64,
    pub(super) sold: u64,
    pub(super) admitted: u64,
    pub(super) version: u64,
    pub(super) batch: Option<Batch>,
}

impl Tally {
    pub(super) fn read(item: &Value) -> Self {
        let count = |name| number(item, name).and_then(|n| u64::try_from(n).ok());
        let count = |name| count(name).unwrap_or_default();
        Self {
            serving: count("serving"),
            inside: count("inside"),
            sold: count("sold"),
            admitted: count("let_in"),
            version: count("v"),
            batch: Batch::read(&item["batch"]["M"]),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Room {
    pub(super) session: Uuid,
    pub(super) seats: u64,
    pub(super) seed: Option<Vec<u8>>,
    pub(super) sales_end: i64,
    pub(super) opens_at: i64,
    pub(super) drawing: bool,
    /// How many slots each early line had when the lot was drawn.
    pub(super) drawn: Option<Vec<u64>>,
    pub(super) capacity: u64,
    pub(super) rate: Option<u64>,
    pub(super) per_visitor: u64,
    pub(super) enabled: bool,
    pub(super) paused: bool,
}

impl Room {
    pub(super) fn read(item: &Value) -> Option<Self> {
        let count = |name| number(item, name).and_then(|n| u64::try_from(n).ok());
        let drawn = item["drawn"]["L"].as_array().map(|counts| {
            let count = |count: &Value| count["N"].as_str().and_then(|n| n.parse().ok());
            counts.iter().filter_map(count).collect()
        });
        Some(Self {
            session: uuid(item, "session")?,
            seats: count("seats")?,
            seed: bytes(&item["seed"]),
            sales_end: number(item, "sales_end")?,
            opens_at: number(item, "opens_at")?,
            drawing: text(item, "drawing").is_some(),
            drawn,
            capacity: count("capacity")?,
            rate: count("rate"),
            per_visitor: count("per_visitor")?.max(1),
            enabled: text(item, "enabled").is_some(),
            paused: text(item, "paused").is_some(),
        })
    }

    /// Slots of all early lines.
    pub(super) fn early(&self) -> Option<u64> {
        self.drawn.as_ref().map(|counts| counts.iter().sum())
    }

    /// Whether visitors may be let in who are in line.
    pub(super) fn lets_in(&self) -> bool {
        self.enabled && !self.paused && self.drawn.is_some() && self.rate != Some(0)
    }

    /// Visitors who may be inside at once, with so many seats sold.
    pub(super) fn inside_max(&self, sold: u64) -> u64 {
        let left = self.seats.saturating_sub(sold);
        self.capacity.min(left.div_ceil(self.per_visitor))
    }
}
