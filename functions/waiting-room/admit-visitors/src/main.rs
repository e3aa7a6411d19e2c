use admit_visitors::{Limits, run};
use marquee_dynamo::client::Table;
use marquee_lambda::{Error, clock::SystemClock, config, schedule, telemetry};
use marquee_waiting_room::store::WaitingRoomStore;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let table = Table::from_env(config::required("WAITING_ROOM_TABLE")?).await;
    let (store, limits) = (WaitingRoomStore::new(table), Limits::from_env()?);
    schedule::run(|| run(&store, &SystemClock, limits)).await
}
