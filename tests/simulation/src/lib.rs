//! The whole system in simulated worlds. Everything that happens in a world follows from its seed.
//!
//! | module | what it holds |
//! |---|---|
//! | [`plan`], [`setting`], [`mix`] | what a world will be, and what goes wrong in it |
//! | [`world`], [`faults`] | a world, and what strikes in it |
//! | [`play`] | from the first client to the last check |
//! | [`aws`] | what AWS does, and may do |
//! | [`environment`] | the functions, as they are deployed |
//! | [`scenes`] | clients of each context, and what must hold |
//! | [`watch`] | looks at every change of the database |
//! | [`journal`] | what happened |
//! | [`chance`], [`clock`], [`entropy`] | choices, time and random numbers, all from the seed |
//! | [`run`], [`many`] | runs worlds, and makes those that fail smaller |
//! | [`command`], [`history`] | shows what happened |

pub mod aws;
pub mod capacity;
pub mod chance;
pub mod clock;
pub mod command;
pub mod entropy;
pub mod environment;
pub mod faults;
pub mod history;
pub mod journal;
pub mod many;
pub mod mix;
pub mod plan;
pub mod play;
pub mod run;
pub mod scenes;
pub mod setting;
pub mod watch;
pub mod world;
