//! What booking refuses, as callers are told.

use marquee_kernel::{
    problem::{AsProblem, ProblemType},
    problem_types,
};

use crate::{reservation::ReservationRefusal, venue::NotOnSale};

problem_types! {
    SEAT_TAKEN = "seat-taken", 409, "Seat already locked by another user",
        "Somebody else has the seats in `seats`. Choose others.";
    SALES_NOT_OPEN = "sales-not-open", 409, "Sales not open",
        "Seats of this session cannot be held yet; `sales_start` says from when on.";
    SALES_CLOSED = "sales-closed", 409, "Sales closed",
        "No more seats of this session can be held since `sales_end`. What was held in time can \
         still be paid for.";
    PASS_REQUIRED = "pass-required", 403, "Pass required",
        "Seats of this session can only be reserved with a pass from its waiting room, as the header \
         `X-Queue-Pass`; the detail says what is wrong with yours.";
    PASS_USED = "pass-used", 409, "Pass already used",
        "A place in a waiting room makes one reservation. Yours has made the one that \
         `reservation_id` names; queue again for another.";
    HOLD_LIMIT = "hold-limit", 409, "Too many seats on hold",
        "You hold as many unpaid seats of this session as one user may. Pay or cancel first.";
    HOLD_EXPIRED = "hold-expired", 410, "Reservation expired",
        "The hold ran out. Start over with a new reservation. `payment`, if there, says what became \
         of the payment.";
    RESERVATION_CLOSED = "reservation-closed", 409, "Reservation closed",
        "The reservation is confirmed or cancelled, and what you ask for is no longer possible. \
         `payment`, if there, says what became of the payment that came with the request.";
    TICKET_USED = "ticket-used", 409, "Ticket already used",
        "The ticket was used before; `used_at` and `used_gate` say when and where.";
    TICKET_FORGED = "ticket-forged", 422, "Ticket code not genuine",
        "The code was not signed by us, was altered, or is another ticket's.";
}

impl AsProblem for ReservationRefusal {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Expired(_) | Self::TooLate => &HOLD_EXPIRED,
            Self::Cancelled | Self::Confirmed => &RESERVATION_CLOSED,
        }
    }
}

impl AsProblem for NotOnSale {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::NotOpen(_) => &SALES_NOT_OPEN,
            Self::Closed(_) => &SALES_CLOSED,
        }
    }

    fn member(&self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::NotOpen(at) => ("sales_start", at.to_string()),
            Self::Closed(at) => ("sales_end", at.to_string()),
        })
    }
}
