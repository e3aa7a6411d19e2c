//! To come.

use std::{rc::Rc, time::Duration};

use async_trait::async_trait;

use super::Scene;
use crate::{mix::Fault, world::World};

pub(super) const SCHEDULES: &[(&str, Duration)] = &[
    ("admit-visitors", Duration::from_secs(5)),
    ("push-positions", super::MINUTE),
    ("expire-reservations", super::MINUTE),
    ("settle-payments", super::MINUTE),
];

/// Whether the context promises to get over such a fault.
pub(super) fn survives(_: Fault) -> bool {
    true
}

/// Whether a dead letter is one that had to be.
pub(super) fn explains(_: &str, _: &str) -> bool {
    false
}

#[derive(Debug, Default)]
pub struct WaitingRoom;

#[async_trait(?Send)]
impl Scene for WaitingRoom {
    async fn open(&self, _: &Rc<World>) -> Result<(), String> {
        Ok(())
    }

    async fn client(&self, _: &Rc<World>, _: usize) {}

    async fn at_rest(&self, _: &Rc<World>) -> Result<(), String> {
        Ok(())
    }
}
