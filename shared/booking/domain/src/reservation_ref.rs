//! A reservation's identifier says where it is stored, and a ticket's whose it is.
//!
//! ```text
//! bits   0..40  hash of the user        bits  52..64   the user's how-manieth in that session
//! bits  40..48  random, high part      bits  66..90   hash of the session
//!                                      bits  90..122  random, low part
//!                                      bits 122..128  0, or which ticket of the reservation
//! ```
//!
//! Tags are fingerprints: two users may share one, so whoever reads by it compares the full
//! identifiers too. The random part is what makes a ticket's identifier hard to guess.

use marquee_kernel::ids::UserId;

use crate::{
    hash::hash,
    ids::{ReservationId, SessionId, TicketId},
    seat_ref::version_8,
};

/// The ticket number has six bits, and zero means the reservation itself.
pub const TICKETS_PER_RESERVATION_MAX: usize = 63;
/// The sequence has twelve bits.
pub const RESERVATIONS_PER_USER_AND_SESSION_MAX: u16 = 0xfff;

const USER_TAG_BITS: u32 = 40;
const SESSION_TAG_BITS: u32 = 24;
const TICKET_MASK: u64 = 0x3f;

/// Where a reservation is stored: the n-th of a user for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReservationRef {
    pub user_hash: u64,
    pub session_hash: u32,
    pub sequence: u16,
}

impl ReservationRef {
    pub fn new(user: UserId, session: SessionId, sequence: u16) -> Self {
        Self { user_hash: user_hash(user), session_hash: session_hash(session), sequence }
    }

    /// The identifier; of `random`, 40 bits are used.
    pub fn id(self, random: u64) -> ReservationId {
        let high = self.user_hash << 24 | (random >> 32 & 0xff) << 16 | u64::from(self.sequence);
        let low = u64::from(self.session_hash) << 38 | (random & 0xffff_ffff) << 6;
        ReservationId::new(version_8(high, low))
    }
}

impl ReservationId {
    /// Where this reservation is stored; `None` if the identifier is not of our making.
    pub fn locate(self) -> Option<ReservationRef> {
        let (high, low) = self.uuid().as_u64_pair();
        (self.uuid().get_version_num() == 8 && low & TICKET_MASK == 0).then(|| ReservationRef {
            user_hash: high >> 24,
            session_hash: u32::try_from(low >> 38 & ((1 << SESSION_TAG_BITS) - 1)).unwrap_or(0),
            sequence: u16::try_from(high & 0xfff).unwrap_or(0),
        })
    }

    /// The identifier of the ticket for the item at `index`, counted from zero.
    pub fn ticket(self, index: usize) -> TicketId {
        let (high, low) = self.uuid().as_u64_pair();
        let number = u64::try_from(index + 1).unwrap_or(0) & TICKET_MASK;
        TicketId::new(version_8(high, low & !TICKET_MASK | number))
    }
}

impl TicketId {
    /// The reservation this ticket is of, and the index of its item.
    pub fn reservation(self) -> Option<(ReservationId, usize)> {
        let (high, low) = self.uuid().as_u64_pair();
        let index = usize::try_from(low & TICKET_MASK).ok()?.checked_sub(1)?;
        let id = ReservationId::new(version_8(high, low & !TICKET_MASK));
        (self.uuid().get_version_num() == 8).then_some((id, index))
    }
}

pub fn user_hash(user: UserId) -> u64 {
    hash("user", user.uuid()) >> (64 - USER_TAG_BITS)
}

pub fn session_hash(session: SessionId) -> u32 {
    u32::try_from(hash("session", session.uuid()) >> (64 - SESSION_TAG_BITS)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_reservation_and_its_tickets_lead_to_the_same_place() {
        let user = UserId::new(Uuid::from_u128(1));
        let session = SessionId::new(Uuid::from_u128(2));
        for (sequence, random) in [(0, 0), (0xfff, u64::MAX), (5, 0xab_1234_5678)] {
            let place = ReservationRef::new(user, session, sequence);
            let id = place.id(random);
            assert_eq!(id.locate(), Some(place));
            for index in [0, 9, TICKETS_PER_RESERVATION_MAX - 1] {
                assert_eq!(id.ticket(index).reservation(), Some((id, index)));
            }
        }
    }

    #[test]
    fn identifiers_that_are_not_of_our_making_lead_nowhere() {
        let random: ReservationId = "a1b2c3d4-5678-40ab-8def-1234567890ab".parse().expect("a uuid");
        assert_eq!(random.locate(), None);
        let id = ReservationRef { user_hash: 1, session_hash: 1, sequence: 1 }.id(9);
        assert_eq!(ReservationId::new(id.ticket(0).uuid()).locate(), None, "a ticket is not one");
        assert_eq!(TicketId::new(id.uuid()).reservation(), None, "nor is a reservation a ticket");
    }
}
