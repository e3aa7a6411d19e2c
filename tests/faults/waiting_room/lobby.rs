//! A waiting room with everything around it in the test's hands.

use std::{collections::HashMap, sync::Arc, time::Duration};

use admit_visitors::{AdmitVisitors, Limits, Lines, Report};
use axum::Router;
use marquee_dynamo::client::Table;
use marquee_host::database::{LocalDatabase, table_name};
use marquee_kernel::{
    ids::UserId,
    time::{Clock, Timestamp},
};
use marquee_lambda::{
    consumer::{BatchHandler, Outcome},
    identity::Identity,
};
use marquee_messaging::{backends::memory::MemoryBroker, message::Message};
use marquee_passes::{PassKey, request::Wish};
use marquee_testkit::{capacity::CapacityMeter, clock::ManualClock, faulty::Fault};
use marquee_waiting_room::{
    events::Arrival,
    store::{WaitingRoomStore, entries::Entry, rooms::OpenRoom},
};
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    room::Settings,
    visitor::Status,
};
use on_queue_joined::OnQueueJoined;
use on_room_event::OnRoomEvent;
use queue_api::Rooms;
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::gateway::Gateway;
use crate::system::{batch, by_hand, drain, faulty_table, invoke};

pub(crate) const SESSION: SessionId = SessionId::new(Uuid::from_u128(7));

/// How long the last request of somebody who is killed has to be done, if it is to be done.
const LAST_REQUEST: Duration = Duration::from_millis(150);

/// One look a run.
pub(crate) const LIMITS: Limits =
    Limits { poll: None, run_for: Duration::from_secs(50), grace: Duration::from_secs(10) };

/// The n-th visitor.
pub(crate) fn user(n: u32) -> UserId {
    UserId::new(Uuid::from_u128(1_000_000 + u128::from(n)))
}

pub(crate) fn entry_id(n: u32) -> EntryId {
    EntryId::of(SESSION, user(n))
}

/// The table over a connection, and whether whoever uses it was killed.
pub(crate) struct Link {
    pub(crate) store: WaitingRoomStore,
    killed: Arc<Notify>,
}

impl Link {
    fn new(table: Table) -> Self {
        Self { store: WaitingRoomStore::new(table), killed: Arc::default() }
    }

    /// What the work comes to; `None` if it was killed.
    async fn unless_killed<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let killed = async {
            self.killed.notified().await;
            tokio::time::sleep(LAST_REQUEST).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = killed => None,
        }
    }
}

pub(crate) struct Lobby {
    pub(crate) database: LocalDatabase,
    /// Measured by `meter`.
    pub(crate) store: Link,
    pub(crate) clock: ManualClock,
    pub(crate) meter: CapacityMeter,
    pub(crate) broker: MemoryBroker,
    /// Of those who are connected.
    pub(crate) gateway: Gateway,
    /// What runs know of the line.
    pub(crate) lines: Lines,
    api: Router,
}

impl Lobby {
    /// A room for so many seats that is open.
    pub(crate) async fn open(seats: u32, change: impl FnOnce(&mut Settings)) -> Self {
        let database = LocalDatabase::open(None).await.expect("a database");
        let clock = ManualClock::at(Timestamp::from_millis(1_800_000_000_000));
        let (table, meter) =
            faulty_table(&database, &table_name("waiting-room"), |_, _| Fault::None);
        let store = Link::new(table);
        let broker = MemoryBroker::new(marquee_contexts::topology(), 200_000);
        let app = queue_api::AppState {
            store: store.store.clone(),
            rooms: Rooms::new(Duration::ZERO),
            publisher: Arc::new(broker.clone()),
            passes: PassKey::from_secret("secret"),
            pass_for: Duration::from_secs(60),
            clock: Arc::new(clock.clone()),
        };
        let api = queue_api::router(app, Identity::Header);
        let (gateway, lines) = (Gateway::default(), Lines::default());
        let lobby = Self { database, store, clock, meter, broker, gateway, lines, api };
        lobby.create(seats, change).await;
        lobby
    }

    async fn create(&self, seats: u32, change: impl FnOnce(&mut Settings)) {
        let (truth, start) = (self.truth(), self.clock.now());
        let created = json!({
            "event_type": "session.created", "session_id": SESSION.uuid(),
            "organizer_id": Uuid::from_u128(1), "seats_count": seats,
            "sales_start": start.to_rfc3339_millis(),
            "sales_end": (start + Duration::from_secs(86_400)).to_rfc3339_millis(),
        });
        let outcomes = self.hear(&self.sound(), &[by_hand(&created)]).await;
        assert_eq!(outcomes, Some(vec![Outcome::Done]));
        let mut settings = Settings::new(start);
        change(&mut settings);
        let same = settings.opens_at == start;
        assert!(truth.put_settings(SESSION, &settings, same).await.expect("storage"));
        // The lot of nobody is drawn, if it is open.
        if settings.opens_at <= start {
            truth.draw(SESSION, start).await.expect("storage");
        }
    }

    /// The same table over a connection that works.
    pub(crate) fn truth(&self) -> WaitingRoomStore {
        self.sound().store
    }

    pub(crate) fn sound(&self) -> Link {
        Link::new(self.database.table("waiting-room"))
    }

