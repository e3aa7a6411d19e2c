//! What a world is made with.

use std::time::Duration;

use crate::{aws::MappingKind, mix::Mix};

#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub seed: u64,
    pub mix: Mix,
    /// Which of Lambda's mappings calls consumers.
    pub mapping: MappingKind,
    pub clients: usize,
    /// How long clients come.
    pub lasts: Duration,
}

impl Setting {
    /// Nothing goes wrong, and nobody comes.
    pub fn calm(seed: u64, mapping: MappingKind) -> Self {
        Self { seed, mix: Mix::default(), mapping, clients: 0, lasts: Duration::ZERO }
    }
}
