//! The waiting room, deployed here.

use std::{sync::Arc, time::Duration};

use admit_visitors::Limits;
use marquee_lambda::{Error, clock::SystemClock, config, route::Api};
use marquee_waiting_room::store::WaitingRoomStore;
use on_queue_joined::OnQueueJoined;
use on_room_event::OnRoomEvent;
use queue_api::Rooms;

use super::{Deployed, Environment, HttpFunction, Scheduled, tick};

pub(super) const APIS: &[Api] = &[queue_api::API];

pub(super) fn deploy(environment: Environment<'_>) -> Result<Deployed, Error> {
    let store = WaitingRoomStore::new(environment.table("waiting-room"));
    let second = Duration::from_secs(1);
    let api = queue_api::AppState {
        store: store.clone(),
        rooms: Rooms::new(config::seconds_or("ROOM_STATUS_SECONDS", second)?),
        publisher: environment.broker.publisher(),
        passes: environment.passes.clone(),
        pass_for: config::seconds_or("PASS_SECONDS", 60 * second)?,
        clock: Arc::new(SystemClock),
    };
    let router = queue_api::router(api, environment.identity());
    let joined = OnQueueJoined { store: store.clone() };
    let event = OnRoomEvent { store: store.clone(), clock: Arc::new(SystemClock) };
    let limits = Limits::from_env()?;
    let admit = Scheduled {
        every: config::seconds_or("ADMIT_EVERY_SECONDS", second / 4)?,
        job: Box::new(move || Box::pin(admit_visitors(store.clone(), limits))),
    };
    Ok(Deployed {
        http: vec![HttpFunction { api: queue_api::API, router }],
        consumers: vec![
            environment.consumer(on_queue_joined::QUEUE, joined),
            environment.consumer(on_room_event::QUEUE, event),
        ],
        scheduled: vec![admit],
    })
}

async fn admit_visitors(store: WaitingRoomStore, limits: Limits) {
    let run = admit_visitors::run(&store, &SystemClock, limits);
    tick("admit-visitors", |_| false, run).await;
}
