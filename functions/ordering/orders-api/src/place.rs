//! Placing an order.
//!
//! The answer does not wait for the inventory: the order is written with its event, and what comes
//! of it shows at `GET /orders/{order_id}`.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use marquee_kernel::time::Timestamp;
use marquee_lambda::{
    extract::{IdempotencyKey, Payload, field},
    identity::Caller,
    json::{Label, whole},
    problem::{ALREADY_EXISTS, IDEMPOTENCY_KEY_REUSED, Problem},
};
use marquee_ordering::store::orders::PlaceOutcome;
use marquee_ordering_domain::{
    names::{OrderId, StudentId},
    order::{Order, OrderLine, OrderStatus, QUANTITY_MAX, Quantity},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    orders::OrderView,
    students::{is_own, ordering_for},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewOrder {
    #[schema(example = "Pizza")]
    item: String,
    #[schema(example = 2, minimum = 1, maximum = 1_000_000)]
    #[serde(deserialize_with = "whole")]
    qty: i64,
    /// Yours: the token's `sub`, and then it may be missing. Staff may order for anybody.
    #[schema(value_type = String, required = true, example = "S123")]
    student_id: Option<Label>,
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
        (status = 429, description = "more orders than one student may place in a minute"),
    )
)]
pub(crate) async fn place(
    State(app): State<AppState>,
    caller: Caller,
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
    let named = value.student_id.map(|named| field("student_id", &named.0)).transpose()?;
    let student = ordering_for(&caller, named)?;
    let (status, now) = (OrderStatus::Placed, app.clock.now());
    let order_id = field("order_id", &id)?;
    if is_own(&caller, &student) {
        check_rate(&app, &student, &order_id, now).await?;
    }
    let line = OrderLine {
        id: order_id,
        item: field("item", &value.item)?,
        quantity,
        student: Some(student),
    };
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

const MINUTE: Duration = Duration::from_secs(60);

/// The index lags behind by a moment, so a burst may be a little larger. An order that was placed
/// before can be sent again.
async fn check_rate(
    app: &AppState,
    student: &StudentId,
    order: &OrderId,
    now: Timestamp,
) -> Result<(), Problem> {
    let most = app.orders_per_minute_max;
    let (placed, first) = app.store.orders_since(student, now - MINUTE, most).await?;
    if placed < most || app.store.order(order).await?.is_some() {
        return Ok(());
    }
    let detail = format!("{student} has placed {most} orders within a minute");
    let again = first.map_or(now, |first| first + MINUTE);
    Err(Problem::too_many(detail, again.seconds_from(now)))
}
