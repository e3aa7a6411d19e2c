//! Every error a caller can get, as `application/problem+json` (RFC 9457).
//!
//! The `type` is stable: clients switch on it. `detail` is for people and may change.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use marquee_domain::booking::venue::NotOnSale;
use serde_json::{Map, Value, json};

/// A kind of error: what its `type`, `title` and `status` are, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemType {
    pub slug: &'static str,
    pub status: u16,
    pub title: &'static str,
    pub advice: &'static str,
}

macro_rules! problem_types {
    ($($name:ident = $slug:literal, $status:literal, $title:literal, $advice:literal;)+) => {
        $(pub static $name: ProblemType = ProblemType {
            slug: $slug,
            status: $status,
            title: $title,
            advice: $advice,
        };)+

        /// All of them, for the documentation.
        pub static ALL: &[&ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    MALFORMED_BODY = "malformed-body", 400, "Malformed body",
        "The body is not JSON. The detail says at which line and column.";
    PAYLOAD_TOO_LARGE = "payload-too-large", 413, "Payload too large",
        "The body is larger than a function takes. Send less at a time.";
    MALFORMED_REQUEST = "malformed-request", 400, "Malformed request",
        "A header, path or query parameter is missing or cannot be read; `field` names it.";
    INVALID_FIELD = "invalid-field", 422, "Invalid field",
        "A field is missing or has a value that cannot be; `field` is its path in the body.";
    NOT_FOUND = "not-found", 404, "Not found",
        "There is no such thing, or it is not yours.";
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "Method not allowed",
        "The path exists, but does not answer to this method.";
    ALREADY_EXISTS = "already-exists", 409, "Already exists",
        "Something with this name is there already.";
    SEAT_TAKEN = "seat-taken", 409, "Seat already locked by another user",
        "Somebody else has the seats in `seats`. Choose others.";
    SALES_NOT_OPEN = "sales-not-open", 409, "Sales not open",
        "Seats of this session cannot be held yet; `sales_start` says from when on.";
    SALES_CLOSED = "sales-closed", 409, "Sales closed",
        "No more seats of this session can be held since `sales_end`. What was held in time can \
         still be paid for.";
    HOLD_LIMIT = "hold-limit", 409, "Too many seats on hold",
        "You hold as many unpaid seats of this session as one user may. Pay or cancel first.";
    HOLD_EXPIRED = "hold-expired", 410, "Reservation expired",
        "The hold ran out. Start over with a new reservation. `refund`, if there, says what became \
         of the payment.";
    RESERVATION_CLOSED = "reservation-closed", 409, "Reservation closed",
        "The reservation is confirmed or cancelled, and what you ask for is no longer possible.";
    PAYMENT_DECLINED = "payment-declined", 402, "Payment declined",
        "The provider declined. The seats stay yours until the hold runs out: pay another way.";
    PAYMENT_TIMED_OUT = "payment-timed-out", 504, "Payment timed out",
        "The provider did not answer. Send the same request again: you are not charged twice.";
    TICKET_USED = "ticket-used", 409, "Ticket already used",
        "The ticket was used before; `used_at` and `used_gate` say when and where.";
    TICKET_FORGED = "ticket-forged", 422, "Ticket code not genuine",
        "The code was not signed by us, was altered, or is another ticket's.";
    ORDER_STATUS_CONFLICT = "order-status-conflict", 409, "Order status conflict",
        "The order cannot come to that status; `order_status` says which it has.";
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused", 422, "Idempotency key reused",
        "This Idempotency-Key came before with another request. Use a new one.";
    REQUEST_IN_PROGRESS = "request-in-progress", 409, "Request in progress",
        "The same request is being answered at this moment. Try again shortly.";
    BUSY = "busy", 503, "Busy",
        "Storage was busy or not reachable. Nothing is wrong with the request: try again.";
    INTERNAL = "internal", 500, "Internal error",
        "A defect on our side. It has been logged.";
}

#[derive(Clone, Debug)]
pub struct Problem {
    pub kind: &'static ProblemType,
    pub detail: String,
    pub extensions: Map<String, Value>,
}

impl Problem {
    pub fn new(kind: &'static ProblemType, detail: String) -> Self {
        Self { kind, detail, extensions: Map::new() }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }

    pub fn invalid_field(path: &str, detail: impl std::fmt::Display) -> Self {
        Self::new(&INVALID_FIELD, format!("{path}: {detail}")).with("field", path)
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(&NOT_FOUND, format!("no such {what}"))
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "type": format!("/problems/{}", self.kind.slug),
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        });
        if let Value::Object(members) = &mut json {
            members.extend(self.extensions.clone());
        }
        json
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content_type = HeaderValue::from_static("application/problem+json");
        let mut response =
            (status, [(header::CONTENT_TYPE, content_type)], self.to_json().to_string())
                .into_response();
        if *self.kind == BUSY || *self.kind == REQUEST_IN_PROGRESS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<NotOnSale> for Problem {
    fn from(refusal: NotOnSale) -> Self {
        let (kind, name, at) = match refusal {
            NotOnSale::NotOpen(at) => (&SALES_NOT_OPEN, "sales_start", at),
            NotOnSale::Closed(at) => (&SALES_CLOSED, "sales_end", at),
        };
        Self::new(kind, refusal.to_string()).with(name, at.to_string())
    }
}

#[cfg(feature = "store")]
impl From<marquee_store::error::StoreError> for Problem {
    fn from(error: marquee_store::error::StoreError) -> Self {
        use marquee_store::error::StoreError::{Broken, Unavailable};
        match error {
            Unavailable(cause) => {
                tracing::warn!(cause, "storage is busy or not reachable");
                Self::new(&BUSY, "storage is busy; try again in a moment".into())
            }
            Broken(cause) => {
                tracing::error!(cause, "storage failed");
                Self::new(&INTERNAL, "the request failed on our side".into())
            }
        }
    }
}
