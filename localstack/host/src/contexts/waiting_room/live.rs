//! Live updates: who is connected by a WebSocket, and what they are told.

use std::{sync::Arc, time::Duration};

use marquee_kernel::time::Clock;
use marquee_lambda::{Error, config, socket::SocketHandler};
use marquee_messaging::sockets::Sockets;
use marquee_waiting_room::store::WaitingRoomStore;
use push_positions::{Limits, Report};
use queue_socket::{QueueSocket, Rooms};

use crate::contexts::{Environment, Scheduled, tick};

/// What is behind the WebSocket.
pub fn socket(environment: Environment<'_>) -> Result<Arc<dyn SocketHandler>, Error> {
    let second = Duration::from_secs(1);
    Ok(Arc::new(QueueSocket {
        store: WaitingRoomStore::new(environment.table("waiting-room")),
        rooms: Rooms::new(config::seconds_or("ROOM_STATUS_SECONDS", second)?),
        sockets: Arc::clone(environment.live),
        passes: environment.passes.clone(),
        pass_for: config::seconds_or("PASS_SECONDS", 60 * second)?,
        clock: environment.clock(),
    }))
}

/// On AWS a run goes on for most of a minute; here, each tick is one look.
pub(super) fn pushes(
    environment: Environment<'_>,
    store: WaitingRoomStore,
) -> Result<Scheduled, Error> {
    let limits = Limits { again: false, ..Limits::from_env()? };
    let (sockets, clock) = (Arc::clone(environment.live), environment.clock());
    let job = move || push_positions(store.clone(), sockets.clone(), clock.clone(), limits);
    let job = Box::new(move || Box::pin(job()) as _);
    Ok(Scheduled { name: "push-positions", every: limits.every, job })
}

async fn push_positions(
    store: WaitingRoomStore,
    sockets: Arc<dyn Sockets>,
    clock: Arc<dyn Clock>,
    limits: Limits,
) {
    let run = push_positions::run(&store, &*sockets, &*clock, limits);
    // What is sent every few seconds is not worth a line.
    let run = async { run.await.map(|report| Report { rooms: 0, sent: 0, ..report }) };
    tick("push-positions", |_| false, run).await;
}
