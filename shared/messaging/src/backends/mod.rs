//! One module per broker.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "sns-sqs")]
pub mod sns_sqs;
