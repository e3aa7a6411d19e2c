//! SNS and SQS: an exchange is a topic, a queue subscribes to it with a filter on the routing key
//! and gets the message as it was published ("raw delivery").
//!
//! SNS takes ten messages a request and answers for each of them: those that failed, and no
//! others, are sent again. A request that is refused as a whole is split until whatever it is refused
//! for is alone; that message is never sent again.

mod batch;
mod publisher;
mod queue;
mod replies;

pub use publisher::SnsPublisher;
pub use queue::SqsQueues;
