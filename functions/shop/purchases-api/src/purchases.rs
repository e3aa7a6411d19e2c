//! Purchases, as they were paid for.

use axum::{Json, extract::State, http::StatusCode};
use marquee_kernel::ids::UserId;
use marquee_lambda::{
    extract::{Payload, Whose},
    json::{Amount, DateTime},
    page::{ArrayPage, PageRequest},
    problem::Problem,
};
use marquee_shop::store::purchases::{GiveOutcome, Purchase};
use marquee_shop_domain::{cart::CartRefusal, game::Price, ids::GameId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::AppState;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Purchase)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurchaseView {
    user_id: Uuid,
    game_id: Uuid,
    #[schema(value_type = f64)]
    price: Amount,
    #[schema(value_type = String, format = DateTime)]
    purchased_at: DateTime,
    /// Missing if it was put on record by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<String>,
}

impl From<Purchase> for PurchaseView {
    fn from(purchase: Purchase) -> Self {
        Self {
            user_id: purchase.user.uuid(),
            game_id: purchase.game.uuid(),
            price: Amount(purchase.price.money()),
            purchased_at: DateTime(purchase.at),
            invoice_id: purchase.invoice.map(|invoice| invoice.to_string()),
        }
    }
}

/// What you have bought, by game
#[utoipa::path(
    get, path = "/purchase-history", tag = "purchases",
    params(
        ("X-User-ID" = Uuid, Header), ("userId" = Option<Uuid>, Query),
        ("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query),
    ),
    responses((status = 200, body = Vec<PurchaseView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    Whose(user): Whose,
    page: PageRequest,
) -> Result<ArrayPage<PurchaseView>, Problem> {
    let (limit, after) = (page.limit.into(), page.after.as_deref());
    let found = app.store.purchases(user, limit, after).await?;
    let purchases = found.items.into_iter().map(PurchaseView::from).collect();
    Ok(page.array(purchases, found.next.as_deref()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPurchase {
    user_id: Uuid,
    game_id: Uuid,
    /// What it cost, wherever it was paid.
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000, multiple_of = 0.01)]
    price: Amount,
}

/// Put on record that a user has a game, which was paid for elsewhere
#[utoipa::path(
    post, path = "/purchase-history", tag = "purchases", request_body = NewPurchase,
    responses(
        (status = 201, body = PurchaseView),
        (status = 404, description = "there is no such game"),
        (status = 409, description = "they have it, or are paying for it"),
    )
)]
pub(crate) async fn record(
    State(app): State<AppState>,
    Payload { value, .. }: Payload<NewPurchase>,
) -> Result<(StatusCode, Json<PurchaseView>), Problem> {
    let price = Price::new(value.price.0);
    let price = price.map_err(|error| Problem::invalid_field("price", error))?;
    let (user, game) = (UserId::new(value.user_id), GameId::new(value.game_id));
    if app.store.game(game).await?.is_none() {
        return Err(Problem::not_found(&format!("game: {game}")));
    }
    let purchase = Purchase { user, game, price, invoice: None, at: app.clock.now() };
    match app.store.give(&purchase).await? {
        GiveOutcome::Given => Ok((StatusCode::CREATED, Json(purchase.into()))),
        GiveOutcome::Owned => Err(Problem::of(&CartRefusal::Owned(game))),
        GiveOutcome::InCart(refusal) => Err(Problem::of(&refusal)),
    }
}
