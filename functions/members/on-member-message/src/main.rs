use marquee_dynamo::client::Table;
use marquee_lambda::{Error, broker::Broker, config, consumer, telemetry};
use marquee_members::store::MembersStore;
use on_member_message::{OnMemberMessage, QUEUE};

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    // All of it: a reply may go to no queue of any context that messages go through.
    let broker = Broker::from_env(marquee_contexts::topology()).await?;
    let store = MembersStore::new(Table::from_env(config::required("MEMBERS_TABLE")?).await);
    let handler = OnMemberMessage { store, replies: broker.replies()? };
    consumer::run([broker.consumer(QUEUE, handler)?]).await
}
