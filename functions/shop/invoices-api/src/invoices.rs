//! Reading invoices.

use axum::{Json, extract::State};
use marquee_kernel::time::Timestamp;
use marquee_lambda::{
    extract::{Parameters, PathId, one_of, parameter},
    identity::Caller,
    json::{Amount, DateTime, one_of_schema},
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_shop::store::invoices::InvoiceFilter;
use marquee_shop_domain::{
    cart::CartItem,
    ids::InvoiceId,
    invoice::{Invoice, InvoiceStatus},
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};
use uuid::Uuid;

use crate::AppState;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Invoice)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvoiceView {
    /// The user, a hyphen, and how many payments of theirs there were with this one.
    #[schema(example = "123e4567-e89b-12d3-a456-426614174000-1")]
    id: String,
    user_id: Uuid,
    #[schema(value_type = f64, example = 39.98)]
    bill: Amount,
    #[schema(schema_with = status_schema)]
    status: &'static str,
    items: Vec<LineView>,
    /// Why it is rejected, or not paid yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InvoiceLine)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineView {
    game_id: Uuid,
    #[schema(value_type = f64)]
    price: Amount,
}

fn status_schema() -> Object {
    one_of_schema(InvoiceStatus::NAMES)
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        let line = |item: &CartItem| LineView {
            game_id: item.game.uuid(),
            price: Amount(item.price.money()),
        };
        Self {
            id: invoice.id.to_string(),
            user_id: invoice.id.user.uuid(),
            bill: Amount(invoice.bill),
            status: invoice.status.into_str(),
            items: invoice.items.iter().map(line).collect(),
            reason: invoice.reason,
            created_at: DateTime(invoice.created_at),
            updated_at: DateTime(invoice.updated_at),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    user_id: Option<String>,
    status: Option<String>,
    updated_from: Option<String>,
    updated_to: Option<String>,
}

fn time(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let expected = "must be a date and time as in 2025-11-15T18:00:00Z";
    let parse = |text: &str| {
        Timestamp::parse(text).ok_or_else(|| Problem::invalid_parameter(name, expected))
    };
    text.map(parse).transpose()
}

impl Filter {
    fn parse(self, caller: &Caller) -> Result<InvoiceFilter, Problem> {
        let status = self.status.map(|name| one_of("status", &name, InvoiceStatus::NAMES));
        Ok(InvoiceFilter {
            user: caller.whose(parameter("userId", self.user_id.as_deref())?)?,
            status: status.transpose()?,
            updated_from: time("updatedFrom", self.updated_from.as_deref())?,
            updated_to: time("updatedTo", self.updated_to.as_deref())?,
        })
    }
}

/// Invoices, newest first: yours, or everybody's if you are staff
///
/// `updatedFrom` and `updatedTo` are about their last change; the second is not included. A page may be
/// short, or even empty, though there is a next one.
#[utoipa::path(
    get, path = "/invoices", tag = "invoices",
    params(
        ("userId" = Option<Uuid>, Query), ("status" = Option<String>, Query),
        ("updatedFrom" = Option<String>, Query), ("updatedTo" = Option<String>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<InvoiceView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(filter): Parameters<Filter>,
    page: PageRequest,
) -> Result<ArrayPage<InvoiceView>, Problem> {
    let filter = filter.parse(&caller)?;
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.invoices(&filter, limit, after).await?;
    let invoices = found.items.into_iter().map(InvoiceView::from).collect();
    Ok(page.array(invoices, found.next.as_deref()))
}

/// One invoice
#[utoipa::path(
    get, path = "/invoices/{id}", tag = "invoices",
    params(("id" = String, Path)), responses((status = 200, body = InvoiceView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    caller: Caller,
    PathId(id): PathId<InvoiceId>,
) -> Result<Json<InvoiceView>, Problem> {
    let unknown = || Problem::not_found(&format!("invoice: {id}"));
    if caller.whose(Some(id.user)).is_err() {
        return Err(unknown());
    }
    let invoice = app.store.invoice(id).await?;
    invoice.map(|found| Json(found.into())).ok_or_else(unknown)
}
