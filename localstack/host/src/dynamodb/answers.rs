//! What transactions were answered, by their request tokens: one that comes again, because its answer was
//! lost, is answered and not done again.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;

#[derive(Debug)]
pub struct Answers {
    /// For how long.
    kept: Duration,
    by_token: HashMap<Arc<str>, String>,
    oldest_first: VecDeque<(Instant, Arc<str>)>,
}

impl Answers {
    pub fn new(kept: Duration) -> Self {
        Self { kept, by_token: HashMap::new(), oldest_first: VecDeque::new() }
    }

    /// What the transaction of this token was answered, and forgets those that are too old. Costs no more
    /// the more are kept.
    pub fn find(&mut self, now: Instant, token: &str) -> Option<&str> {
        while self.oldest_first.front().is_some_and(|(at, _)| now - *at > self.kept) {
            if let Some((_, token)) = self.oldest_first.pop_front() {
                self.by_token.remove(&token);
            }
        }
        self.by_token.get(token).map(String::as_str)
    }

    pub fn keep(&mut self, now: Instant, token: String, answer: String) {
        let token: Arc<str> = token.into();
        self.by_token.insert(Arc::clone(&token), answer);
        self.oldest_first.push_back((now, token));
    }

    pub fn len(&self) -> usize {
        self.by_token.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_token.is_empty()
    }
}
