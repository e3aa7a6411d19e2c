use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, clock::SystemClock, config, consumer, telemetry};
use marquee_waiting_room::store::WaitingRoomStore;
use on_room_event::{OnRoomEvent, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_waiting_room::topology::PART).await?;
    let table = Table::from_env(config::required("WAITING_ROOM_TABLE")?).await;
    let store = WaitingRoomStore::new(table);
    let handler = OnRoomEvent { store, clock: Arc::new(SystemClock) };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
