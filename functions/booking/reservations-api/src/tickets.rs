//! Tickets: listed, shown as QR codes, and used once.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jsonwebtoken::jwk::JwkSet;
use marquee_booking_domain::{
    check_in::CheckIn,
    ids::TicketId,
    problems::{TICKET_FORGED, TICKET_USED},
    reservation::Reservation,
    ticket::Ticket,
};
use marquee_kernel::ids::UserId;
use marquee_lambda::{
    extract::{OptionalPayload, PathId},
    identity::Caller,
    json::DateTime,
    page::{ArrayPage, PageRequest},
    problem::{INTERNAL, Problem},
};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, qr, views::TicketView};

const GATE_LEN_MAX: usize = 100;
/// With as many tickets as each may have, at some 2.5 KB a QR image, an answer stays below 6 MB.
const RESERVATIONS_PER_PAGE_MAX: u16 = 30;

/// A user's tickets
///
/// Those of a page of the user's reservations at a time; `Link`, if there, leads to the next.
#[utoipa::path(
    get, path = "/api/v1/tickets/user/{user_id}", tag = "tickets",
    params(("user_id" = Uuid, Path), ("limit" = Option<u16>, Query),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = Vec<TicketView>))
)]
pub(crate) async fn of_user(
    State(app): State<AppState>,
    PathId(user): PathId<UserId>,
    caller: Caller,
    page: PageRequest,
) -> Result<ArrayPage<TicketView>, Problem> {
    if !may_see(&caller, user) {
        return Err(Problem::not_found("user, or it is not you"));
    }
    let (limit, after) = (page.limit.min(RESERVATIONS_PER_PAGE_MAX).into(), page.after.as_deref());
    let found = app.checkout.store.reservations_of(user, limit, after).await?;
    let tickets = found.reservations.iter().flat_map(Reservation::tickets);
    let tickets: Vec<_> = tickets.map(|ticket| view(&app, &ticket)).collect::<Result<_, _>>()?;
    Ok(page.array(tickets, found.next.as_deref()))
}

/// One ticket
#[utoipa::path(
    get, path = "/api/v1/tickets/{ticket_id}", tag = "tickets",
    params(("ticket_id" = Uuid, Path)), responses((status = 200, body = TicketView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathId(id): PathId<TicketId>,
    caller: Caller,
) -> Result<Json<TicketView>, Problem> {
    let (reservation, index) = find_own(&app, id, &caller).await?;
    Ok(Json(view(&app, &ticket(&reservation, index)?)?))
}

/// A ticket's QR code as a PNG
#[utoipa::path(
    get, path = "/api/v1/tickets/{ticket_id}/qr", tag = "tickets",
    params(("ticket_id" = Uuid, Path)),
    responses((status = 200, content_type = "image/png"))
)]
pub(crate) async fn qr_image(
    State(app): State<AppState>,
    PathId(id): PathId<TicketId>,
    caller: Caller,
) -> Result<Response, Problem> {
    let (reservation, index) = find_own(&app, id, &caller).await?;
    let png = qr::png(&code(&app, &ticket(&reservation, index)?)?)?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "image/png")], png).into_response())
}

#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Use {
    /// What the QR code says; checked, if given.
    code: Option<String>,
    /// Where the ticket is used, as it will be told to whoever tries again.
    #[serde(alias = "location", alias = "device")]
    #[schema(max_length = 100)]
    gate: Option<String>,
}

/// Use a ticket; the second time is refused with when and where it was used
#[utoipa::path(
    post, path = "/api/v1/tickets/{ticket_id}/check-in", tag = "tickets",
    request_body = Option<Use>, params(("ticket_id" = Uuid, Path)),
    responses(
        (status = 200, body = TicketView),
        (status = 409, description = "used before"),
        (status = 422, description = "the code is not genuine"),
    )
)]
pub(crate) async fn check_in(
    State(app): State<AppState>,
    PathId(id): PathId<TicketId>,
    OptionalPayload(body): OptionalPayload<Use>,
) -> Result<Json<TicketView>, Problem> {
    let gate = body.gate.as_deref().unwrap_or("unnamed").trim().to_owned();
    if gate.chars().count() > GATE_LEN_MAX {
        let detail = format!("must have at most {GATE_LEN_MAX} characters");
        return Err(Problem::invalid_field("gate", detail));
    }
    if body.code.is_some_and(|code| !app.signer.verify(&code, id)) {
        let detail = "the code was not signed by us, was altered, or is another ticket's";
        return Err(Problem::new(&TICKET_FORGED, detail.into()));
    }
    let (mut reservation, index) = find(&app, id).await?;
    let check_in = CheckIn { at: app.checkout.clock.now(), gate, request: Uuid::new_v4() };
    let unused = reservation.check_in(index, check_in.clone());
    unused.ok_or_else(|| Problem::not_found("ticket"))?.map_err(|first| used(&first))?;
    let written = app.checkout.store.check_in(&reservation, index, &check_in).await?;
    written.map_err(|first| used(&first))?;
    Ok(Json(view(&app, &ticket(&reservation, index)?)?))
}

/// The public key that ticket codes are verified with
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "tickets", responses((status = 200)))]
pub(crate) async fn public_keys(State(app): State<AppState>) -> Json<JwkSet> {
    Json(app.signer.public_keys())
}

/// Its owner, staff and the door. Where nobody is asked, a ticket's identifier is all it takes; but a
/// caller who says who they are must be its owner.
fn may_see(caller: &Caller, user: UserId) -> bool {
    caller.is(user) || caller.works_here()
}

async fn find_own(
    app: &AppState,
    id: TicketId,
    caller: &Caller,
) -> Result<(Reservation, usize), Problem> {
    let found = find(app, id).await?;
    match may_see(caller, found.0.user) {
        true => Ok(found),
        false => Err(Problem::not_found("ticket of yours")),
    }
}

async fn find(app: &AppState, id: TicketId) -> Result<(Reservation, usize), Problem> {
    let (reservation, index) = id.reservation().ok_or_else(|| Problem::not_found("ticket"))?;
    let found = app.checkout.store.reservation(reservation).await?;
    Ok((found.ok_or_else(|| Problem::not_found("ticket"))?, index))
}

fn ticket(reservation: &Reservation, index: usize) -> Result<Ticket<'_>, Problem> {
    reservation.tickets().nth(index).ok_or_else(|| Problem::not_found("ticket"))
}

fn used(first: &CheckIn) -> Problem {
    let at = serde_json::to_value(DateTime(first.at)).unwrap_or_default();
    let detail = format!("the ticket was used at {}, gate {}", first.at, first.gate);
    Problem::new(&TICKET_USED, detail).with("used_at", at).with("used_gate", first.gate.clone())
}

fn code(app: &AppState, ticket: &Ticket<'_>) -> Result<String, Problem> {
    app.signer.sign(ticket).map_err(|error| {
        tracing::error!(%error, "cannot sign a ticket");
        Problem::new(&INTERNAL, "the request failed on our side".into())
    })
}

fn view(app: &AppState, ticket: &Ticket<'_>) -> Result<TicketView, Problem> {
    let png = qr::png(&code(app, ticket)?)?;
    Ok(TicketView::new(ticket, qr::data_url(&png)))
}
