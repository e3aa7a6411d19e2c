//! Seating plans: rows of a hall, and the blocks a session's seats are stored in.
//!
//! A block is a run of neighbouring seats of one row, small enough that its state is one storage
//! item of at most 1 KB when its seats are numbered in sequence (other labels are listed one by
//! one and take more), so that holding any number of its seats costs one write. A row of up to
//! [`SEATS_PER_BLOCK_MAX`] seats is one block; a longer one is cut into blocks of even length.

use std::collections::{BTreeMap, HashSet};

use uuid::Uuid;

use crate::{
    ids::{HallId, SeatId, SessionId, SessionSeatId},
    seat::SeatState,
    seat_ref::{SeatPlace, SessionHash},
};

/// 34 claims of 26 bytes and the block's own attributes stay under 1 KB.
pub const SEATS_PER_BLOCK_MAX: usize = 34;
/// A seat map of more, with labels as long as they may be, would not fit a function's answer of
/// 6 MB.
pub const SEATS_PER_HALL_MAX: usize = 15_000;
/// A row's item stays far from the 400 KB an item may have.
pub const SEATS_PER_ROW_MAX: usize = 2_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HallSeat {
    pub seat_number: String,
    pub seat_type: String,
}

/// A row of a hall, its seats in the order they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HallRow {
    pub row_number: String,
    pub seats: Vec<HallSeat>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeatingError {
    #[error("row {row} names seat {seat} twice")]
    SeatTwice { row: String, seat: String },
    #[error("row {row} is named twice")]
    RowTwice { row: String },
    #[error("row {row} has {actual} seats; a row has 1 to {SEATS_PER_ROW_MAX}")]
    RowSize { row: String, actual: usize },
    #[error("{actual} seats; a hall has at most {SEATS_PER_HALL_MAX}")]
    HallSize { actual: usize },
}

/// Checks that rows can stand in one hall.
pub fn check_rows(rows: &[HallRow]) -> Result<(), SeatingError> {
    let mut labels = HashSet::new();
    for row in rows {
        let label = &row.row_number;
        if !labels.insert(label) {
            return Err(SeatingError::RowTwice { row: label.clone() });
        }
        if row.seats.is_empty() || row.seats.len() > SEATS_PER_ROW_MAX {
            return Err(SeatingError::RowSize { row: label.clone(), actual: row.seats.len() });
        }
        let mut numbers = HashSet::new();
        if let Some(seat) = row.seats.iter().find(|seat| !numbers.insert(&seat.seat_number)) {
            let seat = seat.seat_number.clone();
            return Err(SeatingError::SeatTwice { row: label.clone(), seat });
        }
    }
    let actual = rows.iter().map(|row| row.seats.len()).sum();
    if actual > SEATS_PER_HALL_MAX {
        return Err(SeatingError::HallSize { actual });
    }
    Ok(())
}

/// What the identifiers of all seats of a hall's row have in common.
#[derive(Clone, Copy, Debug)]
pub struct HallRowHash(u128);

impl HallRowHash {
    pub fn of(hall: HallId, row_number: &str) -> Self {
        Self(Uuid::new_v5(&hall.uuid(), row_number.as_bytes()).as_u128())
    }

    /// The identifier of the seat that stands at `offset` in the row.
    pub fn seat_id(self, offset: usize) -> SeatId {
        let offset = u128::try_from(offset).unwrap_or(0) & 0xffff;
        SeatId::new(Uuid::from_u128(self.0 & !0xffff | offset))
    }
}

/// The part of a block that never changes once its session exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatBlock {
    pub index: u16,
    pub row_number: String,
    /// How many seats of the row stand before this block.
    pub offset: usize,
    pub seats: Vec<HallSeat>,
    /// Seats whose identifiers were given to us, by position.
    pub given_ids: BTreeMap<u16, (SessionSeatId, SeatId)>,
}

impl SeatBlock {
    pub fn session_seat_id(&self, session: SessionId, position: u16) -> SessionSeatId {
        match self.given_ids.get(&position) {
            Some((id, _)) => *id,
            None => SeatPlace { block: self.index, position }.id(session),
        }
    }

    /// The identifiers of all seats, in order.
    pub fn ids(
        &self,
        session: SessionHash,
        hall: HallId,
    ) -> impl Iterator<Item = (SessionSeatId, SeatId)> {
        let row = HallRowHash::of(hall, &self.row_number);
        (0_u16..).zip(&self.seats).map(move |(position, _)| match self.given_ids.get(&position) {
            Some(given) => *given,
            None => (
                session.seat_id(SeatPlace { block: self.index, position }),
                row.seat_id(self.offset + usize::from(position)),
            ),
        })
    }
}

/// A block with the state of its seats at one reading, by position; missing means free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockState {
    pub block: SeatBlock,
    pub seats: BTreeMap<u16, SeatState>,
}

impl BlockState {
    pub fn seat(&self, position: u16) -> SeatState {
        self.seats.get(&position).copied().unwrap_or_default()
    }
}

/// Cuts rows into blocks, numbered in order.
pub fn into_blocks(rows: Vec<HallRow>) -> Vec<SeatBlock> {
    let mut blocks = Vec::new();
    for row in rows {
        let pieces = row.seats.len().div_ceil(SEATS_PER_BLOCK_MAX).max(1);
        let piece_len = row.seats.len().div_ceil(pieces).max(1);
        for (piece, seats) in row.seats.chunks(piece_len).enumerate() {
            blocks.push(SeatBlock {
                index: u16::try_from(blocks.len()).unwrap_or(u16::MAX),
                row_number: row.row_number.clone(),
                offset: piece * piece_len,
                seats: seats.to_vec(),
                given_ids: BTreeMap::new(),
            });
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(label: &str, seats: usize) -> HallRow {
        let seat = |n: usize| HallSeat { seat_number: n.to_string(), seat_type: "standard".into() };
        HallRow { row_number: label.into(), seats: (1..=seats).map(seat).collect() }
    }

    #[test]
    fn a_row_is_one_block_until_it_is_too_long_and_then_even_pieces() {
        let blocks = into_blocks(vec![row("A", 34), row("B", 35), row("C", 100)]);
        let lengths: Vec<_> = blocks.iter().map(|block| block.seats.len()).collect();
        assert_eq!(lengths, [34, 18, 17, 34, 34, 32]);
        assert_eq!(blocks[2].offset, 18);
        assert_eq!(blocks[5].seats[31].seat_number, "100");
    }

    #[test]
    fn plans_that_name_a_place_twice_are_refused() {
        let mut twice = row("A", 2);
        twice.seats[1].seat_number = "1".into();
        assert!(matches!(check_rows(&[twice]), Err(SeatingError::SeatTwice { .. })));
        let rows = [row("A", 1), row("A", 2)];
        assert!(matches!(check_rows(&rows), Err(SeatingError::RowTwice { .. })));
        assert!(matches!(check_rows(&[row("A", 0)]), Err(SeatingError::RowSize { .. })));
    }

    #[test]
    fn no_two_seats_of_a_hall_share_an_identifier() {
        let hall = HallId::new(Uuid::from_u128(3));
        let ids: HashSet<_> = ["A", "B"]
            .into_iter()
            .flat_map(|label| {
                (0..100).map(move |offset| HallRowHash::of(hall, label).seat_id(offset))
            })
            .collect();
        assert_eq!(ids.len(), 200);
    }
}
