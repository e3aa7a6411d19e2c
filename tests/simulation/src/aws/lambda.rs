//! Lambda: invocations in environments of their own, which it kills, freezes and gives up on.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use crate::{
    environment::{Environment, Machines},
    faults::Faults,
    journal::acting,
    mix::Fault,
};

/// The longest that a frozen environment sleeps before it goes on.
const FROZEN_MAX: Duration = Duration::from_secs(600);
/// Invocations of a function at once; one more is refused.
const CONCURRENCY_MAX: usize = 20;
/// Environments that start although there is one.
const KEPT_MAX: usize = 4;
/// At how many of its awaits a function can be killed.
const AWAITS_MAX: usize = 40;

#[derive(Debug)]
pub struct Lambda {
    machines: Machines,
    environments: RefCell<Vec<Rc<Environment>>>,
    /// Which environments work at the moment, by the function and the environment's number.
    busy: RefCell<BTreeSet<(String, usize)>>,
    faults: Faults,
    running: Cell<usize>,
}

impl Lambda {
    /// One environment of each function; more start as they are needed.
    pub fn new(machines: Machines, faults: Faults) -> Self {
        let environments = RefCell::new(vec![Rc::new(machines.start())]);
        let (busy, running) = (RefCell::default(), Cell::new(0));
        Self { machines, environments, busy, faults, running }
    }

    /// Invocations that have not ended.
    pub fn running(&self) -> usize {
        self.running.get()
    }

    /// Any environment: what is deployed is the same in all.
    pub fn environment(&self) -> Rc<Environment> {
        let mut environments = self.environments.borrow_mut();
        if environments.is_empty() {
            environments.push(Rc::new(self.machines.start()));
        }
        Rc::clone(&environments[0])
    }

    /// Runs a function in one of its environments, of which each does one thing at a time. `None` if it
    /// was killed, took too long, or too many are at it: nobody knows how far it came.
    pub async fn invoke<F, T>(
        self: &Rc<Self>,
        function: &str,
        timeout: Duration,
        work: impl FnOnce(Rc<Environment>) -> F,
    ) -> Option<T>
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let Some(environment) = self.free(function) else {
            self.faults.journal.write(&format!("{function} is throttled"));
            return None;
        };
        let (lambda, slot) = (Rc::clone(self), (function.to_owned(), environment.number));
        self.busy.borrow_mut().insert(slot.clone());
        self.running.set(self.running.get() + 1);
        let work = work(environment);
        // It goes on when nobody waits for it any more.
        let invocation =
            tokio::task::spawn_local(async move { lambda.invocation(slot, timeout, work).await });
        invocation.await.ok().flatten()
    }

    async fn invocation<F, T>(
        self: &Rc<Self>,
        slot: (String, usize),
        timeout: Duration,
        work: F,
    ) -> Option<T>
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let actor = format!("{}#{}", slot.0, slot.1);
        let result = acting(actor.clone(), self.live(actor.clone(), timeout, work)).await;
        self.running.set(self.running.get() - 1);
        self.busy.borrow_mut().remove(&slot);
        if result.is_none() {
            // Whatever it knew is gone with it.
            self.faults.journal.write(&format!("{actor} did not end"));
            self.environments.borrow_mut().retain(|one| one.number != slot.1);
        }
        result
    }

    /// An environment in which the function has nothing to do; a new one at times, and if there is none.
    fn free(&self, function: &str) -> Option<Rc<Environment>> {
        let busy = self.busy.borrow();
        let mut environments = self.environments.borrow_mut();
        let is_free = |one: &&Rc<Environment>| !busy.contains(&(function.to_owned(), one.number));
        let free: Vec<_> = environments.iter().filter(is_free).cloned().collect();
        let working = busy.iter().filter(|(name, _)| name == function).count();
        if working >= CONCURRENCY_MAX {
            return None;
        }
        let another = environments.len() < KEPT_MAX && self.faults.chance.happens(0.05);
        if free.is_empty() || another {
            let started = Rc::new(self.machines.start());
            environments.push(Rc::clone(&started));
            return Some(started);
        }
        Some(Rc::clone(self.faults.chance.one_of(&free)))
    }

    async fn live<F, T>(self: &Rc<Self>, actor: String, timeout: Duration, work: F) -> Option<T>
    where
        F: Future<Output = T> + 'static,
        T: 'static,
    {
        let mut work: Pin<Box<dyn Future<Output = T>>> = Box::pin(work);
        let awaits = self.faults.chance.below(AWAITS_MAX);
        if self.faults.strike(Fault::Killed) {
            return first_polls(&mut work, awaits).await;
        }
        if self.faults.strike(Fault::Frozen) {
            let ended = first_polls(&mut work, awaits).await;
            if ended.is_none() {
                self.thaw_later(actor, work);
            }
            return ended;
        }
        tokio::time::timeout(timeout, work).await.ok()
    }

    /// What Lambda has given up goes on where it was, long after.
    fn thaw_later<T: 'static>(
        self: &Rc<Self>,
        actor: String,
        work: Pin<Box<dyn Future<Output = T>>>,
    ) {
        let (lambda, seconds) = (Rc::clone(self), FROZEN_MAX.as_secs_f64());
        let asleep = self.faults.chance.seconds(0.1, seconds);
        self.running.set(self.running.get() + 1);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(asleep).await;
            lambda.faults.journal.write(&format!("{actor} thaws"));
            let limit = Duration::from_secs(60);
            let _ = tokio::time::timeout(limit, acting(actor, work)).await;
            lambda.running.set(lambda.running.get() - 1);
        });
    }
}

/// Lets a future come to so many of its awaits. `None` if it has not ended by then.
async fn first_polls<T>(work: &mut Pin<Box<dyn Future<Output = T>>>, count: usize) -> Option<T> {
    let mut polls = 0;
    poll_fn(|context| {
        if polls >= count {
            return Poll::Ready(None);
        }
        polls += 1;
        match work.as_mut().poll(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending if polls == count => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
