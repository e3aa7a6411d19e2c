//! A crowd: visitors who come at their own times, wait for their turn, buy or walk away; and what they find.
//!
//! | module | what it holds |
//! |---|---|
//! | [`plan`] | how many come, and when |
//! | [`dice`] | chance, the same for the same seed |
//! | [`api`] | the system, over HTTP |
//! | [`meter`] | how long answers took |
//! | [`stage`] | a session behind a waiting room |
//! | [`board`] | what everybody is told |
//! | [`visitor`] | a visitor's way to the front of the line |
//! | [`live`] | a visitor's connection, for those who have one |
//! | [`inside`] | what a visitor does who was let in |
//! | [`ledger`] | what the visitors were told, all together |
//! | [`run`] | the steps |
//! | [`samples`] | how it went, second by second |
//! | [`screen`] | the line that shows it meanwhile |
//! | [`verdict`] | what must be true afterwards |
//! | [`plot`], [`svg`] | a picture of it |

pub mod api;
pub mod board;
pub mod dice;
pub mod inside;
pub mod ledger;
pub mod live;
pub mod meter;
pub mod plan;
pub mod plot;
pub mod run;
pub mod samples;
pub mod screen;
pub mod stage;
pub mod svg;
pub mod verdict;
pub mod visitor;
