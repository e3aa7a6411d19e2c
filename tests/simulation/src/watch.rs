//! Looks at each change of the database the moment it happens.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use marquee_kernel::time::Timestamp;
use serde_json::Value;

use crate::aws::dynamodb::{Change, Service};

/// Items in DynamoDB's own JSON, by table, partition key and sort key.
#[derive(Clone, Debug, Default)]
pub struct Image(BTreeMap<(String, String, String), Value>);

impl Image {
    /// The items of a context's table.
    pub fn items(&self, context: &str) -> impl Iterator<Item = &Value> {
        let table = marquee_host::database::table_name(context);
        self.0.iter().filter(move |((of, ..), _)| *of == table).map(|(_, item)| item)
    }

    pub fn item(&self, context: &str, partition: &str, sort: &str) -> Option<&Value> {
        let table = marquee_host::database::table_name(context);
        self.0.get(&(table, partition.to_owned(), sort.to_owned()))
    }

    fn apply(&mut self, change: &Change) {
        let record = &change.record["dynamodb"];
        let text = |name: &str| record["Keys"][name]["S"].as_str().unwrap_or_default().to_owned();
        let key = (change.table.clone(), text("pk"), text("sk"));
        match &record["NewImage"] {
            Value::Null => self.0.remove(&key),
            new => self.0.insert(key, new.clone()),
        };
    }
}

/// What must hold at every step: looks at one change, and at all items after it.
pub trait Oracle: Send {
    /// # Errors
    /// What is wrong, with the identifiers of the things concerned.
    fn changed(&mut self, change: &Change, image: &Image, now: Timestamp) -> Result<(), String>;
}

/// What is looked at, and what was found.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    oracles: Vec<Box<dyn Oracle>>,
    image: Image,
    seen: usize,
    violations: Vec<String>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("violations", &self.violations()).finish()
    }
}

impl Watch {
    pub fn add(&self, oracle: impl Oracle + 'static) {
        self.state().oracles.push(Box::new(oracle));
    }

    /// Somebody else found something.
    pub fn report(&self, violation: String) {
        self.state().violations.push(violation);
    }

    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    pub fn image(&self) -> Image {
        self.state().image.clone()
    }

    /// Looks at what has changed since the last look.
    pub fn look(&self, service: &Service, now: Timestamp) {
        let mut state = self.state();
        let State { oracles, image, seen, violations } = &mut *state;
        let changes = service.changes(*seen);
        *seen += changes.len();
        // Those of a transaction happen at once.
        changes.iter().for_each(|change| image.apply(change));
        for change in &changes {
            for oracle in oracles.iter_mut() {
                violations.extend(oracle.changed(change, image, now).err());
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads DynamoDB's JSON.
pub mod attribute {
    use serde_json::Value;
    use uuid::Uuid;

    pub fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
        item[name]["S"].as_str()
    }

    pub fn number(item: &Value, name: &str) -> Option<i64> {
        item[name]["N"].as_str()?.parse().ok()
    }

    pub fn bytes(value: &Value) -> Option<Vec<u8>> {
        use base64::{Engine, prelude::BASE64_STANDARD};
        BASE64_STANDARD.decode(value["B"].as_str()?).ok()
    }

    /// An identifier, as text or as bytes.
    pub fn uuid(item: &Value, name: &str) -> Option<Uuid> {
        let as_text = text(item, name).and_then(|text| text.parse().ok());
        as_text.or_else(|| Uuid::from_slice(&bytes(&item[name])?).ok())
    }
}
