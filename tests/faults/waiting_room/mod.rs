//! The waiting room: who stands where, and who is let in.

mod admission;
mod budgets;
mod gateway;
mod joining;
mod leaving;
mod lobby;
mod measures;
mod sockets;
mod wishes;
