use std::{sync::Arc, time::Duration};

use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error, broker::Broker, clock::SystemClock, config, http, identity::Identity, secrets, telemetry,
};
use marquee_messaging::topology::Topology;
use marquee_passes::PassKey;
use marquee_waiting_room::{store::WaitingRoomStore, topology};
use queue_api::{AppState, Rooms, router};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let secret = secrets::text(&config::required("PASS_SECRET_ARN")?).await?;
    let second = Duration::from_secs(1);
    let table = Table::from_env_for_looking(config::required("WAITING_ROOM_TABLE")?).await;
    let topology: Topology = [topology::PART, topology::TO_BOOKING].into_iter().collect();
    let app = AppState {
        store: WaitingRoomStore::new(table),
        rooms: Rooms::new(config::seconds_or("ROOM_STATUS_SECONDS", second)?),
        publisher: Broker::from_env(topology).await?.publisher()?,
        passes: PassKey::from_secret(&secret),
        pass_for: config::seconds_or("PASS_SECONDS", 60 * second)?,
        clock: Arc::new(SystemClock),
    };
    http::run(router(app, Identity::from_env()?)).await
}
