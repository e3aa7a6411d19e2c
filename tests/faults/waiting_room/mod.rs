//! The waiting room: who stands where, and who is let in.

mod admission;
mod budgets;
mod joining;
mod lobby;
