use marquee_lambda::{Error, broker::Broker, config, consumer, telemetry};
use marquee_store::{dynamo::Table, members::MembersStore};
use on_member_message::{OnMemberMessage, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let broker = Broker::from_env().await?;
    let store = MembersStore::new(Table::from_env(config::required("MEMBERS_TABLE")?).await);
    let handler = OnMemberMessage { store, replies: broker.replies()? };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
