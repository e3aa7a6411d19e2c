//! Client request tokens: a transaction that comes again is answered, and not done again.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    refusals::{Answer, in_progress, other_parameters},
    request::Request,
};

/// "DynamoDB transactions: how it works", idempotency: a client token is valid for 10 minutes after the request
/// that uses it finishes.
const KEPT: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub struct Tokens(BTreeMap<String, Known>);

#[derive(Debug)]
struct Known {
    items: Value,
    /// When it finished, and what it was answered. None while it is under way.
    done: Option<(Duration, Answer)>,
}

impl Tokens {
    /// What is to be answered to a transaction whose token is known.
    pub fn find(&mut self, now: Duration, request: &Request) -> Option<Answer> {
        let token = request.token.as_ref()?;
        let old = |known: &Known| known.done.as_ref().is_some_and(|(at, _)| now > *at + KEPT);
        self.0.retain(|_, known| !old(known));
        let known = self.0.get(token)?;
        if known.items != request.json["TransactItems"] {
            return Some(other_parameters());
        }
        match &known.done {
            None => Some(in_progress()),
            Some((_, answer)) => Some(answer.clone()),
        }
    }

    pub fn begin(&mut self, request: &Request) {
        if let Some(token) = &request.token {
            let items = request.json["TransactItems"].clone();
            self.0.insert(token.clone(), Known { items, done: None });
        }
    }

    /// Only what was done is kept: a transaction that was refused may be tried again.
    pub fn end(&mut self, now: Duration, request: &Request, answer: &Answer) {
        let Some(token) = &request.token else { return };
        match self.0.get_mut(token) {
            Some(known) if answer.status == 200 => known.done = Some((now, answer.clone())),
            _ => _ = self.0.remove(token),
        }
    }
}
