//! Booking, deployed here.

pub mod demo;

use std::sync::Arc;

use marquee_booking::{checkout::Checkout, store::BookingStore};
use marquee_kernel::time::Clock;
use marquee_lambda::{Error, route::Api};
use on_booking_requested::OnBookingRequested;
use on_reservation_decided::OnReservationDecided;
use on_reservation_event::OnReservationEvent;
use reservations_api::signing::TicketSigner;
use sessions_api::SeatMaps;

use super::{Deployed, Environment, HttpFunction, Scheduled, tick};
use crate::signing_key;

pub(super) const APIS: &[Api] = &[sessions_api::API, reservations_api::API, payments_webhook::API];

pub(super) async fn load_demo(environment: Environment<'_>) -> Result<(), Error> {
    demo::load(&BookingStore::new(environment.table("booking")), environment.clock.now()).await
}

pub(super) fn deploy(environment: Environment<'_>) -> Result<Deployed, Error> {
    let settings = environment.settings;
    let key = match &settings.ticket_signing_key {
        Some(key) => key.clone(),
        None => signing_key::load_or_create(settings.data.as_deref())?,
    };
    let store = BookingStore::new(environment.table("booking"));
    let clock = environment.clock();
    let sessions = sessions_api::AppState {
        store: BookingStore::new(environment.table("booking").for_looking()),
        clock: clock.clone(),
        hold_for: settings.policy.hold_for,
        seat_maps: SeatMaps::new(settings.seat_map_max_age),
    };
    let checkout = Checkout {
        store: store.clone(),
        payments: settings.payments.on(environment.table("booking")),
        clock: clock.clone(),
    };
    let reservations = reservations_api::AppState {
        checkout: checkout.clone(),
        signer: Arc::new(TicketSigner::from_pem(&key)?),
        passes: environment.passes.clone(),
        policy: settings.policy,
    };
    let webhook = payments_webhook::AppState {
        checkout: checkout.clone(),
        secrets: Arc::clone(&settings.payments.webhook_secrets),
    };
    let on_booking_requested = OnBookingRequested {
        store: store.clone(),
        publisher: environment.broker.publisher(),
        policy: settings.policy,
        clock: clock.clone(),
    };
    let on_reservation_event = OnReservationEvent { store: store.clone(), clock: clock.clone() };
    let on_reservation_decided = OnReservationDecided { checkout: checkout.clone() };
    let limits = settings.expire_limits;
    let expire = Scheduled {
        name: "expire-reservations",
        every: settings.expire_every,
        job: Box::new(move || Box::pin(expire_reservations(store.clone(), clock.clone(), limits))),
    };
    let limits = settings.settle_limits;
    let settle = Scheduled {
        name: "settle-payments",
        every: settings.settle_every,
        job: Box::new(move || Box::pin(settle_payments(checkout.clone(), limits))),
    };
    Ok(Deployed {
        http: vec![
            HttpFunction {
                api: sessions_api::API,
                router: sessions_api::router(sessions, environment.identity()),
            },
            HttpFunction {
                api: reservations_api::API,
                router: reservations_api::router(reservations, environment.identity()),
            },
            HttpFunction { api: payments_webhook::API, router: payments_webhook::router(webhook) },
        ],
        consumers: vec![
            environment.consumer(on_reservation_event::QUEUE, on_reservation_event),
            environment.consumer(on_reservation_decided::QUEUE, on_reservation_decided),
            environment.consumer(on_booking_requested::QUEUE, on_booking_requested),
        ],
        scheduled: vec![expire, settle],
    })
}

async fn expire_reservations(
    store: BookingStore,
    clock: Arc<dyn Clock>,
    limits: expire_reservations::Limits,
) {
    let run = expire_reservations::run(&store, &*clock, limits);
    tick("expire-reservations", |_| false, run).await;
}

async fn settle_payments(checkout: Checkout, limits: settle_payments::Limits) {
    let run = settle_payments::run(&checkout, limits);
    tick("settle-payments", |report| report.overdue > 0, run).await;
}
