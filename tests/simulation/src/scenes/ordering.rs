//! To come.

use std::{rc::Rc, time::Duration};

use async_trait::async_trait;

use super::Scene;
use crate::{mix::Fault, world::World};

pub(super) const SCHEDULES: &[(&str, Duration)] = &[("reconcile-orders", super::MINUTE)];

/// Whether the context promises to get over such a fault.
pub(super) fn survives(_: Fault) -> bool {
    true
}

/// Whether a dead letter is one that had to be.
pub(super) fn explains(_: &str, _: &str) -> bool {
    false
}

#[derive(Debug, Default)]
pub struct Ordering;

#[async_trait(?Send)]
impl Scene for Ordering {
    async fn open(&self, _: &Rc<World>) -> Result<(), String> {
        Ok(())
    }

    async fn client(&self, _: &Rc<World>, _: usize) {}

    async fn at_rest(&self, _: &Rc<World>) -> Result<(), String> {
        Ok(())
    }
}
