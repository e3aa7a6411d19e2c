//! The outage drill: takes the inventory away while orders come in, gives it back, and proves that
//! nothing was lost.
//!
//! | module | what it holds |
//! |---|---|
//! | [`canteen`] | the system, over HTTP |
//! | [`drill`] | the steps |
//! | [`screen`] | what they look like |
//! | [`verdict`] | what must be true afterwards |

pub mod canteen;
pub mod drill;
pub mod screen;
pub mod verdict;
