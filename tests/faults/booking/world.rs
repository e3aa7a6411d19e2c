//! Booking with everything around it in the test's hands.

use std::{sync::Arc, time::Duration};

use axum::Router;
use marquee_booking::{
    checkout::Checkout,
    store::{BookingStore, holds::HoldPolicy},
};
use marquee_booking_domain::{
    ids::{ReservationId, SessionId},
    seat::SeatState,
};
use marquee_dynamo::client::Table;
use marquee_host::database::{LocalDatabase, table_name};
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    consumer::{MessageHandler, Outcome},
    identity::Identity,
};
use marquee_messaging::message::Message;
use marquee_passes::PassKey;
use marquee_payments::{
    mock::MockProvider,
    settlement::{Payments, RetryPauses},
    store::PaymentStore,
};
use marquee_payments_domain::{charge::Currency, provider::Provider};
use marquee_testkit::{capacity::CapacityMeter, clock::ManualClock, faulty::Fault};
use on_reservation_decided::OnReservationDecided;
use on_reservation_event::OnReservationEvent;
use reservations_api::signing::TicketSigner;
use serde_json::{Value, json};
use sessions_api::SeatMaps;
use uuid::Uuid;

use crate::system::{drain, faulty_table, invoke, invoke_with, relayed};

pub(crate) const HOLD: Duration = Duration::from_secs(600);
pub(crate) const QUEUE: &str = "event_service_queue";

/// Who takes the money, and how long to wait before it is asked again.
pub(crate) const PAUSES: RetryPauses = RetryPauses::STANDARD;

