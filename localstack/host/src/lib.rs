//! The host: what AWS is to the functions, on one machine and in one process.
//!
//! | module | plays the part of |
//! |---|---|
//! | [`gateway`], [`tokens`] | API Gateway's HTTP API, and its JWT authorizer |
//! | [`live`] | API Gateway's WebSocket API |
//! | [`dynamodb`], [`database`] | DynamoDB, and where it keeps its data |
//! | [`broker`] | SNS and SQS, in this process; or a RabbitMQ beside it |
//! | [`sources::queue`] | Lambda's SQS mapping, over the in-process broker |
//! | [`sources::amazon_mq`] | Lambda's Amazon MQ mapping, over a RabbitMQ |
//! | [`sources::mapping`] | event source mappings, which can be disabled |
//! | [`sources::stream`] | Lambda's stream mapping |
//! | [`sources::schedule`] | EventBridge Scheduler |
//! | [`metrics`] | CloudWatch, for a Prometheus |
//! | [`contexts`] | the deployed functions, and a seller who has set up what the documents use |
//! | [`members`] | a client, and not a part: `marquee members` |
//!
//! Every function gets the JSON that AWS would send it, and what it answers is treated as AWS
//! would treat it.

pub mod admin;
pub mod banner;
pub mod broker;
mod connections;
pub mod contexts;
pub mod database;
pub mod dynamodb;
pub mod gateway;
pub mod live;
pub mod members;
pub mod metrics;
pub mod settings;
pub mod signing_key;
pub mod sources;
pub mod tokens;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::DefaultBodyLimit;
use marquee_kernel::time::Clock;
use marquee_lambda::{Error, clock::SystemClock, consumer::Consumer};
use marquee_messaging::sockets::Sockets;
use marquee_passes::PassKey;
use relay_outbox::RelayOutbox;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use uuid::Uuid;

use crate::{
    broker::{HostBroker, Ports},
    connections::Connections,
    contexts::{Environment, Scheduled},
    database::LocalDatabase,
    metrics::Metrics,
    settings::Settings,
    sources::{Stop, mapping::Mappings},
    tokens::Tokens,
};

/// A function of ours answers within seconds; a client that never finishes its request is not
/// waited for.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// API Gateway's limit on a request.
const REQUEST_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A running host. Dropped without [`stop`](Self::stop), it ends at once, as if killed.
#[derive(Debug)]
pub struct Host {
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
    database: Arc<LocalDatabase>,
}

impl Host {
    /// Starts everything; ready for requests when it returns.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let listener = database::listen(settings.listen)
            .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
        let address = listener.local_addr()?;
        let database = Arc::new(LocalDatabase::open(settings.data.as_deref()).await?);
        let broker = match &settings.amqp_url {
            None => HostBroker::memory(),
            Some(url) => HostBroker::rabbitmq(url, settings.retry).await?,
        };
        let tokens = match &settings.oidc {
            Some(oidc) => Some(Tokens::discover(oidc).await?),
            None => None,
        };
        // A pass is good for a minute: none outlives the host by long.
        let passes = PassKey::from_secret(&Uuid::new_v4().to_string());
        let live = Connections::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sockets: Arc<dyn Sockets> = Arc::new(live.clone());
        let environment = Environment {
            settings: &settings,
            tables: &*database,
            broker: &broker,
            clock: &clock,
            passes: &passes,
            live: &sockets,
        };
        contexts::load_demo(environment).await?;
        let functions = contexts::deploy(environment)?;
        let socket = contexts::waiting_room::live::socket(environment)?;

        let (stop, stopped) = watch::channel(false);
        let stopped = Stop::new(stopped);
        let mut tasks = JoinSet::new();
        let queues = functions.consumers.iter().map(|consumer| consumer.queue);
        let mappings = Mappings::new(queues);
        for consumer in functions.consumers {
            tasks.spawn(poll(broker.clone(), consumer, mappings.clone(), stopped.clone()));
        }
        for table in database::tables() {
            let stream = sources::stream::Poller {
                database: Arc::clone(&database),
                table,
                broker: broker.clone(),
                relay: RelayOutbox {
                    publisher: broker.publisher(),
                    dead_letters: broker.dead_letters(),
                    topology: marquee_contexts::topology(),
                },
                batching: settings.stream_batching,
            };
            tasks.spawn(stream.run(stopped.clone()));
        }
        for Scheduled { every, job, .. } in functions.scheduled {
            tasks.spawn(sources::schedule::every(every, stopped.clone(), job));
        }
        let (live, closed) = live::router(socket, live, stopped.clone());
        tasks.spawn(closed.wait());
        let app = admin::router(&broker, mappings, Metrics::of_process()?)
            .merge(live)
            .fallback_service(gateway::router(functions.http, tokens))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX));
        tasks.spawn(serve(listener, app, stopped));
        Ok(Self { address, stop, tasks, database })
    }

    /// Lets running requests and batches finish, for as long as they may take, then ends.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_MAX, all).await.is_err() {
            tracing::warn!("stopped with requests still open");
        }
        drop(self.database);
    }
}

/// Lambda's part for one queue, with either broker.
async fn poll(broker: HostBroker, consumer: Consumer, mappings: Mappings, stop: Stop) {
    let queue = consumer.queue;
    match broker {
        HostBroker::Memory(memory) => {
            let poll = |stop| sources::queue::poll(memory.clone(), consumer.clone(), stop);
            mappings.run(queue, stop, poll).await;
        }
        HostBroker::RabbitMq(rabbitmq) => {
            let poll = |stop| sources::amazon_mq::poll(rabbitmq.clone(), consumer.clone(), stop);
            mappings.run(queue, stop, poll).await;
        }
    }
}

async fn serve(listener: TcpListener, app: axum::Router, mut stop: Stop) {
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, app)
        .with_graceful_shutdown(async move { stop.requested().await })
        .await
    {
        tracing::error!(%error, "the gateway ended");
    }
}
