//! One module per broker, and one for those who are connected.

#[cfg(feature = "api-gateway")]
pub mod api_gateway;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
#[cfg(feature = "sns-sqs")]
pub mod sns_sqs;
