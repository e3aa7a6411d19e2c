//! What the organizer decides.

use axum::{Json, extract::State};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_lambda::{
    extract::{PathId, Payload},
    identity::Caller,
    json::{DateTime, whole},
    problem::Problem,
};
use marquee_waiting_room::store::rooms::OpenRoom;
use marquee_waiting_room_domain::{
    ids::SessionId,
    problems::ROOM_OPENED,
    room::{
        BYPASS_MAX, CAPACITY_MAX, MESSAGE_CHARS_MAX, PLACE_SECONDS, RATE_MAX,
        SEATS_PER_VISITOR_MAX, Settings,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AppState, rooms::no_room};

/// A room's settings. What is left out is as in a new room, but for `opens_at`, which stays as it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = QueueSettings)]
pub(crate) struct SettingsView {
    /// Who joins before takes part in the lot; who joins after stands behind all of them. The start of sales
    /// in a new room.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    opens_at: Option<DateTime>,
    /// Visitors let in per minute, at most; no bound of its own if missing.
    #[serde(default, deserialize_with = "whole")]
    #[schema(maximum = 1_000_000)]
    rate_per_minute: Option<u32>,
    /// Visitors inside at the same time, at most.
    #[serde(default = "capacity", deserialize_with = "whole")]
    #[schema(maximum = 100_000)]
    capacity: u32,
    /// How long a visitor who was let in and reserves nothing keeps the place.
    #[serde(default = "place_seconds", deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 3_600)]
    place_seconds: u32,
    /// Seats that one pass is good for.
    #[serde(default = "seats_per_visitor", deserialize_with = "whole")]
    #[schema(minimum = 1, maximum = 63)]
    seats_per_visitor: u16,
    /// Whether there is a line: otherwise everybody gets a pass at once.
    #[serde(default = "enabled")]
    enabled: bool,
    /// Whether nobody is let in for now.
    #[serde(default)]
    paused: bool,
    /// To everybody in the room.
    #[serde(default)]
    #[schema(max_length = 500)]
    message: Option<String>,
    /// Users who need not wait.
    #[serde(default)]
    #[schema(max_items = 100)]
    bypass: Vec<Uuid>,
    /// Whether visitors get a pass at once while the room cannot take them: because the broker or the
    /// table is away.
    #[serde(default)]
    fail_open: bool,
}

fn new_room() -> Settings {
    Settings::new(Timestamp::from_millis(0))
}

fn capacity() -> u32 {
    new_room().capacity
}

fn place_seconds() -> u32 {
    new_room().place_seconds
}

fn seats_per_visitor() -> u16 {
    new_room().seats_per_visitor
}

fn enabled() -> bool {
    new_room().enabled
}

impl From<Settings> for SettingsView {
    fn from(settings: Settings) -> Self {
        Self {
            opens_at: Some(DateTime(settings.opens_at)),
            rate_per_minute: settings.rate_per_minute,
            capacity: settings.capacity,
            place_seconds: settings.place_seconds,
            seats_per_visitor: settings.seats_per_visitor,
            enabled: settings.enabled,
            paused: settings.paused,
            message: settings.message,
            bypass: settings.bypass.into_iter().map(UserId::uuid).collect(),
            fail_open: settings.fail_open,
        }
    }
}

/// What was read and is put back is the same, though it was shown in whole seconds.
fn as_shown(given: Timestamp, before: Timestamp) -> Timestamp {
    let seconds = |at: Timestamp| at.millis().div_euclid(1000);
    if seconds(given) == seconds(before) { before } else { given }
}

fn check<T: PartialOrd + std::fmt::Display>(
    field: &str,
    value: T,
    min: T,
    max: T,
) -> Result<T, Problem> {
    match value < min || value > max {
        true => Err(Problem::invalid_field(field, format!("must be {min} to {max}"))),
        false => Ok(value),
    }
}

impl SettingsView {
    fn parse(self, before: &Settings) -> Result<Settings, Problem> {
        if self.bypass.len() > BYPASS_MAX {
            let detail = format!("must name at most {BYPASS_MAX} users");
            return Err(Problem::invalid_field("bypass", detail));
        }
        let chars = self.message.as_deref().map_or(0, |message| message.chars().count());
        if chars > MESSAGE_CHARS_MAX {
            let detail = format!("must have at most {MESSAGE_CHARS_MAX} characters");
            return Err(Problem::invalid_field("message", detail));
        }
        let rate = self.rate_per_minute;
        let rate = rate.map(|rate| check("rate_per_minute", rate, 0, RATE_MAX)).transpose()?;
        let (min, max) = (*PLACE_SECONDS.start(), *PLACE_SECONDS.end());
        Ok(Settings {
            opens_at: self.opens_at.map_or(before.opens_at, |at| as_shown(at.0, before.opens_at)),
            rate_per_minute: rate,
            capacity: check("capacity", self.capacity, 0, CAPACITY_MAX)?,
            place_seconds: check("place_seconds", self.place_seconds, min, max)?,
            seats_per_visitor: check(
                "seats_per_visitor",
                self.seats_per_visitor,
                1,
                SEATS_PER_VISITOR_MAX,
            )?,
            enabled: self.enabled,
            paused: self.paused,
            message: self.message,
            bypass: self.bypass.into_iter().map(UserId::new).collect(),
            fail_open: self.fail_open,
        })
    }
}

/// A room's settings
#[utoipa::path(
    get, path = "/api/v1/queue/{session_id}", tag = "waiting room",
    params(("session_id" = Uuid, Path)), responses((status = 200, body = SettingsView))
)]
pub(crate) async fn get(
    State(app): State<AppState>,
    caller: Caller,
    PathId(session): PathId<SessionId>,
) -> Result<Json<SettingsView>, Problem> {
    Ok(Json(own_room(&app, &caller, session).await?.room.settings.into()))
}

/// Set a room up
///
/// At any time, also while people wait. Only when it opens cannot be changed any more once it has.
#[utoipa::path(
    put, path = "/api/v1/queue/{session_id}", tag = "waiting room", request_body = SettingsView,
    params(("session_id" = Uuid, Path)),
    responses(
        (status = 200, body = SettingsView),
        (status = 409, description = "it has opened"),
    )
)]
pub(crate) async fn put(
    State(app): State<AppState>,
    caller: Caller,
    PathId(session): PathId<SessionId>,
    Payload { value, .. }: Payload<SettingsView>,
) -> Result<Json<SettingsView>, Problem> {
    let room = own_room(&app, &caller, session).await?;
    let settings = value.parse(&room.room.settings)?;
    let opens_as_before = settings.opens_at == room.room.settings.opens_at;
    if !app.store.put_settings(session, &settings, opens_as_before).await? {
        let detail = "opens_at cannot be changed: the order of those who came before is drawn";
        return Err(Problem::new(&ROOM_OPENED, detail.into()));
    }
    Ok(Json(settings.into()))
}

async fn own_room(
    app: &AppState,
    caller: &Caller,
    session: SessionId,
) -> Result<OpenRoom, Problem> {
    let room = app.store.room(session, true).await?.ok_or_else(no_room)?;
    caller.check_organizer(Some(room.room.organizer))?;
    Ok(room)
}
