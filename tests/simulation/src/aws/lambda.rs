//! Lambda: invocations in environments of their own, which it kills, freezes and gives up on.

use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};

use crate::{
    environment::{Environment, Machines},
    journal::acting,
    mix::{Fault, Faults},
};

/// The longest that a frozen environment sleeps before it goes on.
const FROZEN_MAX: Duration = Duration::from_secs(600);
/// At how many of its awaits a function can be killed.
const AWAITS_MAX: usize = 40;

#[derive(Debug)]
pub struct Lambda {
    machines: Machines,
    environments: RefCell<Vec<Rc<Environment>>>,
    faults: Faults,
    running: Cell<usize>,
}

impl Lambda {
    /// So many environments of each function, each with caches and a clock of its own.
    pub fn new(machines: Machines, faults: Faults, count: usize) -> Self {
        let environments = (0..count).map(|_| Rc::new(machines.start())).collect();
        Self { machines, environments: RefCell::new(environments), faults, running: Cell::new(0) }
    }

    /// Invocations that have not ended.
    pub fn running(&self) -> usize {
        self.running.get()
    }

    /// Any of the environments: what is deployed is the same in all.
    pub fn environment(&self) -> Rc<Environment> {
        Rc::clone(&self.environments.borrow()[0])
    }

    /// Runs a function in one of its environments. `None` if it was killed, or took too long: nobody
    /// knows how far it came.
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
        let chosen = self.faults.chance.below(self.environments.borrow().len());
        let environment = Rc::clone(&self.environments.borrow()[chosen]);
        let actor = format!("{function}#{}", environment.number);
        let work = work(Rc::clone(&environment));
        self.running.set(self.running.get() + 1);
        let result = acting(actor.clone(), self.live(actor.clone(), timeout, work)).await;
        self.running.set(self.running.get() - 1);
        if result.is_none() {
            self.faults.journal.write(&format!("{actor} did not end"));
            let mut environments = self.environments.borrow_mut();
            if environments[chosen].number == environment.number {
                environments[chosen] = Rc::new(self.machines.start());
            }
        }
        result
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
