//! Changing an order's status.
//!
//! A status is a fact and not a wish: cancelling makes it one, and `RESERVED` or `FAILED` have to
//! be what the inventory decided.

use axum::{Json, extract::State};
use marquee_domain::ordering::{
    names::OrderId,
    order::{Order, OrderStatus},
};
use marquee_lambda::{
    extract::{PathId, Payload},
    problem::{ORDER_STATUS_CONFLICT, Problem},
};
use marquee_store::ordering::{cancellation::CancelOutcome, reservations::Record};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Services,
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
    State(services): State<Services>,
    PathId(id): PathId<OrderId>,
    Payload { value, .. }: Payload<NewStatus>,
) -> Result<Json<OrderView>, Problem> {
    let status = OrderStatus::parse(&value.status).ok_or_else(|| {
        let known = OrderStatus::ALL.map(OrderStatus::name).join(", ");
        Problem::invalid_field("status", format!("must be one of {known}"))
    })?;
    let order = match status {
        OrderStatus::Cancelled => cancel(&services, &id).await?,
        OrderStatus::Placed | OrderStatus::Reserved | OrderStatus::Failed => {
            agree(&services, &id, status).await?
        }
    };
    Ok(Json(order.into()))
}

async fn cancel(services: &Services, id: &OrderId) -> Result<Order, Problem> {
    match services.store.cancel(id, services.clock.now()).await? {
        CancelOutcome::Cancelled(order) => Ok(order),
        CancelOutcome::Failed(order) => {
            Err(conflict(&order, "the order has failed: there is nothing to cancel"))
        }
        CancelOutcome::Unknown => Err(unknown(id)),
    }
}

/// The order with this status, which it must have or be about to get from the inventory.
async fn agree(services: &Services, id: &OrderId, status: OrderStatus) -> Result<Order, Problem> {
    let order = find(services, id).await?;
    if order.status == status {
        return Ok(order);
    }
    let decided = match (order.status, status) {
        (OrderStatus::Placed, _) => services.store.record_of(id).await?,
        (is, wanted) => {
            let detail = format!("the order is {is} and does not become {wanted}");
            return Err(conflict(&order, &detail));
        }
    };
    match decided {
        Some(Record { outcome, reason, .. }) if outcome.order_status() == Some(status) => {
            let now = services.clock.now();
            // Whoever was faster said the same, or has cancelled it.
            let _ = services.store.resolve(id, status, reason.as_deref(), now).await?;
            find(services, id).await
        }
        Some(_) => Err(conflict(&order, "the inventory decided otherwise")),
        None => Err(conflict(&order, "the inventory has not decided about the order yet")),
    }
}

fn conflict(order: &Order, detail: &str) -> Problem {
    Problem::new(&ORDER_STATUS_CONFLICT, detail.into()).with("order_status", order.status.name())
}
