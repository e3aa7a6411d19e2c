//! The deployed functions: what API Gateway routes, queue mappings and schedules say on AWS.
//!
//! `tests/tidy` holds this list against each package's own `[package.metadata.function]`.

use std::sync::Arc;

use axum::Router;
use marquee_lambda::{
    Error,
    clock::SystemClock,
    consumer::{BatchHandler, Consumer, policy_of},
};
use marquee_messaging::topology::RetryPolicy;
use marquee_store::{booking::BookingStore, members::MembersStore, ordering::OrderingStore};
use on_inventory_reserved::OnInventoryReserved;
use on_inventory_result::OnInventoryResult;
use on_member_message::OnMemberMessage;
use on_order_placed::OnOrderPlaced;
use on_reservation_event::OnReservationEvent;
use relay_outbox::RelayOutbox;
use reservations_api::{payments::MockPayments, signing::TicketSigner};
use sessions_api::SeatMaps;

use crate::{broker::HostBroker, database::LocalDatabase, settings::Settings, signing_key};

/// A function behind the gateway: the paths that lead to it, and its handler.
#[derive(Clone, Debug)]
pub struct HttpFunction {
    pub name: &'static str,
    /// As API Gateway writes them: a path, or `…/{proxy+}` for all below it.
    pub routes: &'static [&'static str],
    pub router: Router,
}

pub const SESSIONS_API: &[&str] = &[
    "ANY /api/v1/organizers",
    "ANY /api/v1/organizers/{proxy+}",
    "ANY /api/v1/locations",
    "ANY /api/v1/locations/{proxy+}",
    "ANY /api/v1/halls/{proxy+}",
    "ANY /api/v1/events",
    "ANY /api/v1/events/{proxy+}",
    "ANY /api/v1/sessions",
    "ANY /api/v1/sessions/{proxy+}",
    "ANY /api/v1/price-tiers",
    "ANY /api/v1/price-tiers/{proxy+}",
    "ANY /api/v1/admin/price-tiers",
    "ANY /api/internal/{proxy+}",
];
pub const RESERVATIONS_API: &[&str] = &[
    "ANY /api/v1/reservations",
    "ANY /api/v1/reservations/{proxy+}",
    "ANY /api/v1/tickets/{proxy+}",
    "ANY /.well-known/jwks.json",
];
pub const MEMBERS_API: &[&str] = &["ANY /api/v1/members/{proxy+}"];
pub const ORDERS_API: &[&str] = &[
    "ANY /order",
    "ANY /orders",
    "ANY /orders/{proxy+}",
    "ANY /notifications",
    "ANY /inventory",
    "ANY /inventory/{proxy+}",
];
pub const DOCS_API: &[&str] = &[
    "ANY /docs",
    "ANY /docs/",
    "ANY /docs/{proxy+}",
    "ANY /openapi.json",
    "ANY /problems",
    "ANY /problems/{proxy+}",
    "$default",
];

#[derive(Debug)]
pub struct Functions {
    pub booking: BookingStore,
    pub ordering: OrderingStore,
    members: MembersStore,
    pub http: Vec<HttpFunction>,
    broker: HostBroker,
    retry: Option<RetryPolicy>,
    expire_limits: expire_reservations::Limits,
}

impl Functions {
    pub fn new(
        settings: &Settings,
        database: &LocalDatabase,
        broker: &HostBroker,
    ) -> Result<Self, Error> {
        let key = match &settings.ticket_signing_key {
            Some(key) => key.clone(),
            None => signing_key::load_or_create(settings.data.as_deref())?,
        };
        let booking = BookingStore::new(database.booking_table());
        let ordering = OrderingStore::new(database.ordering_table());
        let members = MembersStore::new(database.members_table());
        let members_api = members_api::router(members_api::Services { store: members.clone() });
        let sessions_api = sessions_api::router(sessions_api::Services {
            store: BookingStore::new(database.booking_table().for_looking()),
            clock: Arc::new(SystemClock),
            hold_for: settings.policy.hold_for,
            seat_maps: SeatMaps::new(settings.seat_map_max_age),
        });
        let reservations_api = reservations_api::router(reservations_api::Services {
            store: booking.clone(),
            clock: Arc::new(SystemClock),
            payments: Arc::new(MockPayments::new(settings.payments)),
            signer: Arc::new(TicketSigner::from_pem(&key)?),
            policy: settings.policy,
        });
        let orders_api = orders_api::router(orders_api::Services {
            store: ordering.clone(),
            clock: Arc::new(SystemClock),
        });
        let http = vec![
            HttpFunction { name: "sessions-api", routes: SESSIONS_API, router: sessions_api },
            HttpFunction {
                name: "reservations-api",
                routes: RESERVATIONS_API,
                router: reservations_api,
            },
            HttpFunction { name: "members-api", routes: MEMBERS_API, router: members_api },
            HttpFunction { name: "orders-api", routes: ORDERS_API, router: orders_api },
            HttpFunction { name: "docs-api", routes: DOCS_API, router: docs_api::router() },
        ];
        Ok(Self {
            booking,
            ordering,
            members,
            http,
            broker: broker.clone(),
            retry: settings.retry,
            expire_limits: settings.expire_limits,
        })
    }

    /// The functions that consume a queue.
    pub fn consumers(&self) -> Vec<Consumer> {
        let clock = Arc::new(SystemClock);
        let on_reservation_event =
            OnReservationEvent { store: self.booking.clone(), clock: clock.clone() };
        let store = || self.ordering.clone();
        let on_order_placed = OnOrderPlaced { store: store(), clock: clock.clone() };
        let on_inventory_reserved = OnInventoryReserved { store: store(), clock: clock.clone() };
        let on_inventory_result = on_inventory_result::RESULTS.map(|(queue, status)| {
            let handler = OnInventoryResult { store: store(), clock: clock.clone(), status };
            self.consumer(queue, handler)
        });
        let on_member_message =
            OnMemberMessage { store: self.members.clone(), replies: self.broker.replies() };
        let mut consumers = vec![
            self.consumer(on_member_message::QUEUE, on_member_message),
            self.consumer(on_reservation_event::QUEUE, on_reservation_event),
            self.consumer(on_order_placed::QUEUE, on_order_placed),
            self.consumer(on_inventory_reserved::QUEUE, on_inventory_reserved),
        ];
        consumers.extend(on_inventory_result);
        consumers
    }

    fn consumer(&self, queue: &'static str, handler: impl BatchHandler + 'static) -> Consumer {
        Consumer {
            queue,
            retry: self.retry.unwrap_or_else(|| policy_of(queue)),
            handler: Arc::new(handler),
            dead_letters: self.broker.dead_letters(),
            retries: self.broker.retries(),
        }
    }

    pub fn relay(&self) -> RelayOutbox {
        RelayOutbox { publisher: self.broker.publisher(), dead_letters: self.broker.dead_letters() }
    }

    /// One tick of the schedule.
    pub async fn expire_reservations(&self) {
        match expire_reservations::run(&self.booking, &SystemClock, self.expire_limits).await {
            Ok(report) if report == expire_reservations::Report::default() => {}
            Ok(report) => tracing::info!(?report, "expire-reservations"),
            Err(error) => tracing::warn!(%error, "expire-reservations failed"),
        }
    }
}
