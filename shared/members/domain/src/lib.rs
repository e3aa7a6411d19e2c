//! Members of a conference, and the one seat that each may have.

use marquee_kernel::names::{checked, names};

names! {
    /// A member, as whoever registers them calls them.
    MemberId, |text| checked(text, 100);
    /// A seat, as it is written on it: `12A`.
    SeatNumber, |text| checked(text, 20);
}

/// What became of a request to save a member's seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The seat is the member's: now, or it was before.
    Saved,
    /// It is another member's.
    SeatTaken,
    /// The member has this other seat, which only a request that names it gives up.
    HasOther(SeatNumber),
    /// The member has no seat that another could replace.
    HasNone,
}
