//! Waiting rooms: joined, waited in, left, and reserved from with a pass.

mod joining;
mod leaving;
mod letting_in;
mod lobby;
mod opening;
mod passes;
mod refusals;
mod setting_up;
mod sold_out;
