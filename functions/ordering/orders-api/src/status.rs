//! Changing an order's status.
//!
//! A status is a fact and not a wish: cancelling makes it one, and `RESERVED` or `FAILED` have to
//! be what the inventory decided.

use axum::{Json, extract::State};
use marquee_lambda::{
    extract::{PathId, Payload},
    problem::Problem,
};
use marquee_ordering::store::cancellation::CancelOutcome;
use marquee_ordering_domain::{
    names::OrderId,
    order::{Order, OrderStatus},
    problems::ORDER_STATUS_CONFLICT,
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    AppState,
    orders::{OrderView, find, status_schema, unknown},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewStatus {
    /// `CANCELLED`, or what the inventory decided: `RESERVED` or `FAILED`.
    #[schema(schema_with = status_schema)]
    status: String,
}

/// Cancel an order, or record what the inventory decided
///
/// Cancelling returns the stock, once. `RESERVED` and `FAILED` come by message; setting them by
/// hand changes something only if the message has not come yet. There is no way back.
#[utoipa::path(
    patch, path = "/orders/{order_id}/status", tag = "orders", request_body = NewStatus,
    params(("order_id" = String, Path)),
    responses(
        (status = 200, body = OrderView),
        (status = 409, description = "the order cannot come to this status"),
    )
)]
pub(crate) async fn change(
    State(app): State<AppState>,
    PathId(id): PathId<OrderId>,
    Payload { value, .. }: Payload<NewStatus>,
) -> Result<Json<OrderView>, Problem> {
    let status = value.status.trim().parse().map_err(|_| {
        let known = OrderStatus::NAMES.join(", ");
        Problem::invalid_field("status", format!("must be one of {known}"))
    })?;
    let order = match status {
        OrderStatus::Cancelled => cancel(&app, &id).await?,
        OrderStatus::Placed | OrderStatus::Reserved | OrderStatus::Failed => {
            agree(&app, &id, status).await?
        }
    };
    Ok(Json(order.into()))
}

async fn cancel(app: &AppState, id: &OrderId) -> Result<Order, Problem> {
    match app.store.cancel(id, app.clock.now()).await? {
        CancelOutcome::Cancelled(order) => Ok(order),
        CancelOutcome::Failed(order) => {
            Err(conflict(&order, "the order has failed: there is nothing to cancel"))
        }
        CancelOutcome::Unknown => Err(unknown(id)),
    }
}

/// The order with this status, which it must have or be about to get from the inventory.
async fn agree(app: &AppState, id: &OrderId, status: OrderStatus) -> Result<Order, Problem> {
    let order = find(app, id).await?;
    if order.status == status {
        return Ok(order);
    }
    let decided = match (order.status, status) {
        (OrderStatus::Placed, _) => app.store.record_of(id).await?,
        (is, wanted) => {
            let detail = format!("the order is {is} and does not become {wanted}");
            return Err(conflict(&order, &detail));
        }
    };
    match decided {
        Some(record) if record.status.order_status() == Some(status) => {
            let now = app.clock.now();
            // Whoever was faster said the same, or has cancelled it.
            let _ = app.store.resolve(id, status, record.reason.as_deref(), now).await?;
            find(app, id).await
        }
        Some(_) => Err(conflict(&order, "the inventory decided otherwise")),
        None => Err(conflict(&order, "the inventory has not decided about the order yet")),
    }
}

fn conflict(order: &Order, detail: &str) -> Problem {
    Problem::new(&ORDER_STATUS_CONFLICT, detail.into())
        .with("order_status", order.status.into_str())
}
