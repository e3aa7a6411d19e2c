//! What students were told.

use axum::extract::State;
use marquee_lambda::{
    identity::Caller,
    json::DateTime,
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_ordering::store::notifications::Notification;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{AppState, position_after, students::listed_for};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationView {
    order_id: String,
    /// Missing if the order was published by hand without one.
    student_id: Option<String>,
    item: String,
    qty: u32,
    #[schema(example = "Your order is confirmed: 2 × Pizza")]
    message: String,
    #[schema(value_type = String, format = DateTime)]
    notified_at: DateTime,
}

impl From<Notification> for NotificationView {
    fn from(Notification { line, at }: Notification) -> Self {
        Self {
            message: format!("Your order is confirmed: {} × {}", line.quantity, line.item),
            order_id: line.id.to_string(),
            student_id: line.student.map(|student| student.to_string()),
            item: line.item.to_string(),
            qty: line.quantity.get(),
            notified_at: DateTime(at),
        }
    }
}

/// Notifications of reserved orders, newest first: yours, or everybody's if you are staff or at the door
///
/// One for each order. A page may be short, or even empty, though there is a next one.
#[utoipa::path(
    get, path = "/notifications", tag = "orders",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Vec<NotificationView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    caller: Caller,
    page: PageRequest,
) -> Result<ArrayPage<NotificationView>, Problem> {
    let after = position_after(&page)?;
    let student = listed_for(&caller, None)?;
    let found = app.store.notifications(student.as_ref(), page.limit.into(), after).await?;
    let items = found.items.into_iter().map(NotificationView::from).collect();
    Ok(page.array(items, found.next.as_deref()))
}
