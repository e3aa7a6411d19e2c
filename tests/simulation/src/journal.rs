//! What happens in a world, line by line: a digest of all of it, and the text if somebody reads it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::Future,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{clock::WorldClock, mix::Fault};

tokio::task_local! {
    /// Whoever acts: a function, a client.
    static ACTOR: RefCell<String>;
}

/// Runs as this actor: what it does stands under its name.
pub async fn acting<T>(actor: String, work: impl Future<Output = T>) -> T {
    ACTOR.scope(RefCell::new(actor), work).await
}

pub fn actor() -> String {
    ACTOR.try_with(|actor| actor.borrow().clone()).unwrap_or_else(|_| "aws".to_owned())
}

/// The function's name without the number of its environment.
fn handler() -> String {
    let actor = actor();
    actor.split('#').next().unwrap_or_default().to_owned()
}

#[derive(Clone, Debug)]
pub struct Journal {
    clock: WorldClock,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug, Default)]
struct Told {
    hasher: DefaultHasher,
    lines: usize,
    /// Kept only if somebody reads it.
    text: Option<Vec<String>>,
    /// How often each fault met each handler.
    coverage: BTreeMap<(Fault, String), u64>,
    /// Useful work, by what it is.
    work: BTreeMap<&'static str, u64>,
}

impl Journal {
    pub fn new(clock: WorldClock, keeps_text: bool) -> Self {
        let told = Told { text: keeps_text.then(Vec::new), ..Told::default() };
        Self { clock, told: Arc::new(Mutex::new(told)) }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One line: when, who, and what happened.
    pub fn write(&self, what: &str) {
        let millis = self.clock.elapsed().as_millis();
        let line = format!("{:>9}.{:03} {:<24} {what}", millis / 1000, millis % 1000, actor());
        let mut told = self.told();
        line.hash(&mut told.hasher);
        told.lines += 1;
        if let Some(text) = &mut told.text {
            text.push(line);
        }
    }

    /// A fault struck whoever acts.
    pub fn struck(&self, fault: Fault) {
        self.write(&format!("!! {fault}"));
        *self.told().coverage.entry((fault, handler())).or_default() += 1;
    }

    /// Something useful was done.
    pub fn done(&self, work: &'static str) {
        *self.told().work.entry(work).or_default() += 1;
    }

    pub fn digest(&self) -> u64 {
        self.told().hasher.finish()
    }

    pub fn lines(&self) -> usize {
        self.told().lines
    }

    pub fn text(&self) -> Vec<String> {
        self.told().text.clone().unwrap_or_default()
    }

    pub fn coverage(&self) -> BTreeMap<(Fault, String), u64> {
        self.told().coverage.clone()
    }

    pub fn work(&self) -> BTreeMap<&'static str, u64> {
        self.told().work.clone()
    }
}
