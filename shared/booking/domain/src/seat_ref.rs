//! A session seat's identifier says where the seat is.
//!
//! Seats lie in blocks of neighbours (see [`super::seating`]). The UUIDs that Marquee gives out
//! are of version 8 and carry the block and the position, so that a seat is found without
//! reading the hall:
//!
//! ```text
//! bits   0..48  hash of the session, high part     bits  66..98   hash of the session, low part
//! bits  52..64  position in the block             bits  98..128  block
//! ```
//!
//! A seat whose identifier came from somewhere else (another system, demo data) is found by
//! looking through the session's blocks once.

use uuid::Uuid;

use crate::{
    hash::hash,
    ids::{SessionId, SessionSeatId},
};

const PURPOSE: &str = "session-seat";
const POSITION_MASK: u64 = 0xfff;
const BLOCK_BITS: u64 = 30;

/// Where a seat lies within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeatPlace {
    pub block: u16,
    pub position: u16,
}

impl SeatPlace {
    pub fn id(self, session: SessionId) -> SessionSeatId {
        SessionHash::of(session).seat_id(self)
    }

    /// Where `id` says that it lies; `None` if it is not of this session or not of our making.
    pub fn of(id: SessionSeatId, session: SessionId) -> Option<Self> {
        let (high, low) = id.uuid().as_u64_pair();
        let place = Self {
            position: u16::try_from(high & POSITION_MASK).ok()?,
            block: u16::try_from(low & ((1 << BLOCK_BITS) - 1)).ok()?,
        };
        (place.id(session) == id).then_some(place)
    }
}

/// What the identifiers of all seats of a session have in common: worked out once for many.
#[derive(Clone, Copy, Debug)]
pub struct SessionHash(u64);

impl SessionHash {
    pub fn of(session: SessionId) -> Self {
        Self(hash(PURPOSE, session.uuid()))
    }

    pub fn seat_id(self, place: SeatPlace) -> SessionSeatId {
        let high = (self.0 >> 16) << 16 | (u64::from(place.position) & POSITION_MASK);
        let low = (self.0 & 0xffff_ffff) << BLOCK_BITS | u64::from(place.block);
        SessionSeatId::new(version_8(high, low))
    }
}

/// A UUID of version 8 around `high` (its bits 12..16 are the version's) and `low` (its top two
/// bits are the variant's).
pub(super) const fn version_8(high: u64, low: u64) -> Uuid {
    let high = high & !0xf000 | 0x8000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    Uuid::from_u64_pair(high, low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_reads_back_and_only_in_its_own_session() {
        let session = SessionId::new(Uuid::from_u128(7));
        let other = SessionId::new(Uuid::from_u128(8));
        for (block, position) in [(0, 0), (299, 32), (u16::MAX, 0xfff)] {
            let place = SeatPlace { block, position };
            let id = place.id(session);
            assert_eq!(SeatPlace::of(id, session), Some(place));
            assert_eq!(SeatPlace::of(id, other), None, "a seat of another session");
            assert_eq!(id.uuid().get_version_num(), 8);
        }
    }

    #[test]
    fn an_identifier_from_elsewhere_says_nothing() {
        let session = SessionId::new(Uuid::from_u128(7));
        let foreign = "fd67f9ef-6058-4f48-a6a6-ba4fcf7435cd".parse().expect("a uuid");
        assert_eq!(SeatPlace::of(foreign, session), None);
    }
}
