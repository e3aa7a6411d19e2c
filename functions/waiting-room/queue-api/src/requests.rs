//! Asking for seats instead of choosing them: they are booked when the visitor's turn comes.

use axum::{extract::State, response::Response};
use marquee_lambda::{
    extract::{Buyer, PathId, Payload},
    json::whole,
    problem::Problem,
};
use marquee_passes::request::Wish;
use marquee_waiting_room::views::entry::EntryView;
use marquee_waiting_room_domain::ids::SessionId;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    AppState,
    joining::{let_through_or, take},
};

/// Either `seats` or `best_together`.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = QueueRequest, example = json!({ "best_together": 2 }))]
pub(crate) struct NewRequest {
    /// These seats, by `session_seat_id`.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 63)]
    seats: Option<Vec<Uuid>>,
    /// So many next to one another, the best there are.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 63)]
    best_together: Option<u16>,
}

impl NewRequest {
    fn parse(self, seats_max: u16) -> Result<Wish, Problem> {
        let (field, count, wish) = match (self.seats, self.best_together) {
            (Some(seats), None) => ("seats", seats.len(), Wish::Seats(seats)),
            (None, Some(count)) => ("best_together", usize::from(count), Wish::BestTogether(count)),
            _ => {
                let detail = "either seats or best_together says what is wanted";
                return Err(Problem::invalid_field("seats", detail));
            }
        };
        if !(1..=usize::from(seats_max)).contains(&count) {
            let detail = format!("must be 1 to {seats_max} seats, as the room's settings say");
            return Err(Problem::invalid_field(field, detail));
        }
        Ok(wish)
    }
}

/// Ask for seats
///
/// Joins the line, unless the visitor is there already. When their turn comes, the seats are reserved for
/// them, and their entry names the reservation, which is to be paid as any other. Asking again changes what
/// is asked for, as long as nothing is reserved.
#[utoipa::path(
    post, path = "/api/v1/queue/{session_id}/requests", tag = "waiting room", request_body = NewRequest,
    params(("session_id" = Uuid, Path), ("X-User-ID" = Uuid, Header)),
    responses(
        (status = 202, body = EntryView, description = "on the way into the line"),
        (status = 200, body = EntryView, description = "in the line, or let in"),
        (status = 409, description = "the sale is over, or the place before is not"),
        (status = 503, description = "the room cannot take anybody"),
    )
)]
pub(crate) async fn ask(
    State(app): State<AppState>,
    PathId(session): PathId<SessionId>,
    Buyer(user): Buyer,
    Payload { value, .. }: Payload<NewRequest>,
) -> Result<Response, Problem> {
    let asked = async {
        let seen = app.rooms.get(&app.store, session).await?;
        let wish = value.parse(seen.room.room.settings.seats_per_visitor)?;
        take(&app, session, user, Some(wish)).await
    };
    let_through_or(&app, session, user, asked.await)
}
