//! The host: what AWS is to the functions, on one machine and in one process.
//!
//! | module | plays the part of |
//! |---|---|
//! | [`gateway`] | API Gateway's HTTP API |
//! | [`database`] | DynamoDB |
//! | [`sources::queue`] | Lambda's queue mapping, over the in-process broker |
//! | [`sources::stream`] | Lambda's stream mapping |
//! | [`sources::schedule`] | EventBridge Scheduler |
//! | [`functions`] | the deployed functions: the one list of them |
//! | [`demo`] | a seller who has set up what the documents use |
//!
//! Every function gets the JSON that AWS would send it, and what it answers is treated as AWS
//! would treat it.

pub mod admin;
pub mod banner;
pub mod database;
pub mod demo;
pub mod functions;
pub mod gateway;
pub mod settings;
pub mod signing_key;
pub mod sources;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::DefaultBodyLimit;
use marquee_lambda::Error;
use marquee_messaging::backends::memory::MemoryBroker;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{database::LocalDatabase, functions::Functions, settings::Settings, sources::Stop};

/// Messages a queue takes before it refuses: far more than a laptop can be behind with, and not
/// all of its memory.
const QUEUE_LEN_MAX: usize = 100_000;
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
        let listener = TcpListener::bind(settings.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", settings.listen))?;
        let address = listener.local_addr()?;
        let database = Arc::new(LocalDatabase::open(settings.data.as_deref()).await?);
        let broker = MemoryBroker::new(QUEUE_LEN_MAX, settings.retry);
        let functions = Arc::new(Functions::new(&settings, &database, &broker)?);
        demo::load(&functions.store).await?;

        let (stop, stopped) = watch::channel(false);
        let stopped = Stop::new(stopped);
        let mut tasks = JoinSet::new();
        for (queue, handler) in functions.consumers() {
            let broker = broker.clone();
            tasks.spawn(sources::queue::poll(broker, queue, handler, stopped.clone()));
        }
        let stream = sources::stream::Poller {
            database: Arc::clone(&database),
            broker: broker.clone(),
            relay: functions.relay(),
            period: settings.stream_poll,
        };
        tasks.spawn(stream.run(stopped.clone()));
        let expire = Arc::clone(&functions);
        tasks.spawn(sources::schedule::every(settings.expire_every, stopped.clone(), move || {
            let functions = Arc::clone(&expire);
            async move { functions.expire_reservations().await }
        }));
        let app = admin::router(broker)
            .fallback_service(gateway::router(functions))
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

async fn serve(listener: TcpListener, app: axum::Router, mut stop: Stop) {
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, app)
        .with_graceful_shutdown(async move { stop.requested().await })
        .await
    {
        tracing::error!(%error, "the gateway ended");
    }
}
