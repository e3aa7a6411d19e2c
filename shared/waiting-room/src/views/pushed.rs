//! What is sent to those who are connected.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::status::StatusView;

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Pushed<'a> {
    /// The answer to whoever looks: what they would have been answered over HTTP.
    Entry { entry: Value },
    /// Or why there is none.
    Problem { problem: Value },
    /// To everybody in a room, every few seconds.
    Status { status: &'a StatusView },
    /// To a visitor who has just been let in. It has no pass in it: whoever looks gets one.
    YourTurn { entry_id: Uuid },
}

impl Pushed<'_> {
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
