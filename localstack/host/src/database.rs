//! DynamoDB in this process: dynoxide, spoken to by the ordinary SDK client over loopback, so that
//! there is one storage code path.

use std::{net::SocketAddr, path::Path};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};
use dynoxide::{
    Database,
    actions::{get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest},
};
use marquee_lambda::Error;
use marquee_store::{booking::schema, dynamo};
use rusqlite::Connection;
use serde_json::Value;
use tokio::{net::TcpListener, task::AbortHandle};
use uuid::Uuid;

pub const BOOKING_TABLE: &str = "marquee-booking";
/// DynamoDB keeps a stream's records for a day.
const STREAM_RETENTION_SECONDS: i64 = 24 * 60 * 60;

#[derive(Debug)]
pub struct LocalDatabase {
    pub database: DatabaseHandle,
    pub address: SocketAddr,
    server: AbortHandle,
    /// A database in memory lives as long as a connection to it.
    _connection: Option<std::sync::Mutex<Connection>>,
}

/// Dynoxide's own interface, for its streams.
#[derive(Clone)]
pub struct DatabaseHandle(pub Database);

impl std::fmt::Debug for DatabaseHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseHandle")
    }
}

impl LocalDatabase {
    /// Opens the file, or memory, and creates what tables are missing.
    pub async fn open(file: Option<&Path>) -> Result<Self, Error> {
        let memory = || format!("file:marquee-{}?mode=memory&cache=shared", Uuid::new_v4());
        let path = match file {
            Some(file) => file.to_str().ok_or("the data file's name is not UTF-8")?.to_owned(),
            None => memory(),
        };
        let database = Database::new(&path).map_err(|e| format!("cannot open {path}: {e}"))?;
        let connection = Connection::open(&path)?;
        tidy_streams(&connection)?;

        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        let local = Self {
            database: DatabaseHandle(database),
            address,
            server: server.abort_handle(),
            _connection: file.is_none().then(|| std::sync::Mutex::new(connection)),
        };
        schema::create_table(&local.booking_table().client, BOOKING_TABLE).await?;
        Ok(local)
    }

    /// The configuration of a client as a function would have it.
    pub fn client_config(&self) -> aws_sdk_dynamodb::config::Builder {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", self.address))
            .region(Region::from_static("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "host"));
        dynamo::tuned(config)
    }

    pub fn booking_table(&self) -> dynamo::Table {
        table(self.client_config())
    }

    /// Records of the booking table's stream, as Lambda's events show them: from its beginning,
    /// or after a sequence number. Blocks.
    pub fn stream_records(&self, after: Option<&str>, limit: usize) -> Result<Vec<Value>, Error> {
        let database = &self.database.0;
        let table = dynoxide::streams::table_arn(BOOKING_TABLE);
        let iterator = database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: format!("{table}/stream/latest"),
            shard_id: dynoxide::streams::shard_id(BOOKING_TABLE),
            shard_iterator_type: match after {
                Some(_) => "AFTER_SEQUENCE_NUMBER".into(),
                None => "TRIM_HORIZON".into(),
            },
            sequence_number: after.map(str::to_owned),
        })?;
        let records = database.get_records(GetRecordsRequest {
            shard_iterator: iterator.shard_iterator.unwrap_or_default(),
            limit: Some(limit),
        })?;
        let records = records.records.iter().map(serde_json::to_value);
        Ok(records.collect::<Result<_, _>>()?)
    }
}

/// The booking table by a client of this configuration.
pub fn table(config: aws_sdk_dynamodb::config::Builder) -> dynamo::Table {
    let client = Client::from_conf(config.build());
    dynamo::Table { client, name: BOOKING_TABLE.to_owned() }
}

impl Drop for LocalDatabase {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Dynoxide looks for the highest sequence number of a stream at each write and never drops a
/// record. The index keeps that look-up from growing with the stream; old records go at start.
fn tidy_streams(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS marquee_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )?;
    connection.execute(
        "DELETE FROM _stream_records WHERE created_at < unixepoch() - ?1",
        [STREAM_RETENTION_SECONDS],
    )?;
    Ok(())
}
