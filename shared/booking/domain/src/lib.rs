//! Seats, holds, reservations and tickets.
//!
//! [`seat`] says who may have a seat and when; [`reservation`] says what a hold may become;
//! [`ticket`] says who may enter. [`seat_ref`] and [`reservation_ref`] are the identifiers that
//! lead to a thing without an index. [`venue`] is what a seller sets up beforehand; [`together`] finds
//! seats next to one another.

pub mod check_in;
mod hash;
pub mod ids;
pub mod payment;
pub mod problems;
pub mod reservation;
pub mod reservation_ref;
pub mod seat;
pub mod seat_ref;
pub mod seating;
pub mod ticket;
pub mod together;
pub mod venue;
