//! A session behind a waiting room: what a seller sets up before a crowd comes.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{Error, clock::SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    api::{Api, Request},
    meter::Kind,
    plan::{Plan, SEATS_PER_VISITOR},
};

/// Of a row: a block of neighbouring seats is one item, and this is as long as one.
const SEATS_PER_ROW: usize = 34;
/// After which a room that is not there will not come.
const ROOM_WITHIN: Duration = Duration::from_secs(60);
/// Between the session and the first visitor: the room is made and set up meanwhile.
const SET_UP: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// The id of a session that nobody has bought of, and when its room opens: sales start then.
pub async fn session(api: &Api, plan: &Plan) -> Result<(String, Timestamp), Error> {
    let location = api.post("/api/v1/locations", json!({ "name": "The big square" })).await?;
    let halls = format!("/api/v1/locations/{}/halls", text(&location["location_id"])?);
    let hall = api.post(halls, json!({ "name": "The big hall" })).await?;
    let hall = text(&hall["hall_id"])?;
    let rows = json!({ "rows": rows(plan.seats) });
    api.post(format!("/api/v1/halls/{hall}/seats"), rows).await?;
    let organizer = api.post("/api/v1/organizers", json!({ "name": "We" })).await?;
    let event = json!({ "title": "A crowd", "organizer_id": organizer["organizer_id"] });
    let event = api.post("/api/v1/events", event).await?;
    let opens_at = SystemClock.now() + SET_UP + plan.early;
    let session = json!({
        "event_id": event["event_id"], "hall_id": hall, "base_price": 40, "waiting_room": true,
        "sales_start": opens_at.to_rfc3339_millis(),
        "start_time": "2035-01-01T19:00:00Z", "end_time": "2035-01-01T22:00:00Z",
    });
    let session = api.post("/api/v1/sessions", session).await?;
    let session = text(&session["session_id"])?.to_owned();
    await_room(api, &session).await?;
    set_up_room(api, &session, plan).await?;
    Ok((session, opens_at))
}

async fn await_room(api: &Api, session: &str) -> Result<(), Error> {
    let path = format!("/api/v1/queue/{session}/status");
    let there = async {
        loop {
            let answer = api.ask(Request::new(Kind::Other, Method::GET, &path)).await?;
            match answer.status {
                200 => return Ok(()),
                404 => tokio::time::sleep(LOOK_EVERY).await,
                _ => return Err(Error::from(format!("{path}: {answer}"))),
            }
        }
    };
    let never = |_| Error::from("the session never gets a waiting room");
    tokio::time::timeout(ROOM_WITHIN, there).await.map_err(never)?
}

async fn set_up_room(api: &Api, session: &str, plan: &Plan) -> Result<(), Error> {
    let settings = json!({
        "capacity": plan.capacity, "place_seconds": plan.place_seconds,
        "seats_per_visitor": SEATS_PER_VISITOR,
    });
    let put = Request::new(Kind::Other, Method::PUT, format!("/api/v1/queue/{session}"));
    api.must(put.with(settings)).await.map(drop)
}

/// Rows of so many seats in all.
fn rows(seats: usize) -> Vec<Value> {
    let row = |row: usize| {
        let count = SEATS_PER_ROW.min(seats - row * SEATS_PER_ROW);
        json!({ "row_number": (row + 1).to_string(), "seat_count": count })
    };
    (0..seats.div_ceil(SEATS_PER_ROW)).map(row).collect()
}

pub fn text(value: &Value) -> Result<&str, Error> {
    value.as_str().ok_or_else(|| format!("{value} is not text").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_has_what_is_left() {
        let counts = |seats| -> Vec<u64> {
            rows(seats).iter().filter_map(|row| row["seat_count"].as_u64()).collect()
        };
        assert_eq!(counts(70), [34, 34, 2]);
        assert_eq!(counts(34), [34]);
        assert_eq!(counts(1), [1]);
    }
}
