//! DynamoDB: dynoxide, AWS's limits around it, and a log of all changes.

pub mod link;
pub mod service;

pub use service::{Answer, Change, Service};
