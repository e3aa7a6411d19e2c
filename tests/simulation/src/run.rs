//! Runs a world, and makes one that fails smaller.

use std::{collections::BTreeMap, sync::Once};

use strum::IntoEnumIterator;

use crate::{
    entropy::in_a_seeded_thread,
    mix::Fault,
    plan::{Cuts, Plan},
    play::play,
    scenes::SceneName,
    world::World,
};

/// What became of a world.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub plan: Plan,
    pub violations: Vec<String>,
    /// Of its whole history.
    pub digest: u64,
    /// Lines of its history.
    pub lines: usize,
    /// The history itself, if it was asked for.
    pub text: Vec<String>,
    pub coverage: BTreeMap<(Fault, String), u64>,
    pub work: BTreeMap<&'static str, u64>,
}

/// What a process works out only once, it works out in worlds that nobody looks at: the first world that
/// somebody looks at would otherwise be another one than the same world later on.
fn warm_up() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        for scene in SceneName::iter() {
            let cuts =
                Cuts { scene: Some(scene), clients: Some(3), seconds: Some(60), ..Cuts::default() };
            let plan = Plan::new(0, &cuts);
            let _ = in_a_seeded_thread(0, move || run_here(plan, false));
        }
    });
}

/// Runs a world.
pub fn run(plan: &Plan, keeps_text: bool) -> Outcome {
    warm_up();
    let planned = plan.clone();
    let world = in_a_seeded_thread(plan.setting.seed, move || run_here(planned, keeps_text));
    world.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let violations = vec![format!("panicked: {}", text.unwrap_or_default())];
        Outcome {
            plan: plan.clone(),
            violations,
            digest: 0,
            lines: 0,
            text: Vec::new(),
            coverage: BTreeMap::new(),
            work: BTreeMap::new(),
        }
    })
}

async fn run_here(plan: Plan, keeps_text: bool) -> Outcome {
    let world = World::new(plan.setting.clone(), keeps_text).await;
    play(plan.scene, &world).await;
    let journal = &world.journal;
    Outcome {
        plan,
        violations: world.watch.violations(),
        digest: journal.digest(),
        lines: journal.lines(),
        text: journal.text(),
        coverage: journal.coverage(),
        work: journal.work(),
    }
}

/// The smallest world that is found to fail, with so many more worlds at most: fewer faults, fewer
/// clients, a shorter time.
pub fn shrink(outcome: Outcome, mut tries: usize) -> Outcome {
    let mut smallest = outcome;
    loop {
        let plan = &smallest.plan;
        let faults: Vec<_> = plan.setting.mix.0.keys().copied().collect();
        let seconds = plan.setting.lasts.as_secs();
        let smaller = (faults.len() > 1)
            .then(|| plan.cut(|cuts| cuts.without.extend(faults.iter().copied())))
            .into_iter()
            .chain(halves(&faults).map(|half| plan.cut(|cuts| cuts.without.extend(half))))
            .chain(faults.iter().map(|fault| plan.cut(|cuts| _ = cuts.without.insert(*fault))))
            .chain(
                (plan.setting.clients > 1)
                    .then(|| plan.cut(|cuts| cuts.clients = Some(plan.setting.clients / 2))),
            )
            .chain(
                (plan.setting.clients > 1)
                    .then(|| plan.cut(|cuts| cuts.clients = Some(plan.setting.clients - 1))),
            )
            .chain((seconds > 30).then(|| plan.cut(|cuts| cuts.seconds = Some(seconds / 2))));
        let mut found = None;
        for plan in smaller {
            if tries == 0 {
                break;
            }
            tries -= 1;
            let outcome = run(&plan, false);
            if !outcome.violations.is_empty() {
                found = Some(outcome);
                break;
            }
        }
        match found {
            Some(smaller) => smallest = smaller,
            None => return smallest,
        }
    }
}

fn halves(faults: &[Fault]) -> impl Iterator<Item = Vec<Fault>> {
    let (first, second) = faults.split_at(faults.len() / 2);
    let worth_it = faults.len() > 2;
    [first.to_vec(), second.to_vec()].into_iter().filter(move |_| worth_it)
}
