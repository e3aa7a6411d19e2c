//! A handler that does as the bodies say and remembers what it saw.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use marquee_lambda::consumer::{MessageHandler, Outcome};
use marquee_messaging::message::{Message, Metadata};

const WAIT_MAX: Duration = Duration::from_secs(30);

/// `poison` is poison, `later` always fails for now, anything else is done.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    seen: HashMap<String, usize>,
    metadata: HashMap<String, Metadata>,
    hang_after: Option<String>,
}

impl Scripted {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("not poisoned")
    }

    /// Does not return from this message, once it has been seen.
    pub(crate) fn hang_after(&self, body: &str) {
        self.state().hang_after = Some(body.to_owned());
    }

    pub(crate) fn stop_hanging(&self) {
        self.state().hang_after = None;
    }

    pub(crate) fn count(&self, body: &str) -> usize {
        self.state().seen.get(body).copied().unwrap_or(0)
    }

    /// What the metadata of the message with this body said.
    pub(crate) fn id_of(&self, body: &str) -> Option<String> {
        self.metadata_of(body).id
    }

    /// As it was last seen.
    pub(crate) fn metadata_of(&self, body: &str) -> Metadata {
        self.state().metadata.get(body).cloned().unwrap_or_default()
    }

    /// Waits until each of these was seen.
    pub(crate) async fn saw(&self, bodies: &[&str]) {
        for body in bodies {
            self.saw_times(body, 1).await;
        }
    }

    pub(crate) async fn saw_times(&self, body: &str, times: usize) {
        let deadline = Instant::now() + WAIT_MAX;
        while self.count(body) < times {
            assert!(Instant::now() < deadline, "{body} was seen {} times", self.count(body));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[async_trait]
impl MessageHandler for Scripted {
    async fn handle(&self, message: &Message) -> Outcome {
        let body = message.text().into_owned();
        let hang = {
            let mut state = self.state();
            *state.seen.entry(body.clone()).or_default() += 1;
            state.metadata.insert(body.clone(), message.metadata.clone());
            state.hang_after.as_ref() == Some(&body)
        };
        while hang && self.state().hang_after.as_ref() == Some(&body) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        match body.as_str() {
            "poison" => Outcome::Poison("never".into()),
            "later" => Outcome::RetryLater("not now".into()),
            _ => Outcome::Done,
        }
    }
}
