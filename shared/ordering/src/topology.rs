//! Ordering's part of the topology.

use marquee_messaging::topology::{Part, Queue, RetryPolicy};

/// Ordering's events.
pub const ORDERS_EXCHANGE: &str = "orders_exchange";

pub const ORDER_PLACED: Queue = Queue {
    name: "order_placed",
    exchange: ORDERS_EXCHANGE,
    routing_keys: &["order.placed"],
    consumer: "on-order-placed",
    retry: RetryPolicy::STANDARD,
};

pub const INVENTORY_RESERVED: Queue = Queue {
    name: "inventory_reserved",
    exchange: ORDERS_EXCHANGE,
    routing_keys: &["inventory.reserved"],
    consumer: "on-inventory-reserved",
    retry: RetryPolicy::STANDARD,
};

pub const ORDER_CALLBACK_RESERVED: Queue = Queue {
    name: "order_callback_reserved",
    exchange: ORDERS_EXCHANGE,
    routing_keys: &["inventory.reserved"],
    consumer: "on-inventory-result",
    retry: RetryPolicy::STANDARD,
};

pub const ORDER_CALLBACK_FAILED: Queue = Queue {
    name: "order_callback_failed",
    exchange: ORDERS_EXCHANGE,
    routing_keys: &["inventory.failed"],
    consumer: "on-inventory-result",
    retry: RetryPolicy::STANDARD,
};

pub const PART: Part = Part {
    queues: &[ORDER_PLACED, INVENTORY_RESERVED, ORDER_CALLBACK_RESERVED, ORDER_CALLBACK_FAILED],
    reply_queues: &[],
};
