//! `POST /api/v1/reservations`: hold seats.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use marquee_booking::store::{
    holds::{HoldOutcome, HoldRequest},
    wanted::{NotReservable, Wanted},
};
use marquee_booking_domain::{
    ids::{PriceTierId, SessionId, SessionSeatId},
    problems::{HOLD_LIMIT, PASS_USED, SEAT_TAKEN},
    reservation::{Reservation, ReservationStatus, ReservedSeat},
    seat_ref::SeatPlace,
    venue::Session,
};
use marquee_lambda::{
    extract::{Buyer, IdempotencyKey, Payload},
    json::{Label, Object},
    problem::{IDEMPOTENCY_KEY_REUSED, Problem},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, passes::QueuePass, views::ReservationView};

#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "session_id": "b623792d-f564-44c4-a6cd-255b83f9a4db",
    "seats": [{ "session_seat_id": "42a95132-a946-4569-8bba-010ed85a5ad3" }],
}))]
pub(crate) struct NewReservation {
    session_id: Uuid,
    #[schema(value_type = Vec<WantedSeat>, min_items = 1, max_items = 63)]
    seats: Vec<Object<WantedSeat>>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct WantedSeat {
    session_seat_id: Uuid,
    /// Checked against the seat, if given. A string or a number.
    #[schema(inline)]
    row_number: Option<Label>,
    /// Checked against the seat, if given. A string or a number.
    #[schema(inline)]
    seat_number: Option<Label>,
    /// The base price if missing.
    price_tier_id: Option<Uuid>,
}

/// Hold seats for ten minutes
///
/// All of them or none. An `Idempotency-Key` is the user's own, for each session.
#[utoipa::path(
    post, path = "/api/v1/reservations", tag = "reservations", request_body = NewReservation,
    params(("X-User-ID" = Uuid, Header), ("Idempotency-Key" = Option<String>, Header),
        ("X-Queue-Pass" = Option<String>, Header,
            description = "The pass that the session's waiting room gave, if the session has one.")),
    responses(
        (status = 201, body = ReservationView),
        (status = 403, description = "the session has a waiting room, and this is no pass from there"),
        (status = 409,
            description = "seat taken, too many seats on hold, not on sale, or the pass is used"),
        (status = 429, description = "more reservations than one user may make in a minute"),
    )
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    Buyer(user): Buyer,
    key: IdempotencyKey,
    pass: QueuePass,
    Payload { value, canonical }: Payload<NewReservation>,
) -> Result<Response, Problem> {
    let id = SessionId::new(value.session_id);
    let wanted = value.seats.into_iter().map(|Object(seat)| seat);
    let (session, seats) = wanted_seats(&app, id, wanted).await?;
    let hash = key.hash(&format!("reservations/{id}"), &canonical);
    let now = app.checkout.clock.now();
    let waiting_room = session.waiting_room;
    let mut request =
        HoldRequest { user, session: id, seats, waiting_room, place: None, idempotency: hash, now };
    let place = match session.check_sales(now) {
        Ok(()) => pass.place(&app.passes, &session, &request),
        Err(refusal) => Err(Problem::of(&refusal)),
    };
    let outcome = match place {
        Ok(place) => {
            request.place = place;
            app.checkout.store.hold(&request, app.policy).await?
        }
        // What was answered in time is answered again.
        Err(refusal) => app.checkout.store.replayed(&request).await?.ok_or(refusal)?,
    };
    match outcome {
        HoldOutcome::Held(reservation) => Ok(created(&reservation)),
        HoldOutcome::Replayed(reservation) => Ok(created(&as_first_answered(reservation))),
        refused => Err(refusal(refused, &request, app.policy.live_seats_max)),
    }
}

fn created(reservation: &Reservation) -> Response {
    let view = ReservationView::new(reservation, None, reservation.created_at);
    (StatusCode::CREATED, Json(view)).into_response()
}

/// What became of it since is not part of the first answer.
fn as_first_answered(reservation: Reservation) -> Reservation {
    Reservation {
        status: ReservationStatus::Active,
        updated_at: reservation.created_at,
        payment: None,
        ..reservation
    }
}

fn refusal(outcome: HoldOutcome, request: &HoldRequest, live_seats_max: usize) -> Problem {
    match outcome {
        HoldOutcome::SeatsTaken(places) => seats_taken(request, &places),
        HoldOutcome::LimitReached { live_seats } => {
            let detail = format!(
                "you hold {live_seats} unpaid seats of this session and ask for {} more; \
                 the limit is {live_seats_max}",
                request.seats.len()
            );
            Problem::new(&HOLD_LIMIT, detail).with("limit", live_seats_max)
        }
        HoldOutcome::TooFast { until } => {
            let detail = "you have made as many reservations for this session as fit a minute";
            Problem::too_many(detail.into(), until.seconds_from(request.now))
        }
        HoldOutcome::PlaceUsed { by } => {
            let detail = "a reservation was made with this place in the line before";
            Problem::new(&PASS_USED, detail.into()).with("reservation_id", by.to_string())
        }
        HoldOutcome::TooManyReservations => {
            let detail = "you have made as many reservations for this session as can be kept";
            Problem::new(&HOLD_LIMIT, detail.into())
        }
        HoldOutcome::KeyReused | HoldOutcome::Held(_) | HoldOutcome::Replayed(_) => Problem::new(
            &IDEMPOTENCY_KEY_REUSED,
            "this Idempotency-Key came before with another request".into(),
        ),
    }
}

fn seats_taken(request: &HoldRequest, places: &[SeatPlace]) -> Problem {
    let taken: Vec<_> = request.seats.iter().filter(|seat| places.contains(&seat.place)).collect();
    let names: Vec<_> = taken
        .iter()
        .map(|seat| format!("row {} seat {}", seat.row_number, seat.seat_number))
        .collect();
    let seats: Vec<_> = taken
        .iter()
        .map(|seat| {
            json!({
                "session_seat_id": seat.session_seat_id.to_string(),
                "row_number": seat.row_number,
                "seat_number": seat.seat_number,
            })
        })
        .collect();
    let detail = format!("already locked by another user: {}", names.join(", "));
    Problem::new(&SEAT_TAKEN, detail).with("seats", seats)
}

/// The seats asked for, found and priced.
async fn wanted_seats(
    app: &AppState,
    session: SessionId,
    wanted: impl IntoIterator<Item = WantedSeat>,
) -> Result<(Arc<Session>, Vec<ReservedSeat>), Problem> {
    let wanted: Vec<_> = wanted.into_iter().map(Wanted::from).collect();
    let found = app.checkout.store.price(session, &wanted).await?;
    found.map_err(|unfit| match unfit {
        NotReservable::NoSession => Problem::not_found("session"),
        NotReservable::Count => Problem::invalid_field("seats", unfit),
        NotReservable::Seat { index, field, ref detail } => {
            Problem::invalid_field(&format!("seats[{index}].{field}"), detail)
        }
    })
}

impl From<WantedSeat> for Wanted {
    fn from(wanted: WantedSeat) -> Self {
        Self {
            seat: SessionSeatId::new(wanted.session_seat_id),
            row_number: wanted.row_number.map(|label| label.0),
            seat_number: wanted.seat_number.map(|label| label.0),
            price_tier: wanted.price_tier_id.map(PriceTierId::new),
        }
    }
}
