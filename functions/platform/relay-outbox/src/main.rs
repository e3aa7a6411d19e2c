use marquee_lambda::{Error, broker::Broker, stream, telemetry};
use relay_outbox::RelayOutbox;

#[tokio::main]
async fn main() -> Result<(), Error> {
    telemetry::init_json();
    let topology = marquee_contexts::topology();
    let broker = Broker::from_env(topology.clone()).await?;
    let relay = RelayOutbox {
        publisher: broker.publisher()?,
        dead_letters: broker.dead_letters()?,
        topology,
    };
    stream::run(relay).await
}
