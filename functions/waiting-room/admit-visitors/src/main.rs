use std::sync::Arc;

use admit_visitors::{AdmitVisitors, Limits, Lines};
use marquee_dynamo::client::Table;
use marquee_lambda::{
    Error, broker::Broker, clock::SystemClock, config, schedule, sockets, telemetry,
};
use marquee_waiting_room::{store::WaitingRoomStore, topology};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env(topology::TO_BOOKING).await?;
    let table = Table::from_env(config::required("WAITING_ROOM_TABLE")?).await;
    let job = AdmitVisitors {
        store: WaitingRoomStore::new(table),
        publisher: broker.publisher()?,
        sockets: sockets::from_env().await?,
        clock: Arc::new(SystemClock),
        limits: Limits::from_env()?,
        lines: Lines::default(),
    };
    schedule::run(|| job.run()).await
}
