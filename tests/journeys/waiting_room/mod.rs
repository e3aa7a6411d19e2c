//! Waiting rooms: joined, waited in, left, and reserved from with a pass.

mod joining;
mod leaving;
mod letting_in;
mod live;
mod lobby;
mod opening;
mod passes;
mod refusals;
mod requests;
mod setting_up;
mod sold_out;