    /// The same table over a connection of its own on which things go wrong.
    pub(crate) fn faulty(&self, plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static) -> Link {
        let killed = Arc::new(Notify::new());
        let killing = Arc::clone(&killed);
        let plan = move |operation: &str, n: u64| {
            let fault = plan(operation, n);
            if matches!(fault, Fault::Killed { .. }) {
                killing.notify_one();
            }
            fault
        };
        let (table, _) = faulty_table(&self.database, &table_name("waiting-room"), plan);
        Link { killed, ..Link::new(table) }
    }

    pub(crate) async fn call(
        &self,
        n: u32,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let path = format!("/api/v1/queue/{SESSION}{path}");
        invoke(&self.api, method, &path, Some(user(n).uuid()), body).await
    }

    /// What the n-th visitor's joining leads to, who comes so many milliseconds from now.
    pub(crate) fn arrival(&self, n: u32, after: u64) -> Message {
        let at = self.clock.now() + Duration::from_millis(after);
        self.arrival_with(n, at, None)
    }

    /// With this wish.
    pub(crate) fn arrival_with(&self, n: u32, at: Timestamp, wish: Option<Wish>) -> Message {
        let arrival = Arrival { session: SESSION, user: user(n), at, wish };
        by_hand(&serde_json::to_value(arrival.event()).expect("json"))
    }

    /// What `on-queue-joined` makes of these on this connection; `None` if it was killed.
    pub(crate) async fn seat(&self, on: &Link, messages: &[Message]) -> Option<Vec<Outcome>> {
        let handler = OnQueueJoined { store: on.store.clone() };
        on.unless_killed(handler.handle_batch(&batch(messages))).await
    }

    /// What `on-room-event` makes of these on this connection; `None` if it was killed.
    pub(crate) async fn hear(&self, on: &Link, messages: &[Message]) -> Option<Vec<Outcome>> {
        let clock = Arc::new(self.clock.clone());
        let (publisher, sockets) = (Arc::new(self.broker.clone()), Arc::new(self.gateway.clone()));
        let handler = OnRoomEvent { store: on.store.clone(), publisher, sockets, clock };
        on.unless_killed(handler.handle_batch(&batch(messages))).await
    }

    /// All of these are in the line.
    pub(crate) async fn line_up(&self, visitors: std::ops::RangeInclusive<u32>) {
        let messages: Vec<_> =
            (0..).zip(visitors).map(|(after, n)| self.arrival(n, after)).collect();
        for messages in messages.chunks(100) {
            let outcomes = self.seat(&self.sound(), messages).await;
            assert_eq!(outcomes, Some(vec![Outcome::Done; messages.len()]));
        }
    }

    /// A run of `admit-visitors` on this connection; `None` if it was killed.
    pub(crate) async fn admit_on(&self, on: &Link) -> Option<Report> {
        let job = AdmitVisitors {
            store: on.store.clone(),
            publisher: Arc::new(self.broker.clone()),
            sockets: Arc::new(self.gateway.clone()),
            clock: Arc::new(self.clock.clone()),
            limits: LIMITS,
            lines: self.lines.clone(),
        };
        on.unless_killed(job.run()).await.map(|report| report.expect("storage"))
    }

    pub(crate) async fn admit(&self) -> Report {
        self.admit_on(&self.sound()).await.expect("a run")
    }

    /// An event of a reservation of the n-th visitor, with the place that they have.
    pub(crate) async fn reservation(&self, n: u32, kind: &str, seats: u32) -> Message {
        let place = self.entry(n).await.and_then(|entry| entry.place).map(|place| place.id);
        self.reservation_at(n, kind, seats, place)
    }

    pub(crate) fn reservation_at(
        &self,
        n: u32,
        kind: &str,
        seats: u32,
        place: Option<Uuid>,
    ) -> Message {
        let seats: Vec<_> = (0..u128::from(seats)).map(Uuid::from_u128).collect();
        let reservation = Uuid::new_v5(&user(n).uuid(), place.unwrap_or_default().as_bytes());
        by_hand(&json!({
            "event_type": format!("reservation.{kind}"), "reservation_id": reservation,
            "user_id": user(n).uuid(), "session_id": SESSION.uuid(), "session_seat_ids": seats,
            "expiry_time": (self.clock.now() + Duration::from_secs(600)).to_rfc3339_millis(),
            "place_id": place,
        }))
    }

    pub(crate) async fn entry(&self, n: u32) -> Option<Entry> {
        self.truth().entry(entry_id(n), true).await.expect("storage")
    }

    pub(crate) async fn status(&self, n: u32) -> Status {
        self.entry(n).await.expect("an entry").status
    }

    pub(crate) async fn room(&self) -> OpenRoom {
        self.truth().room(SESSION, true).await.expect("storage").expect("a room")
    }

    /// How many of the visitors have each status.
    pub(crate) async fn statuses(
        &self,
        visitors: std::ops::RangeInclusive<u32>,
    ) -> HashMap<Status, u32> {
        let mut statuses = HashMap::new();
        for n in visitors {
            *statuses.entry(self.status(n).await).or_default() += 1;
        }
        statuses
    }

    /// The arrivals that the API has published.
    pub(crate) async fn published(&self) -> Vec<Message> {
        drain(&self.broker, "queue_joined").await
    }
}
