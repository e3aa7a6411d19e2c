//! Where the broker is, and the one connection that publishing shares.

use std::{fmt, sync::Arc, time::Duration};

use async_rs::Runtime;
use async_trait::async_trait;
use lapin::{Connection, ConnectionProperties, ErrorKind, protocol::AMQPErrorKind, uri::AMQPUri};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

/// TLS and log-in take a handful of round trips, reading the secret a few more.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, thiserror::Error)]
pub enum BrokerError {
    /// There is no connection, or no answer in time: asking again may help.
    #[error("{0}")]
    Unavailable(String),
    /// The broker does not do as asked, however often.
    #[error("{0}")]
    Refused(String),
}

impl From<lapin::Error> for BrokerError {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(protocol)
                if matches!(protocol.kind(), AMQPErrorKind::Soft(_)) =>
            {
                Self::Refused(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

#[derive(Clone)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// Asked at each connect, so that a rotated password is picked up.
#[async_trait]
pub trait CredentialsSource: Send + Sync {
    async fn credentials(&self) -> Result<Credentials, String>;
}

/// An `amqp://` or `amqps://` URL, and where to get what it does not say.
#[derive(Clone)]
pub struct Endpoint {
    uri: AMQPUri,
    credentials: Option<Arc<dyn CredentialsSource>>,
}

impl Endpoint {
    /// # Errors
    /// If the URL cannot be read; the text says why and shows no password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let mut uri: AMQPUri = url.parse().map_err(|error| format!("not an AMQP URL: {error}"))?;
        if uri.vhost.is_empty() {
            uri.vhost = "/".to_owned();
        }
        Ok(Self { uri, credentials: None })
    }

    #[must_use]
    pub fn with_credentials(mut self, source: Arc<dyn CredentialsSource>) -> Self {
        self.credentials = Some(source);
        self
    }

    /// The virtual host: `/` unless the URL has a path.
    pub fn virtual_host(&self) -> &str {
        &self.uri.vhost
    }

    /// With no password in it.
    pub fn shown(&self) -> String {
        let AMQPUri { scheme, authority, vhost, .. } = &self.uri;
        format!("{scheme}://{}:{}/{}", authority.host, authority.port, vhost.trim_matches('/'))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.shown())
    }
}

/// Finds a dead connection within three times this, and ends the thread that serves it.
const HEARTBEAT_SECONDS: u16 = 10;
const HEARTBEATS_TO_DIE: u64 = 3;

pub(super) struct Connector {
    pub(super) endpoint: Endpoint,
    connection: Mutex<Option<Arc<Connection>>>,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

impl Connector {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, connection: Mutex::new(None) }
    }

    pub(super) async fn connect(&self) -> Result<Connection, BrokerError> {
        let shown = self.endpoint.shown();
        let connecting = async {
            let mut uri = self.endpoint.uri.clone();
            uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
            if let Some(source) = &self.endpoint.credentials {
                let Credentials { username, password } = source.credentials().await?;
                uri.authority.userinfo.username = username;
                uri.authority.userinfo.password = password;
            }
            let properties = ConnectionProperties::default().with_connection_name("marquee".into());
            let runtime = Runtime::tokio_current();
            let connection = Connection::connect_uri_with_runtime(uri, properties, runtime).await;
            connection.map_err(|error| error.to_string())
        };
        match timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => {
                connected.map_err(|error| format!("no connection to {shown}: {error}"))
            }
            Err(_) => Err(format!("no connection to {shown} in {CONNECT_TIMEOUT:?}")),
        }
        .map_err(BrokerError::Unavailable)
    }

    /// The connection in use, or a new one.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, BrokerError> {
        let mut connection = self.connection.lock().await;
        if let Some(connection) = &*connection
            && connection.status().connected()
        {
            return Ok(Arc::clone(connection));
        }
        let new = Arc::new(self.connect().await?);
        *connection = Some(Arc::clone(&new));
        Ok(new)
    }

    /// Gives a connection up, unless somebody else has replaced it already. It is kept until its
    /// heartbeat has had time to find it dead: closing it turns the heartbeat off, and a closing
    /// connection to nobody would wait for its answer for as long as the kernel does.
    pub(super) async fn give_up(&self, failed: &Arc<Connection>) {
        let mut connection = self.connection.lock().await;
        if connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, failed)) {
            *connection = None;
            let failed = Arc::clone(failed);
            tokio::spawn(async move {
                sleep(Duration::from_secs(HEARTBEATS_TO_DIE * u64::from(HEARTBEAT_SECONDS))).await;
                drop(failed);
            });
        }
    }
}
