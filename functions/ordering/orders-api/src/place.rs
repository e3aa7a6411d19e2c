//! Placing an order.
//!
//! The answer does not wait for the inventory: the order is written with its event, and what comes
//! of it shows at `GET /orders/{order_id}`.

use std::str::FromStr;

use axum::{Json, extract::State, http::StatusCode};
use marquee_lambda::{
    extract::{IdempotencyKey, Payload},
    json::{Label, whole},
    problem::{ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED, Problem},
};
use marquee_ordering::store::orders::PlaceOutcome;
use marquee_ordering_domain::order::{Order, OrderLine, OrderStatus, QUANTITY_MAX, Quantity};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, orders::OrderView};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewOrder {
    #[schema(example = "Pizza")]
    item: String,
    #[schema(example = 2, minimum = 1, maximum = 1_000_000)]
    #[serde(deserialize_with = "whole")]
    qty: i64,
    #[schema(value_type = String, example = "S123")]
    student_id: Label,
    /// Yours to choose, without spaces and any of # ? % / \. Sent again, it is the same order.
    order_id: Option<String>,
}

/// Place an order
///
/// With an `order_id`, or an `Idempotency-Key`, it can be sent any number of times: it is placed
/// once, and the answer is the first one.
#[utoipa::path(
    post, path = "/order", tag = "orders", request_body = NewOrder,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses(
        (status = 201, body = OrderView),
        (status = 409, description = "another order has this order_id"),
    )
)]
pub(crate) async fn place(
    State(app): State<AppState>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewOrder>,
) -> Result<(StatusCode, Json<OrderView>), Problem> {
    let chosen = value.order_id;
    let id = match (&chosen, key.hash("order", &canonical)) {
        (Some(chosen), _) => chosen.clone(),
        (None, Some(hash)) => hash.key.to_string(),
        (None, None) => Uuid::new_v4().to_string(),
    };
    let quantity = Quantity::new(value.qty)
        .ok_or_else(|| Problem::invalid_field("qty", format!("must be 1 to {QUANTITY_MAX}")))?;
    let line = OrderLine {
        id: field("order_id", &id)?,
        item: field("item", &value.item)?,
        quantity,
        student: Some(field("student_id", &value.student_id.0)?),
    };
    let (status, now) = (OrderStatus::Placed, app.clock.now());
    let order = Order { line, status, reason: None, placed_at: now, updated_at: now };
    match app.store.place(&order).await? {
        PlaceOutcome::Placed => Ok((StatusCode::CREATED, Json(order.into()))),
        PlaceOutcome::Earlier(earlier) if earlier.line == order.line => {
            let placed_at = earlier.placed_at;
            let first = Order { placed_at, updated_at: placed_at, ..order };
            Ok((StatusCode::CREATED, Json(first.into())))
        }
        PlaceOutcome::Earlier(_) if chosen.is_none() => Err(Problem::new(
            &IDEMPOTENCY_KEY_REUSED,
            "this Idempotency-Key came before with another order".into(),
        )),
        PlaceOutcome::Earlier(_) => {
            let detail = format!("there is another order {id}; choose another order_id");
            Err(Problem::new(&ALREADY_EXISTS, detail).with("field", "order_id"))
        }
    }
}

/// A field of that type.
fn field<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| Problem::invalid_field(name, error))
}
