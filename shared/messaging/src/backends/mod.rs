//! One file per broker.

#[cfg(feature = "memory")]
pub mod memory;
