//! What the waiting room refuses, as callers are told.

use marquee_kernel::problem_types;

problem_types! {
    ROOM_OPENED = "room-opened", 409, "Waiting room has opened",
        "The order of those who came before the opening is drawn: when it opens cannot be changed any more.";
    SALE_OVER = "sale-over", 409, "Sale is over",
        "All seats are sold, or sales have ended: nobody is let in any more.";
    PLACE_NOT_OVER = "place-not-over", 409, "Place not over",
        "The place that you had still counts. Join again as `Retry-After` says.";
    ROOM_UNAVAILABLE = "room-unavailable", 503, "Waiting room unavailable",
        "The room cannot take anybody at the moment. Nobody loses a place: join again as `Retry-After` says.";
}
