//! One newtype per identifier, so that a hall cannot be passed where a session is meant.

use std::{fmt, str::FromStr};

use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

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
    /// One seat at one session; see [`crate::booking::seat_ref`] for what its bits say.
    SessionSeatId
    /// A fare: a name and a multiplier.
    PriceTierId
    /// The buyer, as the `X-User-ID` header names them.
    UserId
    /// A hold and what became of it; see [`crate::booking::reservation_ref`] for what its bits say.
    ReservationId
    /// One seat of a confirmed reservation.
    TicketId
}
