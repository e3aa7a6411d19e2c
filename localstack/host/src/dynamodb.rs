//! DynamoDB's HTTP interface over dynoxide, for the operations that the stores use.
//!
//! Dynoxide has a server of its own. It goes over the request tokens of the last ten minutes at each
//! transaction, under the lock that the transaction runs in, so that a host which has sold 16,000 seats
//! sells at a quarter of its speed. This one forgets the oldest token first, and says when a table was
//! written to, so that nobody has to ask (`docs/decisions/0019`).

pub mod answers;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use answers::Answers;
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use dynoxide::{Database, DynoxideError, actions::transact_write_items::TransactWriteItemsRequest};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
    time::Instant,
};

/// DynamoDB's own limit on a request.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The database works on one request at a time; more would only hold threads.
const AT_ONCE: usize = 4;
/// What dynoxide marks some messages with, for a part of its server that is not run here.
const VALIDATION_MARK: &str = "VALIDATION:";

#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
    answers: Arc<Mutex<Answers>>,
    written: Arc<BTreeMap<String, watch::Sender<()>>>,
    turns: Arc<Semaphore>,
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoDb").field("written", &self.written).finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// `tables` are those whose writes somebody waits for; a transaction that is repeated within
    /// `tokens_kept` is answered and not done again.
    pub fn new(
        database: Database,
        tables: impl IntoIterator<Item = String>,
        tokens_kept: Duration,
    ) -> Self {
        let written = tables.into_iter().map(|table| (table, watch::Sender::new(()))).collect();
        Self {
            database,
            answers: Arc::new(Mutex::new(Answers::new(tokens_kept))),
            written: Arc::new(written),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Changes at each write to the table.
    ///
    /// # Panics
    /// If the table is not one of those it was made for.
    pub fn written(&self, table: &str) -> watch::Receiver<()> {
        self.written[table].subscribe()
    }

    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let app = Router::new()
            .route("/", post(handle))
            .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(self);
        axum::serve(listener, app).await
    }

    /// Answers one request: the HTTP status, and the body. Blocks.
    pub fn answer(&self, operation: &str, body: &str) -> (u16, String) {
        match self.call(operation, body) {
            Ok(answer) => (200, answer),
            Err(error) => (error.status_code(), error.to_json().replace(VALIDATION_MARK, "")),
        }
    }

    fn call(&self, operation: &str, body: &str) -> dynoxide::Result<String> {
        let database = &self.database;
        match operation {
            "GetItem" => run(body, |request| database.get_item(request)),
            "BatchGetItem" => run(body, |request| database.batch_get_item(request)),
            "Query" => run(body, |request| database.query(request)),
            "Scan" => run(body, |request| database.scan(request)),
            "CreateTable" => run(body, |request| database.create_table(request)),
            "PutItem" => {
                let request: dynoxide::actions::put_item::PutItemRequest = read(body)?;
                let table = request.table_name.clone();
                self.wrote(&table, database.put_item(request).and_then(|answer| write(&answer)))
            }
            "UpdateItem" => {
                let request: dynoxide::actions::update_item::UpdateItemRequest = read(body)?;
                let table = request.table_name.clone();
                self.wrote(&table, database.update_item(request).and_then(|answer| write(&answer)))
            }
            "DeleteItem" => {
                let request: dynoxide::actions::delete_item::DeleteItemRequest = read(body)?;
                let table = request.table_name.clone();
                self.wrote(&table, database.delete_item(request).and_then(|answer| write(&answer)))
            }
            "TransactWriteItems" => self.transact(read(body)?),
            other => Err(DynoxideError::UnsupportedCapability(other.to_owned())),
        }
    }

    fn wrote<T>(&self, table: &str, outcome: dynoxide::Result<T>) -> dynoxide::Result<T> {
        if outcome.is_ok()
            && let Some(written) = self.written.get(table)
        {
            written.send_replace(());
        }
        outcome
    }

    /// Under one lock: an attempt that repeats another waits for it.
    fn transact(&self, mut request: TransactWriteItemsRequest) -> dynoxide::Result<String> {
        let tables = tables_of(&request);
        let token = request.client_request_token.take();
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(answer) = token.as_deref().and_then(|token| answers.find(now, token)) {
            return Ok(answer.to_owned());
        }
        let answer = write(&self.database.transact_write_items(request)?)?;
        if let Some(token) = token {
            answers.keep(now, token, answer.clone());
        }
        drop(answers);
        for table in tables {
            let _ = self.wrote(&table, Ok(()));
        }
        Ok(answer)
    }
}

fn tables_of(request: &TransactWriteItemsRequest) -> Vec<String> {
    let mut tables: Vec<_> = request
        .transact_items
        .iter()
        .filter_map(|item| {
            let put = item.put.as_ref().map(|put| &put.table_name);
            let update = item.update.as_ref().map(|update| &update.table_name);
            let delete = item.delete.as_ref().map(|delete| &delete.table_name);
            put.or(update).or(delete).cloned()
        })
        .collect();
    tables.dedup();
    tables
}

fn run<I: DeserializeOwned, O: Serialize>(
    body: &str,
    operation: impl FnOnce(I) -> dynoxide::Result<O>,
) -> dynoxide::Result<String> {
    write(&operation(read(body)?)?)
}

fn read<I: DeserializeOwned>(body: &str) -> dynoxide::Result<I> {
    serde_json::from_str(body).map_err(|e| DynoxideError::ValidationException(e.to_string()))
}

fn write(answer: &impl Serialize) -> dynoxide::Result<String> {
    serde_json::to_string(answer).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}

async fn handle(State(service): State<DynamoDb>, headers: HeaderMap, body: String) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned();
    let turns = Arc::clone(&service.turns);
    let _turn = turns.acquire().await;
    let answered = tokio::task::spawn_blocking(move || service.answer(&operation, &body)).await;
    let (status, body) = answered.unwrap_or_else(|_| (500, String::new()));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
}
