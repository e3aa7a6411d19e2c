use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, config, consumer, telemetry};
use marquee_waiting_room::store::WaitingRoomStore;
use on_queue_joined::{OnQueueJoined, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(marquee_waiting_room::topology::PART).await?;
    let table = Table::from_env(config::required("WAITING_ROOM_TABLE")?).await;
    let handler = OnQueueJoined { store: WaitingRoomStore::new(table) };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
