//! Members' part of the topology.

use marquee_messaging::topology::{Part, Queue, RetryPolicy};

/// What members of a conference ask for.
pub const MEMBERS_EXCHANGE: &str = "members_exchange";
/// Where replies go to requests that name no queue for them.
pub const MEMBER_REPLIES: &str = "member_replies";

pub const MEMBER_MESSAGES: Queue = Queue {
    name: "member_messages",
    exchange: MEMBERS_EXCHANGE,
    routing_keys: &["member.save", "seat.get"],
    consumer: "on-member-message",
    retry: RetryPolicy::STANDARD,
};

pub const PART: Part = Part { queues: &[MEMBER_MESSAGES], reply_queues: &[MEMBER_REPLIES] };
