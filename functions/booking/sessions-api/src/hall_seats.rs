//! Seats of a hall: one at a time, or the whole plan in one call.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use marquee_booking::store::halls::{RowsOutcome, SeatOutcome};
use marquee_booking_domain::{
    ids::HallId,
    seating::{HallRow, HallRowHash, HallSeat, SEATS_PER_HALL_MAX, SeatingError, check_rows},
};
use marquee_lambda::{
    extract::{IdempotencyKey, PathId, PathIds, Payload},
    json::{LABEL_LEN_MAX, Label, Object, whole},
    page::{self, PageRequest, PageResponse},
    problem::{ALREADY_EXISTS, Problem},
};
use serde::{Deserialize, Serialize};
use utoipa::{
    ToSchema,
    openapi::schema::{self, ObjectBuilder, SchemaType, Type},
};
use uuid::Uuid;

use crate::{AppState, halls, responses::key_reused};

const STANDARD: &str = "standard";

#[derive(Debug, Deserialize)]
pub(crate) struct NewSeats {
    row_number: Option<Label>,
    seat_number: Option<Label>,
    seat_type: Option<String>,
    rows: Option<Vec<Object<NewRow>>>,
    seats: Option<Vec<Object<NewSeat>>>,
    #[serde(default, deserialize_with = "whole")]
    row_count: Option<u16>,
    #[serde(default, deserialize_with = "whole")]
    seats_per_row: Option<u16>,
}

/// One seat; or whole rows, as a list, as a list of seats, or as a number of equal ones.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = NewSeats)]
#[expect(dead_code, reason = "says what NewSeats takes: exactly one of these")]
enum NewSeatsShape {
    One {
        #[schema(inline)]
        row_number: Label,
        #[schema(inline)]
        seat_number: Label,
        #[schema(schema_with = seat_type_schema)]
        seat_type: Option<String>,
        #[schema(schema_with = absent)]
        rows: Option<()>,
        #[schema(schema_with = absent)]
        seats: Option<()>,
        #[schema(schema_with = absent)]
        row_count: Option<()>,
    },
    Rows {
        #[schema(min_items = 1, max_items = 15_000)]
        rows: Vec<NewRow>,
        #[schema(schema_with = seat_type_schema)]
        seat_type: Option<String>,
        #[schema(schema_with = absent)]
        seats: Option<()>,
        #[schema(schema_with = absent)]
        row_count: Option<()>,
    },
    Seats {
        #[schema(min_items = 1, max_items = 15_000)]
        seats: Vec<NewSeat>,
        #[schema(schema_with = seat_type_schema)]
        seat_type: Option<String>,
        #[schema(schema_with = absent)]
        rows: Option<()>,
        #[schema(schema_with = absent)]
        row_count: Option<()>,
    },
    Equal {
        #[schema(minimum = 1, maximum = 15_000)]
        row_count: u16,
        #[schema(minimum = 1, maximum = 2_000)]
        seats_per_row: u16,
        #[schema(schema_with = seat_type_schema)]
        seat_type: Option<String>,
        #[schema(schema_with = absent)]
        rows: Option<()>,
        #[schema(schema_with = absent)]
        seats: Option<()>,
    },
}

/// Missing, or null.
fn absent() -> schema::Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
}

