//! DynamoDB in this process: dynoxide, spoken to by the ordinary SDK client over loopback, so that
//! there is one storage code path.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::{
    Database, DynoxideError,
    actions::{get_records::GetRecordsRequest, get_shard_iterator::GetShardIteratorRequest},
};
use marquee_contexts::CONTEXTS;
use marquee_dynamo::{
    client::{Table, tuned},
    table::schema::create_table,
};
use marquee_lambda::Error;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::AbortHandle,
};
use uuid::Uuid;

use crate::dynamodb::DynamoDb;

/// DynamoDB keeps a stream's records for a day.
const STREAM_RETENTION_SECONDS: i64 = 24 * 60 * 60;
/// Where it is written up to which record each stream may be dropped.
const PRUNED: &str = "marquee-pruned";
/// 64 MB of pages of 4 KB. With SQLite's own 2 MB, a host sells ever slower as its file grows.
const CACHE_PAGES: u32 = 16 * 1024;
/// An operation of the SDK's ends, retries included, within 20 s. AWS keeps a token for ten minutes.
const TOKENS_KEPT: Duration = Duration::from_secs(60);
/// Connections that wait to be accepted; Linux itself allows 4,096.
const BACKLOG: u32 = 1_024;
/// What dynoxide adds to a stored sequence number to show it.
const SEQUENCE_NUMBER_OFFSET: u128 = 100_000_000_000_000_000_000;

#[derive(Debug)]
pub struct LocalDatabase {
    database: DatabaseHandle,
    service: DynamoDb,
    pub address: SocketAddr,
    server: AbortHandle,
    /// Beside which the positions in the streams are kept; nowhere for a database in memory.
    file: Option<PathBuf>,
    _lock: Option<fs::File>,
    /// A database in memory lives as long as a connection to it.
    _connection: Option<std::sync::Mutex<Connection>>,
}

