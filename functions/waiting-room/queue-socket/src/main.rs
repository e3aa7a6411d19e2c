use std::{sync::Arc, time::Duration};

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, clock::SystemClock, config, secrets, socket, sockets, telemetry};
use marquee_passes::PassKey;
use marquee_waiting_room::store::WaitingRoomStore;
use queue_socket::{QueueSocket, Rooms};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let secret = secrets::text(&config::required("PASS_SECRET_ARN")?).await?;
    let second = Duration::from_secs(1);
    let table = Table::from_env_for_looking(config::required("WAITING_ROOM_TABLE")?).await;
    socket::run(QueueSocket {
        store: WaitingRoomStore::new(table),
        rooms: Rooms::new(config::seconds_or("ROOM_STATUS_SECONDS", second)?),
        sockets: sockets::from_env().await?,
        passes: PassKey::from_secret(&secret),
        pass_for: config::seconds_or("PASS_SECONDS", 60 * second)?,
        clock: Arc::new(SystemClock),
    })
    .await
}
