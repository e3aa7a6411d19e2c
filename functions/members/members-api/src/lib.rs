//! `members-api`: a member's seat, for people. Seats are saved by message: see `on-member-message`.

use axum::{Json, Router, extract::State};
use marquee_lambda::{
    extract::PathId,
    http,
    identity::Identity,
    problem::Problem,
    route::{Access, Api, Route, route},
};
use marquee_members::store::MembersStore;
use marquee_members_domain::MemberId;
use serde::Serialize;
use utoipa::{ToSchema, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

pub const API: Api = Api {
    name: "members-api",
    routes: ROUTES,
    tags: &[("members", "Members of a conference and their seats")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[route("/api/v1/members/{proxy+}", Access::User)];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: MembersStore,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberSeat)]
struct SeatView {
    #[schema(example = "M1")]
    member_id: String,
    #[schema(example = "12A")]
    seat_number: String,
}

/// The seat of a member of the conference
#[utoipa::path(
    get, path = "/api/v1/members/{member_id}/seat", tag = "members",
    params(("member_id" = String, Path)), responses((status = 200, body = SeatView))
)]
async fn seat(
    State(app): State<AppState>,
    PathId(member): PathId<MemberId>,
) -> Result<Json<SeatView>, Problem> {
    let seat = app.store.seat(&member).await?;
    let seat = seat.ok_or_else(|| Problem::not_found(&format!("member: {member}")))?;
    Ok(Json(SeatView { member_id: member.to_string(), seat_number: seat.to_string() }))
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(seat))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
