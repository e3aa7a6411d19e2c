//! The shop's part of the topology.

use marquee_messaging::topology::{Part, Queue, RetryPolicy};

/// The shop's events.
pub const SHOP_EVENTS: &str = "shop_events";

pub const INVOICE_REQUESTED: Queue = Queue {
    name: "invoice_requested",
    exchange: SHOP_EVENTS,
    routing_keys: &["invoice.requested"],
    consumer: "on-invoice-requested",
    retry: RetryPolicy::STANDARD,
};

pub const INVOICE_RESULT: Queue = Queue {
    name: "invoice_result",
    exchange: SHOP_EVENTS,
    routing_keys: &["invoice.ok", "invoice.rejected"],
    consumer: "on-invoice-result",
    retry: RetryPolicy::STANDARD,
};

pub const CART_APPROVED: Queue = Queue {
    name: "cart_approved",
    exchange: SHOP_EVENTS,
    routing_keys: &["cart.approved"],
    consumer: "on-cart-approved",
    retry: RetryPolicy::STANDARD,
};

pub const PURCHASE_RECORDED: Queue = Queue {
    name: "purchase_recorded",
    exchange: SHOP_EVENTS,
    routing_keys: &["purchase.recorded"],
    consumer: "on-purchase-recorded",
    retry: RetryPolicy::STANDARD,
};

pub const AGGREGATOR_QUEUE: Queue = Queue {
    name: "aggregator_queue",
    exchange: SHOP_EVENTS,
    routing_keys: &["game.changed", "game.users_changed", "game.achievements_changed"],
    consumer: "on-shop-event",
    retry: RetryPolicy::STANDARD,
};

pub const PART: Part = Part {
    queues: &[
        INVOICE_REQUESTED,
        INVOICE_RESULT,
        CART_APPROVED,
        PURCHASE_RECORDED,
        AGGREGATOR_QUEUE,
    ],
    reply_queues: &[],
};
