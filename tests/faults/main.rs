//! What goes wrong, and what it must not lead to.
//!
//! These speak to the functions as AWS does, by events, so that a test can say what time it is,
//! what the connection to DynamoDB does, and in which order messages come.

mod booking;
mod delivery;
mod members;
mod ordering;
mod price;
mod shop;
mod system;
mod waiting_room;
