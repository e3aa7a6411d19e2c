//! Payments, for every context: what a payment pays for, what may become of it, and the port to
//! whoever takes the money. No I/O, no runtime, no AWS, no broker.

pub mod charge;
pub mod problems;
pub mod provider;
pub mod status;