fn seat_type_schema() -> schema::Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .min_length(Some(1))
        .max_length(Some(LABEL_LEN_MAX))
        .pattern(Some(r"\S"))
        .description(Some("`standard` unless said otherwise."))
        .build()
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewRow {
    #[schema(inline)]
    row_number: Label,
    /// Seats numbered from 1. Either this or `seats`.
    #[serde(default, deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 2_000)]
    seat_count: Option<u16>,
    #[schema(value_type = Option<Vec<NewRowSeat>>, min_items = 1, max_items = 2_000)]
    seats: Option<Vec<Object<NewRowSeat>>>,
    #[schema(schema_with = seat_type_schema)]
    seat_type: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewRowSeat {
    #[schema(inline)]
    seat_number: Label,
    #[schema(schema_with = seat_type_schema)]
    seat_type: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewSeat {
    #[schema(inline)]
    row_number: Label,
    #[schema(inline)]
    seat_number: Label,
    #[schema(schema_with = seat_type_schema)]
    seat_type: Option<String>,
}

/// What was added: a seat, or how many.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "says what the answer may be")]
enum Added {
    Seat(HallSeatView),
    Plan(SeatingPlan),
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HallSeat)]
pub(crate) struct HallSeatView {
    seat_id: Uuid,
    hall_id: Uuid,
    row_number: String,
    seat_number: String,
    seat_type: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatingPlan {
    hall_id: Uuid,
    rows_count: usize,
    seats_count: usize,
}

/// Add a seat, or lay out whole rows
#[utoipa::path(
    post, path = "/api/v1/halls/{hall_id}/seats", tag = "venues", request_body = NewSeatsShape,
    params(("hall_id" = Uuid, Path), ("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = Added), (status = 409, description = "there already"))
)]
pub(crate) async fn create(
    State(app): State<AppState>,
    PathId(hall): PathId<HallId>,
    key: IdempotencyKey,
    Payload { value, canonical }: Payload<NewSeats>,
) -> Result<Response, Problem> {
    let hash = key.hash(&format!("halls/{hall}/seats"), &canonical);
    let rows = rows(&value)?;
    halls::find(&app, hall).await?;
    if let Some(rows) = rows {
        let counts = SeatingPlan {
            hall_id: hall.uuid(),
            rows_count: rows.len(),
            seats_count: rows.iter().map(|row| row.seats.len()).sum(),
        };
        return match app.store.add_rows(hall, &rows, hash).await? {
            RowsOutcome::Added => Ok((StatusCode::CREATED, Json(counts)).into_response()),
            RowsOutcome::RowsExist(rows) => {
                let detail = format!("the hall has these rows already: {}", rows.join(", "));
                Err(Problem::new(&ALREADY_EXISTS, detail).with("rows", rows))
            }
            RowsOutcome::KeyReused => Err(key_reused()),
        };
    }
    let row = label("row_number", value.row_number.as_ref())?;
    let seat = seat("seat_number", value.seat_number.as_ref(), value.seat_type.as_deref())?;
    match app.store.add_seat(hall, &row, &seat, hash).await? {
        SeatOutcome::Added { offset } => {
            let view = view(hall, &row, offset, seat);
            Ok((StatusCode::CREATED, Json(view)).into_response())
        }
        SeatOutcome::Exists => {
            let detail = format!("row {row} has a seat {} already", seat.seat_number);
            Err(Problem::new(&ALREADY_EXISTS, detail))
        }
        SeatOutcome::RowFull => Err(Problem::invalid_field("row_number", "the row is full")),
        SeatOutcome::KeyReused => Err(key_reused()),
    }
}

/// The rows a bulk request asks for; `None` if it asks for one seat.
fn rows(request: &NewSeats) -> Result<Option<Vec<HallRow>>, Problem> {
    let default_type = request.seat_type.as_deref();
    let rows = match (&request.rows, &request.seats, request.row_count) {
        (None, None, None) => return Ok(None),
        (Some(rows), None, None) => listed_rows(rows, default_type)?,
        (None, Some(seats), None) => rows_of_seats(seats, default_type)?,
        (None, None, Some(row_count)) => {
            let per_row = request.seats_per_row;
            let per_row =
                per_row.ok_or_else(|| Problem::invalid_field("seats_per_row", "is missing"))?;
            within_hall(usize::from(row_count) * usize::from(per_row))?;
            let row = |n: u16| numbered_row(n.to_string(), per_row, default_type);
            (1..=row_count).map(row).collect::<Result<_, _>>()?
        }
        _ => {
            let detail = "give one of rows, seats, and row_count with seats_per_row";
            return Err(Problem::invalid_field("rows", detail));
        }
    };
    if rows.is_empty() {
        return Err(Problem::invalid_field("rows", "must not be empty"));
    }
    check_rows(&rows).map_err(|error| Problem::invalid_field("rows", error))?;
    Ok(Some(rows))
}

/// Before a single seat of them is made: a few bytes may ask for billions.
fn within_hall(seats: usize) -> Result<(), Problem> {
    match seats {
        0..=SEATS_PER_HALL_MAX => Ok(()),
        actual => Err(Problem::invalid_field("rows", SeatingError::HallSize { actual })),
    }
}

fn listed_rows(
    rows: &[Object<NewRow>],
    default_type: Option<&str>,
) -> Result<Vec<HallRow>, Problem> {
    within_hall(rows.iter().map(|Object(row)| usize::from(row.seat_count.unwrap_or(0))).sum())?;
    let row = |(index, Object(row)): (usize, &Object<NewRow>)| {
        let at = |field: &str| format!("rows[{index}].{field}");
        let row_number = label(&at("row_number"), Some(&row.row_number))?;
        let row_type = row.seat_type.as_deref().or(default_type);
        match (&row.seats, row.seat_count) {
            (Some(seats), None) => {
                let seat = |(position, Object(given)): (usize, &Object<NewRowSeat>)| {
                    let field = at(&format!("seats[{position}].seat_number"));
                    let seat_type = given.seat_type.as_deref().or(row_type);
                    seat(&field, Some(&given.seat_number), seat_type)
                };
                let seats = seats.iter().enumerate().map(seat).collect::<Result<_, _>>()?;
                Ok(HallRow { row_number, seats })
            }
            (None, Some(count)) => numbered_row(row_number, count, row_type),
            _ => Err(Problem::invalid_field(&at("seats"), "give either seats or seat_count")),
        }
    };
    rows.iter().enumerate().map(row).collect()
}

/// Seats in the order given, rows in the order they first appear.
fn rows_of_seats(
    seats: &[Object<NewSeat>],
    default_type: Option<&str>,
) -> Result<Vec<HallRow>, Problem> {
    let mut rows: Vec<HallRow> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (index, Object(given)) in seats.iter().enumerate() {
        let row_number = label(&format!("seats[{index}].row_number"), Some(&given.row_number))?;
        let seat_type = given.seat_type.as_deref().or(default_type);
        let field = format!("seats[{index}].seat_number");
        let seat = seat(&field, Some(&given.seat_number), seat_type)?;
        let place = *places.entry(row_number.clone()).or_insert_with(|| {
            rows.push(HallRow { row_number, seats: Vec::new() });
            rows.len() - 1
        });
        rows[place].seats.push(seat);
    }
    Ok(rows)
}

fn numbered_row(row_number: String, count: u16, kind: Option<&str>) -> Result<HallRow, Problem> {
    let seat_type = seat_type("seat_type", kind)?;
    let seat = |n: u16| HallSeat { seat_number: n.to_string(), seat_type: seat_type.clone() };
    Ok(HallRow { row_number, seats: (1..=count).map(seat).collect() })
}

fn seat(field: &str, number: Option<&Label>, kind: Option<&str>) -> Result<HallSeat, Problem> {
    Ok(HallSeat { seat_number: label(field, number)?, seat_type: seat_type("seat_type", kind)? })
}

fn seat_type(field: &str, given: Option<&str>) -> Result<String, Problem> {
    label(field, Some(&Label(given.unwrap_or(STANDARD).trim().to_owned())))
}

fn label(field: &str, given: Option<&Label>) -> Result<String, Problem> {
    let text = given.ok_or_else(|| Problem::invalid_field(field, "is missing"))?;
    match text.0.chars().count() {
        1..=LABEL_LEN_MAX => Ok(text.0.clone()),
        _ => {
            let detail = format!("must have 1 to {LABEL_LEN_MAX} characters");
            Err(Problem::invalid_field(field, detail))
        }
    }
}

/// The seats of a hall
#[utoipa::path(
    get, path = "/api/v1/halls/{hall_id}/seats", tag = "venues",
    params(("hall_id" = Uuid, Path), ("limit" = Option<u16>, Query),
        ("cursor" = Option<String>, Query)),
    responses((status = 200, body = PageResponse<HallSeatView>))
)]
pub(crate) async fn list(
    State(app): State<AppState>,
    PathId(hall): PathId<HallId>,
    page: PageRequest,
) -> Result<Json<PageResponse<HallSeatView>>, Problem> {
    halls::find(&app, hall).await?;
    // A whole plan takes a few kilobytes to read, so a page is a cut of it.
    let rows = app.store.hall_rows(hall).await?;
    let start: usize = match page.after {
        Some(after) => after.parse().map_err(|_| page::unknown_cursor())?,
        None => 0,
    };
    let end = start.saturating_add(page.limit.into());
    let total: usize = rows.iter().map(|row| row.seats.len()).sum();
    let seats = rows.into_iter().flat_map(|row| {
        let HallRow { row_number, seats } = row;
        let seats = seats.into_iter().enumerate();
        seats.map(move |(offset, seat)| (row_number.clone(), offset, seat))
    });
    let items = seats
        .skip(start)
        .take(page.limit.into())
        .map(|(row, offset, seat)| view(hall, &row, offset, seat))
        .collect();
    let next = (end < total).then(|| end.to_string());
    Ok(Json(PageResponse::new(items, next.as_deref())))
}

/// One seat of a hall
#[utoipa::path(
    get, path = "/api/v1/halls/{hall_id}/seats/{seat_id}", tag = "venues",
    params(("hall_id" = Uuid, Path), ("seat_id" = Uuid, Path)),
    responses((status = 200, body = HallSeatView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    PathIds(hall, seat): PathIds<HallId, Uuid>,
) -> Result<Json<HallSeatView>, Problem> {
    for row in app.store.hall_rows(hall).await? {
        let hash = HallRowHash::of(hall, &row.row_number);
        for (offset, there) in row.seats.into_iter().enumerate() {
            if hash.seat_id(offset).uuid() == seat {
                return Ok(Json(view(hall, &row.row_number, offset, there)));
            }
        }
    }
    Err(Problem::not_found("seat"))
}

fn view(hall: HallId, row_number: &str, offset: usize, seat: HallSeat) -> HallSeatView {
    HallSeatView {
        seat_id: HallRowHash::of(hall, row_number).seat_id(offset).uuid(),
        hall_id: hall.uuid(),
        row_number: row_number.to_owned(),
        seat_number: seat.seat_number,
        seat_type: seat.seat_type,
    }
}
