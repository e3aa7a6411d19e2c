//! The contexts as they are deployed here: the functions of each, what calls them, and demo data.

pub mod booking;
mod members;
pub mod ordering;
mod platform;
pub mod shop;
pub mod waiting_room;

use std::{
    collections::BTreeSet,
    fmt::{Debug, Display},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::Router;
use marquee_dynamo::client::Table;
use marquee_kernel::time::Clock;
use marquee_lambda::{
    Error,
    consumer::{BatchHandler, Consumer},
    identity::Identity,
    route::Api,
};
use marquee_messaging::{sockets::Sockets, topology::Queue};
use marquee_passes::PassKey;

use crate::{broker::Ports, database::Tables, settings::Settings};

/// Every function behind the gateway.
pub fn apis() -> Vec<Api> {
    let contexts = [booking::APIS, ordering::APIS, members::APIS, shop::APIS, waiting_room::APIS];
    [contexts.concat(), platform::APIS.to_vec()].concat()
}

/// A function behind the gateway, and what answers for it.
#[derive(Clone, Debug)]
pub struct HttpFunction {
    pub api: Api,
    pub router: Router,
}

type Job = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A function on a schedule.
pub struct Scheduled {
    pub name: &'static str,
    pub every: Duration,
    pub job: Job,
}

impl std::fmt::Debug for Scheduled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduled")
            .field("name", &self.name)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}

/// One tick of a schedule. A run that did nothing says nothing; one that `rings` is an error.
async fn tick<R: Debug + Default + PartialEq, E: Display>(
    name: &str,
    rings: impl Fn(&R) -> bool,
    run: impl Future<Output = Result<R, E>>,
) {
    match run.await {
        Ok(report) if report == R::default() => {}
        Ok(report) if rings(&report) => tracing::error!(?report, "{name}"),
        Ok(report) => tracing::info!(?report, "{name}"),
        Err(error) => tracing::warn!(%error, "{name} failed"),
    }
}

/// Functions, by what calls them.
#[derive(Debug, Default)]
pub struct Deployed {
    pub http: Vec<HttpFunction>,
    pub consumers: Vec<Consumer>,
    pub scheduled: Vec<Scheduled>,
}

/// What functions are given.
#[derive(Clone, Copy, Debug)]
pub struct Environment<'a> {
    pub settings: &'a Settings,
    pub tables: &'a dyn Tables,
    pub broker: &'a dyn Ports,
    pub clock: &'a Arc<dyn Clock>,
    /// Of the waiting rooms.
    pub passes: &'a PassKey,
    /// Who is connected by a WebSocket.
    pub live: &'a Arc<dyn Sockets>,
}

impl Environment<'_> {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.clock)
    }

    fn table(&self, context: &str) -> Table {
        self.tables.table(context)
    }

    /// Who calls is known by tokens if an issuer of them is.
    fn identity(&self) -> Identity {
        match self.settings.oidc {
            Some(_) => Identity::Token,
            None => Identity::Header,
        }
    }

    fn consumer(&self, queue: &'static Queue, handler: impl BatchHandler + 'static) -> Consumer {
        Consumer {
            queue: queue.name,
            retry: self.settings.retry.unwrap_or(queue.retry),
            handler: Arc::new(handler),
            dead_letters: self.broker.dead_letters(),
            retries: self.broker.retries(),
        }
    }
}

/// Puts in demo data: what the documents that Marquee was asked for in work with.
pub async fn load_demo(environment: Environment<'_>) -> Result<(), Error> {
    booking::load_demo(environment).await?;
    ordering::load_demo(environment).await?;
    shop::load_demo(environment).await
}

/// Deploys every context.
pub fn deploy(environment: Environment<'_>) -> Result<Deployed, Error> {
    let mut all = Deployed::default();
    for deployed in [
        booking::deploy(environment)?,
        ordering::deploy(environment),
        members::deploy(environment),
        shop::deploy(environment)?,
        waiting_room::deploy(environment)?,
        platform::deploy(),
    ] {
        all.http.extend(deployed.http);
        all.consumers.extend(deployed.consumers);
        all.scheduled.extend(deployed.scheduled);
    }
    let answered: BTreeSet<_> = all.http.iter().map(|function| function.api.name).collect();
    let known: BTreeSet<_> = apis().iter().map(|api| api.name).collect();
    if answered != known {
        return Err(format!("{answered:?} are deployed, and {known:?} are known").into());
    }
    Ok(all)
}
