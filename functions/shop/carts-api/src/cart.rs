//! A cart as a whole.

use axum::{Json, extract::State, http::StatusCode};
use marquee_lambda::{
    extract::{OptionalPayload, Parameters, Whose, field, one_of},
    identity::Caller,
    json::{Amount, DateTime, one_of_schema},
    problem::Problem,
};
use marquee_shop_domain::{
    cart::{Cart, CartRefusal, CartStatus, total},
    means::Means,
};
use serde::{Deserialize, Serialize};
use utoipa::{ToSchema, openapi::schema::Object};
use uuid::Uuid;

use crate::{AppState, items::ItemView};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShoppingCart)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CartView {
    user_id: Uuid,
    #[schema(schema_with = status_schema)]
    status: &'static str,
    /// What the status means: `invoice sent`.
    description: &'static str,
    items: Vec<ItemView>,
    #[schema(value_type = f64)]
    total: Amount,
    /// Of the last payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<String>,
    /// Why it is rejected or stuck.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The status in which it got stuck, and in which it can be resumed.
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck_in: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<DateTime>,
}

fn status_schema() -> Object {
    one_of_schema(CartStatus::NAMES)
}

impl From<Cart> for CartView {
    fn from(cart: Cart) -> Self {
        Self {
            user_id: cart.user.uuid(),
            status: cart.status.into_str(),
            description: cart.status.description(),
            items: cart.items.iter().map(|item| ItemView::new(cart.user, item)).collect(),
            total: Amount(total(&cart.items)),
            invoice_id: cart.invoice().map(|invoice| invoice.to_string()),
            stuck_in: cart.stuck_in.map(|status| status.into_str()),
            updated_at: cart.updated_at.map(DateTime),
            reason: cart.reason,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct NewStatus {
    status: Option<String>,
}

/// Your cart: what is in it, and how far its payment has come
#[utoipa::path(
    get, path = "/shoppingCart", tag = "carts",
    params(("X-User-ID" = Uuid, Header), ("userId" = Option<Uuid>, Query)),
    responses((status = 200, body = CartView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    Whose(user): Whose,
) -> Result<Json<CartView>, Problem> {
    Ok(Json(app.store.cart(user).await?.into()))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct NewPayment {
    /// A payment that you have made, if the provider knows it by this name; otherwise the invoice's own.
    #[schema(min_length = 1, max_length = 64, pattern = r"\S")]
    payment_id: Option<String>,
    /// What the provider is to charge.
    #[schema(min_length = 1, max_length = 200)]
    payment_method: Option<String>,
}

/// Longer than any provider's identifier.
const METHOD_CHARS_MAX: usize = 200;

impl NewPayment {
    fn means(self) -> Result<Means, Problem> {
        let payment = self.payment_id.as_deref().map(|id| field("paymentId", id)).transpose()?;
        let method = self.payment_method;
        if method.as_ref().is_some_and(|m| m.is_empty() || m.chars().count() > METHOD_CHARS_MAX) {
            let detail = format!("must have 1 to {METHOD_CHARS_MAX} characters");
            return Err(Problem::invalid_field("paymentMethod", detail));
        }
        Ok(Means { payment, method })
    }
}

/// Pay, or go on with a cart that is stuck
///
/// `status=INVOICE` pays at the catalogue's prices of now. A cart that is `STUCK` goes on when it is given
/// the status in which it got stuck, `INVOICE` or `APPROVED`.
#[utoipa::path(
    patch, path = "/shoppingCart", tag = "carts",
    request_body(content = Option<NewPayment>),
    params(
        ("X-User-ID" = Uuid, Header), ("status" = String, Query), ("userId" = Option<Uuid>, Query),
    ),
    responses(
        (status = 204),
        (status = 409, description = "the cart is empty, locked, or has a game that cannot be bought"),
    )
)]
pub(crate) async fn change(
    State(app): State<AppState>,
    caller: Caller,
    Whose(user): Whose,
    Parameters(query): Parameters<NewStatus>,
    OptionalPayload(payment): OptionalPayload<NewPayment>,
) -> Result<StatusCode, Problem> {
    let known = [CartStatus::Invoice.into_str(), CartStatus::Approved.into_str()];
    let status = query.status.unwrap_or_default();
    let wanted = match one_of("status", &status, &known)? {
        wanted @ (CartStatus::Invoice | CartStatus::Approved) => wanted,
        other => {
            let detail = format!("{other} is none of {}", known.join(", "));
            return Err(Problem::invalid_parameter("status", detail));
        }
    };
    let means = payment.means()?;
    let now = app.clock.now();
    // Nobody pays for others; staff go on with what is stuck.
    let paid = match wanted == CartStatus::Invoice && caller.is(user) {
        true => Some(app.store.pay(user, &means, now).await?),
        false => None,
    };
    let changed = match paid {
        None | Some(Err(CartRefusal::Locked(CartStatus::Stuck))) => {
            app.store.resume_cart(user, wanted, now).await?
        }
        Some(paid) => paid,
    };
    changed.map_err(|refusal| Problem::of(&refusal))?;
    Ok(StatusCode::NO_CONTENT)
}
