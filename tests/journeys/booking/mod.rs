//! Seats: on sale, held, paid for, used.

mod concurrency;
mod idempotency;
mod internal_seats;
mod late_payment;
mod messages;
mod payments;
mod reservations;
mod sales;
mod stripe;
mod tickets;
mod user_flow;
mod venue_setup;
