//! EventBridge Scheduler: a tick at a fixed rate, late and double at times. Runs may overlap.

use std::{rc::Rc, time::Duration};

use crate::{
    aws::lambda::Lambda, environment::Environment, faults::Faults, journal::acting, mix::Fault,
};

const TIMEOUT: Duration = Duration::from_secs(120);

#[derive(Clone, Debug)]
pub struct Schedule {
    pub name: &'static str,
    pub every: Duration,
    pub lambda: Rc<Lambda>,
    pub faults: Faults,
}

impl Schedule {
    /// Ticks for ever.
    pub async fn run(self) {
        acting(self.name.to_owned(), self.tick_on()).await;
    }

    async fn tick_on(&self) {
        loop {
            tokio::time::sleep(self.every).await;
            let late = self.faults.strike(Fault::ScheduleLate);
            let late = if late { self.faults.chance.seconds(0.0, 59.0) } else { Duration::ZERO };
            let times = if self.faults.strike(Fault::ScheduleTwice) { 2 } else { 1 };
            for _ in 0..times {
                let schedule = self.clone();
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(late).await;
                    schedule.tick().await;
                });
            }
        }
    }

    async fn tick(&self) {
        let name = self.name;
        let ran = self.lambda.invoke(name, TIMEOUT, |environment| async move {
            run(&environment, name).await;
        });
        ran.await;
    }
}

async fn run(environment: &Environment, name: &'static str) {
    let Environment { booking, ordering, publisher, clock, .. } = environment;
    match name {
        "reconcile-outbox" => {
            // Sooner than on AWS, where nobody is in a hurry.
            let after = Duration::from_secs(120);
            let limits = reconcile_outbox::Limits { after, sessions_max: 100, run_for: TIMEOUT };
            let _ = reconcile_outbox::run(booking, &**publisher, &**clock, limits).await;
        }
        "reconcile-orders" => {
            let limits = reconcile_orders::Limits::from_env().expect("limits");
            let _ = reconcile_orders::run(ordering, &**publisher, &**clock, limits).await;
        }
        _ => {
            let scheduled = environment.functions.scheduled.iter();
            let job = scheduled.filter(|scheduled| scheduled.name == name).map(|found| &found.job);
            for job in job {
                job().await;
            }
        }
    }
}
