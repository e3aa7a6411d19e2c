//! The waiting room's rules: who comes after whom, who is let in, and what they are told.
//!
//! | module | what it holds |
//! |---|---|
//! | [`ids`] | identifiers, which say where things are |
//! | [`slot`] | a visitor's slot in one of the room's lines |
//! | [`lot`] | the order of those who came before the opening, drawn by lot |
//! | [`room`] | a room, and its settings |
//! | [`phase`] | what a room is doing |
//! | [`tally`] | how many were let in, and how many more may be |
//! | [`visitor`] | a visitor's life |
//! | [`outlook`] | what a visitor is told of the wait |
//! | [`standing`] | how a room stands, as it is measured |
//! | [`problems`] | what callers are told when a rule says no |

pub mod ids;
pub mod lot;
pub mod outlook;
pub mod phase;
pub mod problems;
pub mod room;
pub mod slot;
pub mod standing;
pub mod tally;
pub mod visitor;
