//! Lambda: how much at once, for how long, and what its mappings hand over.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    future::Future,
    rc::Rc,
    time::Duration,
};

use marquee_messaging::message::Message;
use simulation::{
    aws::{MappingKind, queue::Mapping},
    entropy::in_a_seeded_thread,
    mix::{Fault, Mix},
    setting::Setting,
    world::World,
};
use tokio::{task::spawn_local, time::sleep};

const QUEUE: &str = "queue_joined";
const SECOND: Duration = Duration::from_secs(1);

/// Does this in a world in which nobody comes, and only this goes wrong, each time.
fn in_a_world<T, F>(
    mapping: MappingKind,
    fault: Option<Fault>,
    work: impl FnOnce(Rc<World>) -> F + Send + 'static,
) -> T
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let mix = Mix(fault.map(|fault| (fault, 1.0)).into_iter().collect());
    let setting = Setting { mix, ..Setting::calm(1, mapping) };
    let done = in_a_seeded_thread(1, move || async move {
        let world = World::new(setting, true).await;
        world.faults.switch(true);
        work(world).await
    });
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// How many of so many invocations at once are not refused, and in how many environments.
async fn at_once(world: &World, count: usize) -> (usize, usize) {
    let numbers: Rc<RefCell<BTreeSet<usize>>> = Rc::default();
    let invocations = (0..count).map(|_| {
        let numbers = Rc::clone(&numbers);
        let invoked = world.lambda.invoke("some", 30 * SECOND, |environment| async move {
            numbers.borrow_mut().insert(environment.number);
            sleep(10 * SECOND).await;
        });
        async move { invoked.await.is_some() }
    });
    let done = futures_util::future::join_all(invocations).await;
    let environments = numbers.borrow().len();
    (done.into_iter().filter(|done| *done).count(), environments)
}

#[test]
fn of_a_function_twenty_invocations_are_at_work_at_once_each_in_an_environment_of_its_own() {
    let counts = in_a_world(MappingKind::Sqs, None, |world| async move {
        [at_once(&world, 20).await, at_once(&world, 21).await]
    });
    assert_eq!(counts, [(20, 20), (20, 20)]);
}

/// What a function did that takes 50 ms, and how long whoever called it waited.
fn invoked(fault: Option<Fault>, timeout: Duration, then: Duration) -> (bool, bool, Duration) {
    in_a_world(MappingKind::Sqs, fault, move |world| async move {
        let ended = Rc::new(Cell::new(false));
        let (end, began) = (Rc::clone(&ended), tokio::time::Instant::now());
        let invoked = world.lambda.invoke("some", timeout, |_| async move {
            for _ in 0..50 {
                sleep(Duration::from_millis(1)).await;
            }
            end.set(true);
        });
        let answered = invoked.await.is_some();
        let waited = began.elapsed();
        sleep(then).await;
        (answered, ended.get(), waited)
    })
}

#[test]
fn an_invocation_that_takes_too_long_is_ended() {
    let (answered, ended, waited) = invoked(None, Duration::from_millis(20), 700 * SECOND);
    assert_eq!((answered, ended, waited), (false, false, Duration::from_millis(20)));
    let (answered, ended, _) = invoked(None, SECOND, Duration::ZERO);
    assert_eq!((answered, ended), (true, true));
}

#[test]
fn what_was_killed_never_ends_and_what_was_frozen_goes_on_when_nobody_waits_any_more() {
    let (answered, ended, _) = invoked(Some(Fault::Killed), SECOND, 700 * SECOND);
    assert_eq!((answered, ended), (false, false));
    let (answered, ended, _) = invoked(Some(Fault::Frozen), SECOND, 700 * SECOND);
    assert_eq!((answered, ended), (false, true));
}

struct Polling {
    world: Rc<World>,
    busy: Rc<Cell<usize>>,
}

impl Polling {
    fn start(world: Rc<World>, window: Duration) -> Self {
        let busy = Rc::new(Cell::new(0));
        let mapping = Mapping {
            queue: QUEUE,
            kind: world.setting.mapping,
            window,
            broker: world.broker.memory.clone(),
            lambda: Rc::clone(&world.lambda),
            faults: world.faults.clone(),
            busy: Rc::clone(&busy),
        };
        spawn_local(mapping.run(4));
        Self { world, busy }
    }

    /// Its consumer dead-letters this, which takes some milliseconds.
    fn put(&self) {
        self.world.broker.memory.put(QUEUE, Message::default());
    }
}

#[test]
fn amazon_mq_hands_over_one_batch_at_a_time_and_sqs_several() {
    let most = |kind| {
        in_a_world(kind, None, |world| async move {
            let polling = Polling::start(world, Duration::ZERO);
            (0..200).for_each(|_| polling.put());
            let mut most = 0;
            for _ in 0..500 {
                sleep(Duration::from_millis(1)).await;
                most = most.max(polling.busy.get());
            }
            most
        })
    };
    assert_eq!(most(MappingKind::AmazonMq), 1);
    assert_eq!(most(MappingKind::Sqs), 4);
}

#[test]
fn a_message_whose_result_was_lost_comes_again_when_it_is_visible_again() {
    let came = in_a_world(MappingKind::Sqs, Some(Fault::ResultLost), |world| async move {
        let polling = Polling::start(world, Duration::ZERO);
        polling.put();
        let mut came = Vec::new();
        for seconds in [1, 28, 2] {
            sleep(seconds * SECOND).await;
            came.push(polling.world.journal.coverage().values().sum::<u64>());
        }
        came
    });
    assert_eq!(came, [1, 1, 2]);
}

#[test]
fn a_batch_waits_for_more_within_its_window() {
    let told = in_a_world(MappingKind::Sqs, None, |world| async move {
        let polling = Polling::start(world, SECOND);
        for pause in [0, 400, 5_000] {
            sleep(Duration::from_millis(pause)).await;
            polling.put();
        }
        sleep(5 * SECOND).await;
        let text = polling.world.journal.text();
        let told = text.iter().filter_map(|line| line.split_once(&format!("{QUEUE}: ")));
        let told = told.map(|(_, told)| told.to_owned());
        told.filter(|told| told.contains("done")).collect::<Vec<_>>()
    });
    assert_eq!(told, ["2 done, 0 not", "1 done, 0 not"]);
}
