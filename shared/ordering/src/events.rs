//! What ordering tells the world about an order, on exchange `orders_exchange`.
//!
//! All three events have the same body; only a failure has a reason. One that is published by hand
//! needs `order_id`, `item` and `qty` and no more: what kind it is, its queue says.

use std::str::FromStr;

use marquee_kernel::time::Timestamp;
use marquee_ordering_domain::order::{OrderLine, QUANTITY_MAX, Quantity};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum OrderEventType {
    OrderPlaced,
    InventoryReserved,
    InventoryFailed,
}

impl OrderEventType {
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::OrderPlaced => "order.placed",
            Self::InventoryReserved => "inventory.reserved",
            Self::InventoryFailed => "inventory.failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderEvent<'a> {
    pub event_type: OrderEventType,
    pub order_id: &'a str,
    pub item: &'a str,
    pub qty: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub student_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'a str>,
    /// When it happened, RFC 3339 with milliseconds.
    pub occurred_at: String,
}

impl<'a> OrderEvent<'a> {
    pub fn new(
        event_type: OrderEventType,
        line: &'a OrderLine,
        reason: Option<&'a str>,
        at: Timestamp,
    ) -> Self {
        Self {
            event_type,
            order_id: line.id.as_str(),
            item: line.item.as_str(),
            qty: line.quantity.get(),
            student_id: line.student.as_ref().map(|student| student.as_str()),
            reason,
            occurred_at: at.to_rfc3339_millis(),
        }
    }
}

/// What a consumer takes from the body of any of the three, whoever published it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedOrder {
    pub line: OrderLine,
    pub reason: Option<String>,
}

impl ReceivedOrder {
    /// # Errors
    /// Says what keeps the body from being an order: it will never be one.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Body {
            order_id: Value,
            item: String,
            qty: i64,
            #[serde(default)]
            student_id: Value,
            #[serde(default)]
            reason: Value,
        }
        let body: Body =
            serde_json::from_slice(body).map_err(|error| format!("not an order event: {error}"))?;
        let id = text(&body.order_id).ok_or("not an order event: order_id is not text")?;
        let quantity = Quantity::new(body.qty)
            .ok_or_else(|| format!("not an order event: qty must be 1 to {QUANTITY_MAX}"))?;
        let line = OrderLine {
            id: parsed("order_id", &id)?,
            item: parsed("item", &body.item)?,
            quantity,
            // Nothing depends on who ordered.
            student: text(&body.student_id).and_then(|student| student.parse().ok()),
        };
        Ok(Self { line, reason: body.reason.as_str().map(str::to_owned) })
    }
}

/// A text, or a number that stands for one.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|error| format!("not an order event: {field} {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> Result<ReceivedOrder, String> {
        ReceivedOrder::read(body.to_string().as_bytes())
    }

    #[test]
    fn what_is_published_can_be_read() {
        let line = OrderLine {
            id: "o-1".parse().expect("an id"),
            item: "Pizza".parse().expect("a name"),
            quantity: Quantity::new(2).expect("a quantity"),
            student: Some("S123".parse().expect("an id")),
        };
        let at = Timestamp::from_millis(1_763_229_600_250);
        let failed = OrderEvent::new(OrderEventType::InventoryFailed, &line, Some("none left"), at);
        let json = serde_json::to_value(&failed).expect("json");
        assert_eq!(
            json,
            json!({
                "event_type": "InventoryFailed", "order_id": "o-1", "item": "Pizza", "qty": 2,
                "student_id": "S123", "reason": "none left",
                "occurred_at": "2025-11-15T18:00:00.250Z",
            })
        );
        let received = ReceivedOrder { line, reason: Some("none left".into()) };
        assert_eq!(read(&json), Ok(received));
    }

    #[test]
    fn by_hand_the_three_fields_will_do_whatever_else_there_is() {
        let bare = read(&json!({ "order_id": "a", "item": "Tea", "qty": 1 })).expect("an order");
        assert_eq!(bare.line.student, None);
        let body = json!({ "order_id": "a", "item": "Tea", "qty": 1, "student_id": 7, "x": [] });
        let student = read(&body).expect("an order").line.student;
        assert_eq!(student.map(|student| student.to_string()).as_deref(), Some("7"));
        for (student, reason) in [(json!(""), json!(1)), (json!([]), json!({}))] {
            let body = json!({
                "order_id": 42, "item": "Tea", "qty": 1, "student_id": student, "reason": reason,
            });
            let order = read(&body).expect("an order");
            assert_eq!(
                (order.line.id.as_str(), order.line.student, order.reason),
                ("42", None, None)
            );
        }
    }

    #[test]
    fn what_is_no_order_says_why() {
        for (body, word) in [
            (json!({ "item": "Tea", "qty": 1 }), "order_id"),
            (json!({ "order_id": "a", "qty": 1 }), "item"),
            (json!({ "order_id": "a", "item": "Tea" }), "qty"),
            (json!({ "order_id": "a", "item": "Tea", "qty": 0 }), "qty must be 1"),
            (json!({ "order_id": "a", "item": "Tea", "qty": "many" }), "invalid type"),
            (json!({ "order_id": "", "item": "Tea", "qty": 1 }), "order_id must have"),
            (json!({ "order_id": [], "item": "Tea", "qty": 1 }), "order_id is not text"),
        ] {
            let error = read(&body).expect_err("no order");
            assert!(error.contains(word), "{body}: {error}");
        }
        assert!(ReceivedOrder::read(b"\xff").is_err());
    }
}
