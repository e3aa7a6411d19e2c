//! The database itself, which knows no throughput and no overlapping.

use std::time::Duration;

use dynoxide::Database;
use marquee_host::dynamodb::DynamoDb;
use serde_json::{Value, json};

use super::{refusals::Answer, request::Request, schema::Schemas};

/// A transaction has at most so many items: "TransactWriteItems".
const ITEMS_MAX: usize = 100;

#[derive(Clone)]
pub struct Engine {
    pub database: Database,
    dynamodb: DynamoDb,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

impl Engine {
    pub fn new() -> Self {
        let database = Database::memory().expect("a database in memory");
        // Tokens are not left to it: they never get here.
        let dynamodb = DynamoDb::new(database.clone(), [], Duration::ZERO);
        Self { database, dynamodb }
    }

    pub fn answer(&self, operation: &str, body: &str) -> Answer {
        let (status, body) = match operation {
            "TransactGetItems" => self.transact_get(body),
            _ => self.dynamodb.answer(operation, body),
        };
        Answer::new(status, body)
    }

    fn transact_get(&self, body: &str) -> (u16, String) {
        let Ok(request) = serde_json::from_str(body) else { return (400, String::new()) };
        match self.database.transact_get_items(request) {
            Ok(answer) => (200, serde_json::to_string(&answer).unwrap_or_default()),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    /// Why each item of a transaction would be refused now, with nothing done: it is tried beside a condition
    /// that no item fulfils. `None` where it would not be.
    pub fn try_out(&self, request: &Request, schemas: &Schemas) -> Vec<Value> {
        let nothing = vec![json!({ "Code": "None" }); request.targets.len()];
        let schema = request.targets.first().and_then(|target| schemas.get(&target.key.table));
        let Some(schema) = schema.filter(|_| request.writes() && nothing.len() < ITEMS_MAX) else {
            return nothing;
        };
        let mut json = request.json.clone();
        let Some(items) = json["TransactItems"].as_array_mut() else { return nothing };
        items.push(json!({ "ConditionCheck": {
            "TableName": request.targets[0].key.table,
            "Key": schema.nobody(),
            "ConditionExpression": "attribute_exists(#k)",
            "ExpressionAttributeNames": { "#k": schema.hash },
        }}));
        let answer = self.answer(&request.operation, &json.to_string());
        match answer.json()["CancellationReasons"].as_array() {
            Some(reasons) => reasons[..nothing.len()].to_vec(),
            None => nothing,
        }
    }
}
