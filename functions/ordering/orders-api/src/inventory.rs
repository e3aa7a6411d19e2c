//! What can be ordered.

use axum::{Json, extract::State};
use marquee_lambda::{
    extract::{PathId, Payload},
    json::whole,
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_ordering_domain::{
    names::ItemName,
    stock::{STOCK_MAX, Stock},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::AppState;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InventoryItem)]
pub(crate) struct ItemView {
    #[schema(example = "Pizza")]
    item: String,
    /// What can still be ordered.
    stock: u64,
    /// What orders have of it.
    reserved: u64,
}

impl ItemView {
    fn new(name: &ItemName, stock: Stock) -> Self {
        Self { item: name.to_string(), stock: stock.available, reserved: stock.reserved }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewStock {
    /// What can be ordered from now on, beside what orders have already.
    #[schema(example = 50, minimum = 0, maximum = 1_000_000_000)]
    #[serde(deserialize_with = "whole")]
    stock: i64,
}

/// All items, by name
#[utoipa::path(
    get, path = "/inventory", tag = "inventory",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Vec<ItemView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    page: PageRequest,
) -> Result<ArrayPage<ItemView>, Problem> {
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.inventory(limit, after).await?;
    let items = found.items.iter().map(|(name, stock)| ItemView::new(name, *stock)).collect();
    Ok(page.array(items, found.next.as_deref()))
}

/// One item
#[utoipa::path(
    get, path = "/inventory/{item}", tag = "inventory",
    params(("item" = String, Path)), responses((status = 200, body = ItemView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(name): PathId<ItemName>,
) -> Result<Json<ItemView>, Problem> {
    let stock = app.store.stock(&name).await?;
    let stock = stock.ok_or_else(|| Problem::not_found(&format!("item: {name}")))?;
    Ok(Json(ItemView::new(&name, stock)))
}

/// Put an item in stock
#[utoipa::path(
    put, path = "/inventory/{item}", tag = "inventory", request_body = NewStock,
    params(("item" = String, Path)), responses((status = 200, body = ItemView))
)]
pub(crate) async fn put(
    State(app): State<AppState>,
    PathId(name): PathId<ItemName>,
    Payload { value, .. }: Payload<NewStock>,
) -> Result<Json<ItemView>, Problem> {
    let count = u64::try_from(value.stock).ok().filter(|count| *count <= STOCK_MAX);
    let count = count
        .ok_or_else(|| Problem::invalid_field("stock", format!("must be 0 to {STOCK_MAX}")))?;
    let stock = app.store.put_stock(&name, count).await?;
    Ok(Json(ItemView::new(&name, stock)))
}
