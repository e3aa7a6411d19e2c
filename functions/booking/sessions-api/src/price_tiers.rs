//! Price tiers: fares that multiply a session's base price.

use axum::{Json, extract::State, response::Response};
use marquee_booking::store::venues::{ListFilter, new_id};
use marquee_booking_domain::{
    ids::{PriceTierId, SessionId},
    venue::{Event, PriceTier},
};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, Payload},
    identity::Caller,
    json::{DateTime, Factor},
    page::{PageRequest, PageResponse},
    problem::Problem,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    responses::{self, created, optional_text, required_text},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewPriceTier {
    /// For this session only; for every session if missing.
    session_id: Option<Uuid>,
    #[schema(min_length = 1, max_length = 200, pattern = r"\S")]
    name: String,
    #[serde(alias = "base_multiplier")]
    #[schema(value_type = f64, minimum = 0, maximum = 1_000_000_000)]
    multiplier: Factor,
    #[schema(max_length = 5_000)]
    description: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceTier)]
pub(crate) struct PriceTierView {
    price_tier_id: Uuid,
    session_id: Option<Uuid>,
    name: String,
    #[schema(value_type = f64)]
    multiplier: Factor,
    description: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
}

impl From<PriceTier> for PriceTierView {
    fn from(tier: PriceTier) -> Self {
        Self {
            price_tier_id: tier.id.uuid(),
            session_id: tier.session.map(SessionId::uuid),
            name: tier.name,
            multiplier: Factor(tier.multiplier),
            description: tier.description,
            created_at: DateTime(tier.created_at),
        }
    }
}

/// Add a price tier
#[utoipa::path(
    post, path = "/api/v1/price-tiers", tag = "sessions", request_body = NewPriceTier,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = PriceTierView))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewPriceTier>,
) -> Result<Response, Problem> {
    let hash = key.hash("price-tiers", &canonical);
    let session = value.session_id.map(SessionId::new);
    let tier = PriceTier {
        id: PriceTierId::new(new_id(hash)),
        session,
        name: required_text("name", &value.name)?,
        multiplier: value.multiplier.0,
        description: optional_text("description", value.description.as_deref())?,
        created_at: app.clock.now(),
    };
    check_seller(&app, &caller, session).await?;
    created(app.store.create(tier, hash).await?, PriceTierView::from)
}

/// A session's prices are its organizer's, and those of all sessions nobody's in particular.
async fn check_seller(
    app: &AppState,
    caller: &Caller,
    session: Option<SessionId>,
) -> Result<(), Problem> {
    let Some(session) = session else { return caller.check_organizer(None) };
    let session = app.store.session(session).await?;
    let unknown = || Problem::invalid_field("session_id", "there is no such session");
    let event = session.ok_or_else(unknown)?.event;
    if caller.is_believed() {
        return Ok(());
    }
    let event = app.store.find::<Event>(event.uuid()).await?;
    caller.check_organizer(event.map(|event| event.organizer.uuid()))
}

/// Add a price tier, under the path of the back office
#[utoipa::path(
    post, path = "/api/v1/admin/price-tiers", tag = "sessions", request_body = NewPriceTier,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = PriceTierView))
)]
pub(crate) async fn create_as_admin(
    app: State<AppState>,
    caller: Caller,
    key: IdempotencyKey,
    payload: Payload<NewPriceTier>,
) -> Result<Response, Problem> {
    create(app, caller, key, payload).await
}

/// One price tier
#[utoipa::path(
    get, path = "/api/v1/price-tiers/{price_tier_id}", tag = "sessions",
    params(("price_tier_id" = Uuid, Path)), responses((status = 200, body = PriceTierView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<PriceTierId>,
) -> Result<Json<PriceTierView>, Problem> {
    responses::get::<PriceTier, _>(&app, id.uuid(), "price tier").await
}

/// All price tiers
#[utoipa::path(
    get, path = "/api/v1/price-tiers", tag = "sessions",
    params(("limit" = Option<u16>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<PriceTierView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    page: PageRequest,
) -> Result<Json<PageResponse<PriceTierView>>, Problem> {
    responses::list::<PriceTier, _>(&app, ListFilter::All, page).await
}
