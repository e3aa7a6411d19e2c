//! Demo data: the hall, the session and the identifiers that the user-flow document works with.

use std::{collections::BTreeMap, time::Duration};

use marquee_booking::store::{BookingStore, venues::Entity};
use marquee_booking_domain::{
    ids::{EventId, HallId, LocationId, OrganizerId, PriceTierId, SeatId, SessionSeatId},
    seating::{HallRow, HallSeat, into_blocks},
    venue::{Event, Hall, Location, Organizer, PriceTier, Session},
};
use marquee_kernel::{
    money::{Money, Multiplier},
    time::Timestamp,
};
use marquee_lambda::Error;
use uuid::Uuid;

pub const SESSION: &str = "b623792d-f564-44c4-a6cd-255b83f9a4db";
pub const HALL: &str = "24c9d755-b21c-42b0-b9d9-42f11e5fe6b5";
pub const PRICE_TIER: &str = "5525e24a-fb4e-46bd-bebb-046efb9ffefe";
pub const USER: &str = "123e4567-e89b-12d3-a456-426614174000";
/// Row 1, seat 4.
pub const SEAT_4: &str = "fd67f9ef-6058-4f48-a6a6-ba4fcf7435cd";
/// Row 1, seat 5.
pub const SEAT_5: &str = "42a95132-a946-4569-8bba-010ed85a5ad3";
const HALL_SEAT_4: &str = "09832325-0860-4429-9c9d-5e5325da7af1";
const HALL_SEAT_5: &str = "1567af4c-fe5e-4dc4-bf73-bf8bedbf3915";

const ROWS: usize = 10;
const SEATS_PER_ROW: usize = 12;
/// For so long the demo's session is on sale: a data file outlives a few days.
const STARTS_IN: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const LASTS: Duration = Duration::from_secs(2 * 60 * 60);

pub async fn load(store: &BookingStore, now: Timestamp) -> Result<(), Error> {
    let id = |name: &str| Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("demo/{name}").as_bytes());
    let organizer = OrganizerId::new(id("organizer"));
    let location = LocationId::new(id("location"));
    let hall: HallId = HALL.parse()?;
    let event = EventId::new(id("event"));
    let details = "{}".to_owned();
    add(
        store,
        Organizer {
            id: organizer,
            name: "City Theatre".into(),
            details: details.clone(),
            created_at: now,
        },
    )
    .await?;
    add(
        store,
        Location {
            id: location,
            name: "City Theatre".into(),
            details: details.clone(),
            created_at: now,
        },
    )
    .await?;
    let name = "Great Hall".to_owned();
    add(store, Hall { id: hall, location, name, details, created_at: now }).await?;
    add(
        store,
        Event {
            id: event,
            title: "Opening Night".into(),
            description: "Demo data, to follow the user flow with".into(),
            event_type: "theatre".into(),
            organizer,
            created_at: now,
        },
    )
    .await?;
    store.add_rows(hall, &rows(), None).await?;
    add_session(store, event, organizer, hall, now).await?;
    add(store, tier(PRICE_TIER.parse()?, "Standard", Multiplier::ONE, now)).await?;
    let half: Multiplier = "0.5".parse()?;
    add(store, tier(PriceTierId::new(id("concession")), "Concession", half, now)).await
}

async fn add<E: Entity>(store: &BookingStore, entity: E) -> Result<(), Error> {
    store.create(entity, None).await?;
    Ok(())
}

fn tier(id: PriceTierId, name: &str, multiplier: Multiplier, now: Timestamp) -> PriceTier {
    let (name, description) = (name.to_owned(), String::new());
    PriceTier { id, session: None, name, multiplier, description, created_at: now }
}

fn rows() -> Vec<HallRow> {
    let seat = |n: usize| HallSeat { seat_number: n.to_string(), seat_type: "standard".into() };
    let row = |n: usize| HallRow {
        row_number: n.to_string(),
        seats: (1..=SEATS_PER_ROW).map(seat).collect(),
    };
    (1..=ROWS).map(row).collect()
}

async fn add_session(
    store: &BookingStore,
    event: EventId,
    organizer: OrganizerId,
    hall: HallId,
    now: Timestamp,
) -> Result<(), Error> {
    let base_price: Money = "100".parse()?;
    let session = Session {
        id: SESSION.parse()?,
        event,
        hall,
        start_time: now + STARTS_IN,
        end_time: now + STARTS_IN + LASTS,
        base_price,
        seats_count: ROWS * SEATS_PER_ROW,
        sales_start: now,
        sales_end: now + STARTS_IN,
        waiting_room: false,
        created_at: now,
    };
    let mut blocks = into_blocks(rows());
    blocks[0].given_ids = given_ids()?;
    store.create_session(session, organizer, &blocks, None, now).await?;
    Ok(())
}

fn given_ids() -> Result<BTreeMap<u16, (SessionSeatId, SeatId)>, Error> {
    let seats: [(u16, SessionSeatId, SeatId); 2] =
        [(3, SEAT_4.parse()?, HALL_SEAT_4.parse()?), (4, SEAT_5.parse()?, HALL_SEAT_5.parse()?)];
    Ok(seats.into_iter().map(|(position, id, seat)| (position, (id, seat))).collect())
}