/// Dynoxide's own interface, for its streams.
struct DatabaseHandle(Database);

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
        let lock = file.map(lock).transpose()?;
        let cannot_open = |error: &dyn std::fmt::Display| format!("cannot open {path}: {error}");
        let connection = Connection::open(&path).map_err(|error| cannot_open(&error))?;
        // Of the file, and so of all who open it: dynoxide's own connection takes no setting.
        let cache = format!("PRAGMA default_cache_size = {CACHE_PAGES}");
        connection.execute_batch(&cache).map_err(|error| cannot_open(&error))?;
        let database = Database::new(&path).map_err(|error| cannot_open(&error))?;
        for table in tables() {
            let position =
                file.and_then(|file| fs::read_to_string(position_file(file, &table)).ok());
            tidy_stream(&connection, &table, position.as_deref())?;
        }

        prune_with(&connection, &database)?;

        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let service = DynamoDb::new(database.clone(), tables(), TOKENS_KEPT);
        let server = tokio::spawn(service.clone().serve(listener));
        let local = Self {
            database: DatabaseHandle(database),
            service,
            address,
            server: server.abort_handle(),
            file: file.map(Path::to_owned),
            _lock: lock,
            _connection: file.is_none().then(|| std::sync::Mutex::new(connection)),
        };
        for context in CONTEXTS {
            let table = local.table(context.name);
            create_table(&table.client, (context.table)(&table.name)?).await?;
        }
        Ok(local)
    }

    /// The configuration of a client as a function would have it.
    pub fn client_config(&self) -> aws_sdk_dynamodb::config::Builder {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(format!("http://{}", self.address))
            .region(Region::from_static("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "host"));
        tuned(config)
    }

    /// A context's table.
    pub fn table(&self, context: &str) -> Table {
        Table::new(self.client_config(), table_name(context))
    }

    /// Changes at each write to the table.
    pub fn written(&self, table: &str) -> watch::Receiver<()> {
        self.service.written(table)
    }

    /// Drops the records of a table's stream before this one, which nobody reads again. Blocks.
    pub fn prune_stream(&self, table: &str, position: &str) -> Result<(), Error> {
        let Some(stored) = stored_sequence_number(position) else { return Ok(()) };
        let item = json!({ "table": { "S": table }, "before": { "N": stored.to_string() } });
        let put = json!({ "TableName": PRUNED, "Item": item });
        self.database.0.put_item(serde_json::from_value(put)?)?;
        Ok(())
    }

    /// Whether it has a file, beside which positions in the streams are put on record.
    pub fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// Up to where a table's stream had been dealt with when the position was last recorded.
    pub fn stream_position(&self, table: &str) -> Option<String> {
        fs::read_to_string(position_file(self.file.as_deref()?, table)).ok()
    }

    /// Replaces the position by one step, so that a kill leaves the old one or the new one.
    pub fn record_stream_position(&self, table: &str, position: Option<&str>) -> Result<(), Error> {
        let (Some(file), Some(position)) = (&self.file, position) else { return Ok(()) };
        let file = position_file(file, table);
        let new = beside(&file, ".new");
        fs::write(&new, position)?;
        Ok(fs::rename(new, file)?)
    }

    /// Records of a table's stream, as Lambda's events show them: from its beginning, or after a
    /// sequence number. Blocks.
    pub fn stream_records(
        &self,
        table: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Value>, Error> {
        let database = &self.database.0;
        let arn = dynoxide::streams::table_arn(table);
        let iterator = database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: format!("{arn}/stream/latest"),
            shard_id: dynoxide::streams::shard_id(table),
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

/// Where functions find their contexts' tables.
pub trait Tables: std::fmt::Debug {
    fn table(&self, context: &str) -> Table;
}

impl Tables for LocalDatabase {
    fn table(&self, context: &str) -> Table {
        Self::table(self, context)
    }
}

pub fn table_name(context: &str) -> String {
    format!("marquee-{context}")
}

/// The tables by their names; each has a stream.
pub fn tables() -> impl Iterator<Item = String> {
    CONTEXTS.iter().map(|context| table_name(context.name))
}

impl Drop for LocalDatabase {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Two hosts on one file would each relay the other's events and fight over the stream's position.
fn lock(file: &Path) -> Result<fs::File, Error> {
    let path = beside(file, ".lock");
    let shown = path.display();
    let lock = fs::File::create(&path).map_err(|e| format!("cannot write {shown}: {e}"))?;
    lock.try_lock().map_err(|e| format!("another host has {}: {e}", file.display()))?;
    Ok(lock)
}

fn position_file(file: &Path, table: &str) -> PathBuf {
    beside(file, &format!(".{table}.stream-position"))
}

/// The file's neighbour of that ending.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn stored_sequence_number(shown: &str) -> Option<i64> {
    let stored = shown.parse::<u128>().ok()?.checked_sub(SEQUENCE_NUMBER_OFFSET)?;
    i64::try_from(stored).ok()
}

/// Lets the database drop stream records by itself, on its own connection: in memory, another one finds
/// the table locked at once. An item in [`PRUNED`] says which; the newest record always stays, from
/// which the next one's number follows.
fn prune_with(connection: &Connection, database: &Database) -> Result<(), Error> {
    let key = json!([{ "AttributeName": "table", "KeyType": "HASH" }]);
    let attributes = json!([{ "AttributeName": "table", "AttributeType": "S" }]);
    let table = json!({
        "TableName": PRUNED, "KeySchema": key, "AttributeDefinitions": attributes,
        "BillingMode": "PAY_PER_REQUEST",
    });
    match database.create_table(serde_json::from_value(table)?) {
        Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => {}
        Err(error) => return Err(error.into()),
    }
    connection.execute_batch(&format!(
        r#"CREATE TRIGGER IF NOT EXISTS marquee_pruned AFTER INSERT ON "{PRUNED}" BEGIN
             DELETE FROM _stream_records
             WHERE table_name = json_extract(NEW.item_json, '$.table.S')
             AND CAST(sequence_number AS INTEGER)
               < CAST(json_extract(NEW.item_json, '$.before.N') AS INTEGER);
           END"#
    ))?;
    Ok(())
}

/// A listener with room for a crowd that comes at once: tokio's own has room for 128, and whoever finds
/// it full waits a second.
pub(crate) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As tokio's own does: the port of a host that was just stopped is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Dynoxide looks for the highest sequence number of a stream at each write and never drops a
/// record by itself. The index keeps that look-up from growing with the stream; at start, old records
/// go that had been dealt with.
fn tidy_stream(
    connection: &Connection,
    table: &str,
    position: Option<&str>,
) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "CREATE INDEX IF NOT EXISTS marquee_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )?;
    let dealt_with = position.and_then(stored_sequence_number);
    connection.execute(
        "DELETE FROM _stream_records
         WHERE table_name = ?1 AND created_at < unixepoch() - ?2
         AND CAST(sequence_number AS INTEGER) < ?3",
        (table, STREAM_RETENTION_SECONDS, dealt_with.unwrap_or(0)),
    )?;
    Ok(())
}
