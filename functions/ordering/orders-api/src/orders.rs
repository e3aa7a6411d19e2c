//! Reading orders.

use axum::{Json, extract::State};
use marquee_lambda::{
    extract::{Parameters, PathId, one_of, parameter},
    identity::Caller,
    json::{DateTime, one_of_schema},
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_ordering::store::orders::OrderFilter;
use marquee_ordering_domain::{
    names::OrderId,
    order::{Order, OrderStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};

use crate::{
    AppState, position_after,
    students::{listed_for, may_see},
};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Order)]
pub(crate) struct OrderView {
    order_id: String,
    item: String,
    qty: u32,
    student_id: Option<String>,
    #[schema(schema_with = status_schema)]
    status: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    placed_at: DateTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime,
}

pub(crate) fn status_schema() -> Object {
    one_of_schema(OrderStatus::NAMES)
}

impl From<Order> for OrderView {
    fn from(order: Order) -> Self {
        Self {
            order_id: order.line.id.to_string(),
            item: order.line.item.to_string(),
            qty: order.line.quantity.get(),
            student_id: order.line.student.map(|student| student.to_string()),
            status: order.status.into_str(),
            reason: order.reason,
            placed_at: DateTime(order.placed_at),
            updated_at: DateTime(order.updated_at),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Filter {
    student_id: Option<String>,
    status: Option<String>,
}

impl Filter {
    fn parse(self, caller: &Caller) -> Result<OrderFilter, Problem> {
        let student = parameter("student_id", self.student_id.as_deref())?;
        let status = self.status.map(|name| one_of("status", &name, OrderStatus::NAMES));
        Ok(OrderFilter { student: listed_for(caller, student)?, status: status.transpose()? })
    }
}

/// Orders, newest first: yours, or everybody's if you are staff or at the door
///
/// A page may be short, or even empty, though there is a next one: follow the `Link`
/// to the next until there is none.
#[utoipa::path(
    get, path = "/orders", tag = "orders",
    params(
        ("student_id" = Option<String>, Query), ("status" = Option<String>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<OrderView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(filter): Parameters<Filter>,
    page: PageRequest,
) -> Result<ArrayPage<OrderView>, Problem> {
    let (filter, after) = (filter.parse(&caller)?, position_after(&page)?);
    let found = app.store.orders(&filter, page.limit.into(), after).await?;
    let items = found.items.into_iter().map(OrderView::from).collect();
    Ok(page.array(items, found.next.as_deref()))
}

/// One order
#[utoipa::path(
    get, path = "/orders/{order_id}", tag = "orders",
    params(("order_id" = String, Path)), responses((status = 200, body = OrderView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
) -> Result<Json<OrderView>, Problem> {
    let order = find(&app, &id).await?;
    match may_see(&caller, order.line.student.as_ref()) {
        true => Ok(Json(order.into())),
        false => Err(unknown(&id)),
    }
}

pub(crate) async fn find(app: &AppState, id: &OrderId) -> Result<Order, Problem> {
    let found = app.store.order(id).await?;
    found.ok_or_else(|| unknown(id))
}

pub(crate) fn unknown(id: &OrderId) -> Problem {
    Problem::not_found(&format!("order: {id}"))
}
