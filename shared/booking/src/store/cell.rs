//! A seat's state as an attribute: 23 bytes that sort by "when may somebody else have it".
//!
//! ```text
//! byte   0        state: 1 held, 2 confirmed, 3 sold       (a free seat has no attribute)
//! bytes  1..7     held until, milliseconds, big-endian
//! bytes  7..23    owner
//! ```
//!
//! DynamoDB compares bytes from the left, so "held, and the hold has run out" is the one
//! comparison `cell < claimable_before(now)`, and nothing confirmed or sold is ever below it.

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_booking_domain::seat::{Claim, SeatState};
use marquee_dynamo::item::bytes;
use marquee_kernel::time::Timestamp;
use uuid::Uuid;

const HELD: u8 = 1;
const CONFIRMED: u8 = 2;
const SOLD: u8 = 3;
const LEN: usize = 23;

/// The attribute's name for the seat at `position`.
pub(super) fn name(position: u16) -> String {
    format!("s{position}")
}

/// The position that an attribute's name stands for, if it is a cell's.
pub(super) fn position(name: &str) -> Option<u16> {
    name.strip_prefix('s')?.parse().ok()
}

/// `None` for a free seat: it has no attribute.
pub(super) fn encode(state: SeatState) -> Option<AttributeValue> {
    let (code, claim) = match state {
        SeatState::Free => return None,
        SeatState::Held(claim) => (HELD, claim),
        SeatState::Confirmed(claim) => (CONFIRMED, claim),
        SeatState::Sold(claim) => (SOLD, claim),
    };
    Some(bytes(pack(code, claim)))
}

/// Cells below this are holds that have run out at `now`.
pub(super) fn claimable_before(now: Timestamp) -> AttributeValue {
    let until = Timestamp::from_millis(now.millis() + 1);
    bytes(pack(HELD, Claim { owner: Uuid::nil(), until }))
}

pub(super) fn decode(cell: &[u8]) -> Option<SeatState> {
    let cell: &[u8; LEN] = cell.try_into().ok()?;
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&cell[1..7]);
    let until = Timestamp::from_millis(i64::from_be_bytes(millis));
    let claim = Claim { owner: Uuid::from_slice(&cell[7..]).ok()?, until };
    match cell[0] {
        HELD => Some(SeatState::Held(claim)),
        CONFIRMED => Some(SeatState::Confirmed(claim)),
        SOLD => Some(SeatState::Sold(claim)),
        _ => None,
    }
}

fn pack(code: u8, claim: Claim) -> Vec<u8> {
    let mut cell = Vec::with_capacity(LEN);
    cell.push(code);
    cell.extend_from_slice(&claim.until.millis().max(0).to_be_bytes()[2..]);
    cell.extend_from_slice(claim.owner.as_bytes());
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(value: AttributeValue) -> Vec<u8> {
        match value {
            AttributeValue::B(blob) => blob.into_inner(),
            other => panic!("{other:?} is not bytes"),
        }
    }

    fn states(millis: i64) -> [SeatState; 3] {
        let claim = Claim { owner: Uuid::max(), until: Timestamp::from_millis(millis) };
        [SeatState::Held(claim), SeatState::Confirmed(claim), SeatState::Sold(claim)]
    }

    #[test]
    fn every_state_reads_back() {
        for state in states(1_763_229_600_123) {
            assert_eq!(decode(&raw(encode(state).expect("a cell"))), Some(state));
        }
        assert_eq!(encode(SeatState::Free), None);
        assert_eq!(decode(&[1, 2, 3]), None);
    }

    #[test]
    fn the_order_of_bytes_is_the_rule_of_the_domain() {
        for until in [0, 255, 256, 1_763_229_600_123] {
            for now in [until - 1, until, until + 1].map(|n: i64| n.max(0)) {
                let now = Timestamp::from_millis(now);
                for state in states(until) {
                    let below = raw(encode(state).expect("a cell")) < raw(claimable_before(now));
                    assert_eq!(below, state.live_claim(now).is_none(), "{state:?} at {now:?}");
                }
            }
        }
    }
}
