//! What ordering refuses, as callers are told.

use marquee_kernel::problem_types;

problem_types! {
    ORDER_STATUS_CONFLICT = "order-status-conflict", 409, "Order status conflict",
        "The order cannot come to that status; `order_status` says which it has.";
}
