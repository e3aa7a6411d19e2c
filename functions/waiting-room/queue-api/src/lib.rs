//! `queue-api`: join a session's waiting room, see the line move, get the pass.
//!
//! | module | what it holds |
//! |---|---|
//! | [`entries`] | an entry's routes: joining, looking, leaving |
//! | [`joining`] | taking a visitor into the room |
//! | [`requests`] | asking for seats that are booked when the turn comes |
//! | [`wishes`] | changing what was asked for |
//! | [`status`] | what everybody is told |
//! | [`settings`] | what the organizer decides |
//! | [`rooms`] | rooms, read once a second for all who ask |

mod entries;
mod joining;
mod requests;
mod rooms;
mod settings;
mod status;
mod wishes;

use std::{sync::Arc, time::Duration};

use axum::Router;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    http,
    identity::Identity,
    route::{Access, Api, Route, route},
};
use marquee_messaging::publisher::Publisher;
use marquee_passes::PassKey;
use marquee_waiting_room::store::WaitingRoomStore;
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use rooms::Rooms;

pub const API: Api = Api {
    name: "queue-api",
    routes: ROUTES,
    tags: &[("waiting room", "A fair line in front of a session's seats")],
    openapi,
};

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/api/v1/queue/{session_id}", Access::Organizer),
    route("/api/v1/queue/{session_id}/status", Access::Everybody),
    route("/api/v1/queue/{session_id}/entries", Access::User),
    route("/api/v1/queue/{session_id}/entries/{entry_id}", Access::User),
    route("/api/v1/queue/{session_id}/requests", Access::User),
];

/// What the handlers work with.
#[derive(Clone, Debug)]
pub struct AppState {
    pub store: WaitingRoomStore,
    pub rooms: Rooms,
    pub publisher: Arc<dyn Publisher>,
    pub passes: PassKey,
    /// How long a pass is good; a visitor who asks again gets a new one, as long as the place is theirs.
    pub pass_for: Duration,
    pub clock: Arc<dyn Clock>,
}

fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(status::get))
        .routes(routes!(entries::join))
        .routes(routes!(entries::get, entries::leave))
        .routes(routes!(requests::ask))
}

pub fn router(app: AppState, identity: Identity) -> Router {
    let (router, _) = routes().split_for_parts();
    http::finish(router.with_state(app), API, identity)
}

/// This API's part of the description at `/openapi.json`.
fn openapi() -> OpenApi {
    routes().split_for_parts().1
}
