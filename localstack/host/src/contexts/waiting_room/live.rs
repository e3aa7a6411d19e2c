//! Live updates: who is connected by a WebSocket, and what they are told.

use std::{sync::Arc, time::Duration};

use marquee_lambda::{Error, clock::SystemClock, config, socket::SocketHandler};
use marquee_waiting_room::store::WaitingRoomStore;
use push_positions::{Limits, Report};
use queue_socket::{QueueSocket, Rooms};

use crate::{
    connections::Connections,
    contexts::{Environment, Scheduled, tick},
};

/// What is behind the WebSocket.
pub fn socket(environment: Environment<'_>) -> Result<Arc<dyn SocketHandler>, Error> {
    let second = Duration::from_secs(1);
    Ok(Arc::new(QueueSocket {
        store: WaitingRoomStore::new(environment.table("waiting-room")),
        rooms: Rooms::new(config::seconds_or("ROOM_STATUS_SECONDS", second)?),
        sockets: Arc::new(environment.live.clone()),
        passes: environment.passes.clone(),
        pass_for: config::seconds_or("PASS_SECONDS", 60 * second)?,
        clock: Arc::new(SystemClock),
    }))
}

/// On AWS a run goes on for most of a minute; here, each tick is one look.
pub(super) fn pushes(
    environment: Environment<'_>,
    store: WaitingRoomStore,
) -> Result<Scheduled, Error> {
    let limits = Limits { again: false, ..Limits::from_env()? };
    let connections = environment.live.clone();
    let job = move || push_positions(store.clone(), connections.clone(), limits);
    Ok(Scheduled { every: limits.every, job: Box::new(move || Box::pin(job())) })
}

async fn push_positions(store: WaitingRoomStore, connections: Connections, limits: Limits) {
    let run = push_positions::run(&store, &connections, &SystemClock, limits);
    // What is sent every few seconds is not worth a line.
    let run = async { run.await.map(|report| Report { rooms: 0, sent: 0, ..report }) };
    tick("push-positions", |_| false, run).await;
}
