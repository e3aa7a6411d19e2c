//! The waiting room, deployed here.

pub mod live;

use std::{sync::Arc, time::Duration};

use admit_visitors::{AdmitVisitors, Limits, Lines};
use marquee_lambda::{Error, config, route::Api};
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
        clock: environment.clock(),
    };
    let router = queue_api::router(api, environment.identity());
    let joined = OnQueueJoined { store: store.clone() };
    let (publisher, clock) = (environment.broker.publisher(), environment.clock());
    let sockets = Arc::clone(environment.live);
    let event = OnRoomEvent {
        store: store.clone(),
        publisher: Arc::clone(&publisher),
        sockets: sockets.clone(),
        clock: clock.clone(),
    };
    let push = live::pushes(environment, store.clone())?;
    let admit = AdmitVisitors {
        store,
        publisher,
        sockets,
        clock,
        limits: Limits::from_env()?,
        lines: Lines::default(),
    };
    let admit = Arc::new(admit);
    let admit = Scheduled {
        name: "admit-visitors",
        every: config::seconds_or("ADMIT_EVERY_SECONDS", second / 4)?,
        job: Box::new(move || Box::pin(admit_visitors(Arc::clone(&admit)))),
    };
    Ok(Deployed {
        http: vec![HttpFunction { api: queue_api::API, router }],
        consumers: vec![
            environment.consumer(on_queue_joined::QUEUE, joined),
            environment.consumer(on_room_event::QUEUE, event),
        ],
        scheduled: vec![admit, push],
    })
}

async fn admit_visitors(job: Arc<AdmitVisitors>) {
    tick("admit-visitors", |_| false, job.run()).await;
}