pub(crate) struct World {
    pub(crate) database: LocalDatabase,
    pub(crate) store: BookingStore,
    pub(crate) clock: ManualClock,
    pub(crate) meter: CapacityMeter,
    pub(crate) checkout: Checkout,
    /// Of the waiting rooms.
    pub(crate) passes: PassKey,
    sessions: Router,
    reservations: Router,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_faults(|_, _| Fault::None).await
    }

    /// With a connection to DynamoDB that goes wrong as `plan` says.
    pub(crate) async fn with_faults(
        plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static,
    ) -> Self {
        Self::with_provider(Arc::new(MockProvider::default()), plan).await
    }

    /// With such a connection, and money taken by this provider.
    pub(crate) async fn with_provider(
        provider: Arc<dyn Provider>,
        plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static,
    ) -> Self {
        let database = LocalDatabase::open(None).await.expect("a database");
        let clock = ManualClock::at(Timestamp::from_millis(1_763_229_600_000));
        let (table, meter) = faulty_table(&database, &table_name("booking"), plan);
        let payments = payments(table.clone(), provider);
        let store = BookingStore::new(table.for_looking());
        let sessions = sessions_router(store.clone(), &clock);
        let checkout = Checkout { store: store.clone(), payments, clock: Arc::new(clock.clone()) };
        let passes = PassKey::from_secret("a secret");
        let reservations = reservations_router(checkout.clone(), passes.clone());
        Self { database, store, clock, meter, checkout, passes, sessions, reservations }
    }

    /// The same booking system as other machines see it: clocks ahead or behind, nothing cached.
    pub(crate) fn elsewhere(&self, clock: ManualClock) -> (BookingStore, Router) {
        let table = self.database.table("booking");
        let store = BookingStore::new(table.clone());
        let payments = payments(table, Arc::clone(&self.checkout.payments.provider));
        let clock = Arc::new(clock);
        let checkout = Checkout { store: store.clone(), payments, clock };
        (store, reservations_router(checkout, self.passes.clone()))
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        user: Option<Uuid>,
        body: &Value,
    ) -> (u16, Value) {
        let booking = path.contains("/reservations") || path.contains("/tickets");
        let router = if booking { &self.reservations } else { &self.sessions };
        invoke(router, method, path, user, body).await
    }

    /// A session in a hall of equal rows, and its seats.
    pub(crate) async fn session(&self, rows: u16, seats_per_row: u16) -> (String, Vec<String>) {
        self.session_with(rows, seats_per_row, json!({})).await
    }

    /// The same, with more fields.
    pub(crate) async fn session_with(
        &self,
        rows: u16,
        seats_per_row: u16,
        more: Value,
    ) -> (String, Vec<String>) {
        let post = async |path: &str, body: Value, id: &str| {
            let (status, answer) = self.call("POST", path, None, &body).await;
            assert_eq!(status, 201, "{path}: {answer}");
            answer[id].as_str().unwrap_or_default().to_owned()
        };
        let location = post("/api/v1/locations", json!({ "name": "L" }), "location_id").await;
        let halls = format!("/api/v1/locations/{location}/halls");
        let hall = post(&halls, json!({ "name": "H" }), "hall_id").await;
        let plan = json!({ "row_count": rows, "seats_per_row": seats_per_row });
        post(&format!("/api/v1/halls/{hall}/seats"), plan, "").await;
        let organizer = post("/api/v1/organizers", json!({ "name": "O" }), "organizer_id").await;
        let event = json!({ "title": "E", "organizer_id": organizer });
        let event = post("/api/v1/events", event, "event_id").await;
        let mut session = json!({
            "event_id": event, "hall_id": hall, "base_price": 10,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
        });
        session.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        let session = post("/api/v1/sessions", session, "session_id").await;
        let seats = self.seats(&session).await;
        let ids = seats.iter().map(|seat| seat["session_seat_id"].as_str().expect("id").to_owned());
        (session, ids.collect())
    }

    pub(crate) async fn seats(&self, session: &str) -> Vec<Value> {
        let path = format!("/api/v1/sessions/{session}/seats");
        let (status, seats) = self.call("GET", &path, None, &Value::Null).await;
        assert_eq!(status, 200);
        seats.as_array().expect("a list").clone()
    }

    pub(crate) async fn hold(&self, user: Uuid, session: &str, seats: &[&str]) -> (u16, Value) {
        self.call("POST", "/api/v1/reservations", Some(user), &wanted(session, seats)).await
    }

    /// A hold with any headers.
    pub(crate) async fn hold_with(
        &self,
        headers: &Value,
        session: &str,
        seats: &[&str],
    ) -> (u16, Value) {
        let body = wanted(session, seats);
        invoke_with(&self.reservations, "POST", "/api/v1/reservations", headers, &body).await
    }

    /// The id of a hold that must succeed.
    pub(crate) async fn held(&self, user: Uuid, session: &str, seats: &[&str]) -> String {
        let (status, reservation) = self.hold(user, session, seats).await;
        assert_eq!(status, 201, "{reservation}");
        reservation["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) async fn confirm(&self, user: Uuid, reservation: &str) -> (u16, Value) {
        let path = format!("/api/v1/reservations/{reservation}/confirm");
        self.call("POST", &path, Some(user), &json!({ "payment_id": format!("p{user}") })).await
    }

    /// With the reservation's own payment.
    pub(crate) async fn pay(&self, user: Uuid, reservation: &str) -> (u16, Value) {
        let path = format!("/api/v1/reservations/{reservation}/confirm");
        self.call("POST", &path, Some(user), &json!({})).await
    }

    pub(crate) async fn pay_with(
        &self,
        user: Uuid,
        reservation: &str,
        payment: &str,
    ) -> (u16, Value) {
        let path = format!("/api/v1/reservations/{reservation}/confirm");
        self.call("POST", &path, Some(user), &json!({ "payment_id": payment })).await
    }

    /// What the buyer sees of the payment.
    pub(crate) async fn payment(&self, user: Uuid, reservation: &str) -> Value {
        let path = format!("/api/v1/reservations/{reservation}");
        self.call("GET", &path, Some(user), &Value::Null).await.1["payment"].clone()
    }

    /// A run of `settle-payments`.
    pub(crate) async fn settle(&self) -> settle_payments::Report {
        let overdue_after = Duration::from_secs(3600);
        let limits = settle_payments::Limits { overdue_after, run_for: HOLD };
        settle_payments::run(&self.checkout, limits).await.expect("a run")
    }

    /// Hands a message to those who settle payments.
    pub(crate) async fn decide(&self, message: &Message) -> Outcome {
        OnReservationDecided { checkout: self.checkout.clone() }.handle(message).await
    }

    pub(crate) async fn sweep(&self, per_run_max: usize) -> expire_reservations::Report {
        let limits = expire_reservations::Limits { per_run_max, run_for: HOLD };
        expire_reservations::run(&self.store, &self.clock, limits).await.expect("a sweep")
    }

    pub(crate) fn clock_by(&self, by: Duration) {
        self.clock.advance(by);
    }

    pub(crate) fn clock_past_hold(&self) {
        self.clock.advance(HOLD);
    }

    pub(crate) fn now_plus(&self, by: Duration) -> Timestamp {
        self.clock.now() + by
    }

    /// The events that the table's stream holds, oldest first, as messages.
    pub(crate) async fn published(&self) -> Vec<Message> {
        drain(&relayed(&self.database, &table_name("booking")).await, QUEUE).await
    }

    pub(crate) async fn consume(&self, message: &Message) -> Outcome {
        self.consumer().handle(message).await
    }

    pub(crate) fn consumer(&self) -> OnReservationEvent {
        OnReservationEvent { store: self.store.clone(), clock: Arc::new(self.clock.clone()) }
    }

    pub(crate) async fn seat_state(&self, session: &str, seat: &str) -> SeatState {
        let session: SessionId = session.parse().expect("an id");
        let seats = [seat.parse().expect("an id")];
        let located = self.store.locate(session, &seats).await.expect("storage").expect("a seat");
        self.store.seat_states(session, &[located[0].place]).await.expect("storage")[0]
    }

    pub(crate) async fn reservation(
        &self,
        id: &str,
    ) -> marquee_booking_domain::reservation::Reservation {
        let id: ReservationId = id.parse().expect("an id");
        self.store.reservation(id).await.expect("storage").expect("a reservation")
    }
}

pub(crate) fn wanted(session: &str, seats: &[&str]) -> Value {
    let seats: Vec<_> = seats.iter().map(|seat| json!({ "session_seat_id": seat })).collect();
    json!({ "session_id": session, "seats": seats })
}

fn sessions_router(store: BookingStore, clock: &ManualClock) -> Router {
    sessions_api::router(
        sessions_api::AppState {
            store,
            clock: Arc::new(clock.clone()),
            hold_for: HOLD,
            // Each test sees what is there at this moment.
            seat_maps: SeatMaps::new(Duration::ZERO),
        },
        Identity::Header,
    )
}

fn payments(table: Table, provider: Arc<dyn Provider>) -> Payments {
    let store = PaymentStore::new(table);
    Payments { provider, store, currency: Currency::default(), pauses: PAUSES }
}

fn reservations_router(checkout: Checkout, passes: PassKey) -> Router {
    let key = marquee_host::signing_key::generate().expect("a key");
    reservations_api::router(
        reservations_api::AppState {
            checkout,
            signer: Arc::new(TicketSigner::from_pem(&key).expect("a key")),
            passes,
            policy: HoldPolicy { hold_for: HOLD, live_seats_max: 10, per_minute_max: 30 },
        },
        Identity::Header,
    )
}
