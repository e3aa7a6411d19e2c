use marquee_dynamo::client::Table;
use marquee_lambda::{Error, clock::SystemClock, config, schedule, sockets, telemetry};
use marquee_waiting_room::store::WaitingRoomStore;
use push_positions::{Limits, run};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let table = Table::from_env(config::required("WAITING_ROOM_TABLE")?).await;
    let (store, limits) = (WaitingRoomStore::new(table), Limits::from_env()?);
    let sockets = sockets::from_env().await?;
    schedule::run(|| run(&store, &*sockets, &SystemClock, limits)).await
}
