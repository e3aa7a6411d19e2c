//! Seats next to one another, the best first.

use std::collections::BTreeMap;

use marquee_kernel::time::Timestamp;

use crate::{seat_ref::SeatPlace, seating::BlockState};

/// A seat of a row, and whether it is free.
type InRow = (SeatPlace, bool);

/// Every choice of so many free seats that stand together in a row, the best first: the row that is
/// farthest in front, and in it the middle.
pub fn together(blocks: &[BlockState], count: usize, now: Timestamp) -> Vec<Vec<SeatPlace>> {
    let mut choices = Vec::new();
    for (row, seats) in rows(blocks, now).iter().enumerate() {
        if count == 0 {
            break;
        }
        for (first, window) in seats.windows(count).enumerate() {
            if window.iter().all(|(_, free)| *free) {
                // Twice the distance from the middle, which is a whole number.
                let off = (2 * first + count).abs_diff(seats.len());
                let places: Vec<_> = window.iter().map(|(place, _)| *place).collect();
                choices.push(((row, off, first), places));
            }
        }
    }
    choices.sort_by_key(|(rank, _)| *rank);
    choices.into_iter().map(|(_, places)| places).collect()
}

/// Each row's seats as they stand, the row in front first. A long row is several blocks.
fn rows(blocks: &[BlockState], now: Timestamp) -> Vec<Vec<InRow>> {
    let mut in_order: Vec<_> = blocks.iter().collect();
    in_order.sort_by_key(|state| state.block.index);
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows: Vec<Vec<InRow>> = Vec::new();
    for state in in_order {
        let number = *numbers.entry(state.block.row_number.as_str()).or_insert_with(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        let seats = (0_u16..).zip(&state.block.seats).map(|(position, _)| {
            let free = state.seat(position).live_claim(now).is_none();
            (SeatPlace { block: state.block.index, position }, free)
        });
        if let Some(row) = rows.get_mut(number) {
            row.extend(seats);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use uuid::Uuid;

    use super::*;
    use crate::{
        seat::{Claim, SeatState},
        seating::{HallSeat, SeatBlock},
    };

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn block(index: u16, row: &str, seats: usize, taken: &[u16]) -> BlockState {
        let seat = |n: usize| HallSeat { seat_number: n.to_string(), seat_type: "standard".into() };
        let claim = Claim { owner: Uuid::from_u128(1), until: NOW + Duration::from_secs(1) };
        BlockState {
            block: SeatBlock {
                index,
                row_number: row.into(),
                offset: 0,
                seats: (0..seats).map(seat).collect(),
                given_ids: BTreeMap::new(),
            },
            seats: taken.iter().map(|position| (*position, SeatState::Held(claim))).collect(),
        }
    }

    fn positions(choice: &[SeatPlace]) -> Vec<(u16, u16)> {
        choice.iter().map(|place| (place.block, place.position)).collect()
    }

    #[test]
    fn the_middle_of_the_row_in_front_is_best_and_nobody_sits_apart() {
        let hall = [block(1, "B", 6, &[]), block(0, "A", 6, &[2])];
        let choices = together(&hall, 2, NOW);
        assert_eq!(positions(&choices[0]), [(0, 3), (0, 4)]);
        // Both as far from the middle.
        assert_eq!(positions(&choices[1]), [(0, 0), (0, 1)]);
        assert_eq!(positions(&choices[2]), [(0, 4), (0, 5)]);
        assert_eq!(positions(&choices[3]), [(1, 2), (1, 3)]);
        assert_eq!(choices.len(), 3 + 5);
        assert_eq!(together(&hall, 7, NOW), Vec::<Vec<SeatPlace>>::new());
        assert_eq!(together(&hall, 0, NOW), Vec::<Vec<SeatPlace>>::new());
    }

    #[test]
    fn a_row_of_several_blocks_is_one_row_and_a_hold_that_has_ended_is_free() {
        let hall = [block(0, "A", 2, &[0]), block(1, "A", 2, &[])];
        assert_eq!(positions(&together(&hall, 3, NOW)[0]), [(0, 1), (1, 0), (1, 1)]);
        let later = NOW + Duration::from_secs(1);
        assert_eq!(together(&hall, 4, later).len(), 1);
    }
}
