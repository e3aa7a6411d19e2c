//! Food: ordered, reserved, cancelled.

pub(crate) mod canteen;
mod flow;
mod idempotency;
mod stock;
