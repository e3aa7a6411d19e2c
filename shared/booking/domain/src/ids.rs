//! One newtype per identifier of booking's.

use marquee_kernel::identifiers;

identifiers! {
    /// Who sells.
    OrganizerId
    /// A building with one or more halls.
    LocationId
    /// A room with a seating plan.
    HallId
    /// A seat of a hall, whatever is played there.
    SeatId
    /// What is played: one title, any number of sessions.
    EventId
    /// One event in one hall at one time: what seats are sold for.
    SessionId
    /// One seat at one session; see [`crate::seat_ref`] for what its bits say.
    SessionSeatId
    /// A fare: a name and a multiplier.
    PriceTierId
    /// A hold and what became of it; see [`crate::reservation_ref`] for what its bits say.
    ReservationId
    /// One seat of a confirmed reservation.
    TicketId
}
