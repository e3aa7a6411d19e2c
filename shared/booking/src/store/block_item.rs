//! A block of seats as an item: its plan, which never changes, and a cell for each seat taken.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_booking_domain::{
    ids::{SeatId, SessionId, SessionSeatId},
    seating::{BlockState, HallSeat, SeatBlock},
};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, bytes, list, number, text},
};
use uuid::Uuid;

use super::{cell, keys};

const ROW: &str = "row";
const OFFSET: &str = "at";
const NUMBERS: &str = "n";
const TYPES: &str = "t";
const GIVEN_IDS: &str = "ids";
/// Not stored: what a seat is unless it says otherwise.
pub(super) const STANDARD: &str = "standard";

pub(super) fn write(session: SessionId, block: &SeatBlock) -> Item {
    let mut item = keys::block(session, block.index);
    item.insert(ROW.into(), text(&block.row_number));
    if block.offset > 0 {
        item.insert(OFFSET.into(), number(block.offset));
    }
    write_seats(&mut item, &block.seats);
    if !block.given_ids.is_empty() {
        let given = block.given_ids.iter().map(|(position, (session_seat, seat))| {
            let both = [session_seat.uuid().into_bytes(), seat.uuid().into_bytes()].concat();
            (position.to_string(), bytes(both))
        });
        item.insert(GIVEN_IDS.into(), AttributeValue::M(given.collect()));
    }
    item
}

pub(super) fn read(item: &Item) -> Result<BlockState, StoreError> {
    let index = item
        .text(keys::SORT)?
        .strip_prefix("B#")
        .and_then(|index| index.parse().ok())
        .ok_or_else(|| StoreError::unreadable("a block's key"))?;
    let block = SeatBlock {
        index,
        row_number: item.text(ROW)?.to_owned(),
        offset: item.optional_number(OFFSET).unwrap_or(0),
        seats: read_seats(item)?,
        given_ids: read_given_ids(item)?,
    };
    let mut seats = BTreeMap::new();
    for (name, value) in item {
        if let (Some(position), AttributeValue::B(blob)) = (cell::position(name), value) {
            let state = cell::decode(blob.as_ref())
                .ok_or_else(|| StoreError::unreadable("the state of a seat"))?;
            seats.insert(position, state);
        }
    }
    Ok(BlockState { block, seats })
}

fn read_given_ids(item: &Item) -> Result<BTreeMap<u16, (SessionSeatId, SeatId)>, StoreError> {
    let Some(given) = item.optional_map(GIVEN_IDS) else { return Ok(BTreeMap::new()) };
    given
        .keys()
        .map(|position| {
            let both = given.optional_bytes(position)?;
            let (session_seat, seat) = both.split_at_checked(16)?;
            let ids = (
                SessionSeatId::new(Uuid::from_slice(session_seat).ok()?),
                SeatId::new(Uuid::from_slice(seat).ok()?),
            );
            Some((position.parse().ok()?, ids))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| StoreError::unreadable("given seat ids"))
}

/// Numbers that run on are stored as `first-last`, and types only where they differ from
/// [`STANDARD`]: a plain row of any length takes a few bytes.
pub(super) fn write_seats(item: &mut Item, seats: &[HallSeat]) {
    // As u64 a count of seats cannot overflow it.
    let first = seats.first().and_then(|seat| seat.seat_number.parse::<u32>().ok()).map(u64::from);
    let runs_on = first.is_some_and(|first| {
        (first..).zip(seats).all(|(number, seat)| seat.seat_number == number.to_string())
    });
    let numbers = match (first, runs_on) {
        (Some(first), true) => {
            let last = first + seats.len() as u64 - 1;
            text(format!("{first}-{last}"))
        }
        _ => list(seats.iter().map(|seat| text(&seat.seat_number))),
    };
    item.insert(NUMBERS.into(), numbers);
    let first_type = seats.first().map_or(STANDARD, |seat| &seat.seat_type);
    match seats.iter().all(|seat| seat.seat_type == first_type) {
        true if first_type == STANDARD => {}
        true => {
            item.insert(TYPES.into(), text(first_type));
        }
        false => {
            item.insert(TYPES.into(), list(seats.iter().map(|seat| text(&seat.seat_type))));
        }
    }
}

pub(super) fn read_seats(item: &Item) -> Result<Vec<HallSeat>, StoreError> {
    let numbers = match item.optional_text(NUMBERS) {
        Some(range) => read_range(range)?,
        None => read_texts(item, NUMBERS)?,
    };
    let types = match item.optional_text(TYPES) {
        Some(one) => vec![one.to_owned(); numbers.len()],
        None if item.contains_key(TYPES) => read_texts(item, TYPES)?,
        None => vec![STANDARD.to_owned(); numbers.len()],
    };
    let seats = numbers.into_iter().zip(types);
    Ok(seats.map(|(seat_number, seat_type)| HallSeat { seat_number, seat_type }).collect())
}

fn read_range(range: &str) -> Result<Vec<String>, StoreError> {
    let bounds = range
        .split_once('-')
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    let (first, last) = bounds.ok_or_else(|| StoreError::unreadable("seat numbers"))?;
    Ok((first..=last).map(|number| number.to_string()).collect())
}

fn read_texts(item: &Item, name: &str) -> Result<Vec<String>, StoreError> {
    item.list(name)
        .iter()
        .map(|value| value.as_s().cloned().map_err(|_| StoreError::unreadable(name)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(number: &str, kind: &str) -> HallSeat {
        HallSeat { seat_number: number.into(), seat_type: kind.into() }
    }

    #[test]
    fn plans_read_back_whatever_their_labels() {
        for seats in [
            vec![seat("1", STANDARD), seat("2", STANDARD)],
            vec![seat("7", "vip"), seat("8", "vip")],
            vec![seat("1", STANDARD), seat("3", "vip"), seat("4a", STANDARD)],
            vec![seat("01", STANDARD)],
            vec![seat("3-4", STANDARD)],
        ] {
            let session = SessionId::new(Uuid::from_u128(1));
            let mut block = SeatBlock {
                index: 12,
                row_number: "AA".into(),
                offset: 34,
                seats,
                given_ids: BTreeMap::new(),
            };
            let ids = (SessionSeatId::new(Uuid::max()), SeatId::new(Uuid::from_u128(3)));
            block.given_ids.insert(0, ids);
            let state = read(&write(session, &block)).expect("a block");
            assert_eq!(state, BlockState { block, seats: BTreeMap::new() });
        }
    }
}
