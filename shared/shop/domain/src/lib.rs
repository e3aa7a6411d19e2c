//! The shop's rules: games, carts, invoices, and what is counted.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | identifiers, which say where things are |
//! | [`game`] | what is sold, and how the catalogue is searched |
//! | [`cart`] | a cart's life, from the first game to the last that is paid for |
//! | [`invoice`] | an invoice's life |
//! | [`means`] | by what a payment is made |
//! | [`tally`] | users and achievements of a game, counted in several places |
//! | [`problems`] | what callers are told when a rule says no |

pub mod cart;
pub mod game;
pub mod ids;
pub mod invoice;
pub mod means;
pub mod problems;
pub mod tally;
