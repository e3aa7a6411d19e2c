use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error, broker::Broker, clock::SystemClock, config, consumer, sockets, telemetry,
};
use marquee_messaging::topology::Topology;
use marquee_waiting_room::{store::WaitingRoomStore, topology};
use on_room_event::{OnRoomEvent, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let topology: Topology = [topology::PART, topology::TO_BOOKING].into_iter().collect();
    let broker = Broker::from_env(topology).await?;
    let table = Table::from_env(config::required("WAITING_ROOM_TABLE")?).await;
    let store = WaitingRoomStore::new(table);
    let handler = OnRoomEvent {
        store,
        publisher: broker.publisher()?,
        sockets: sockets::from_env().await?,
        clock: Arc::new(SystemClock),
    };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
