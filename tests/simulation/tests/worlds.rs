//! New worlds at each run, those that once failed, and that a world follows from its seed.

use std::{collections::BTreeSet, io::Write, process::Command, time::Duration};

use clap::Parser;
use simulation::{
    command::{new_seed, tell, with_progress},
    many::Worlds,
    plan::{Cuts, Plan},
    run::run,
    scenes::SceneName,
};
use strum::IntoEnumIterator;

fn seconds() -> u64 {
    let seconds = std::env::var("SIMULATION_SECONDS").ok();
    seconds.map_or(150, |seconds| seconds.parse().expect("SIMULATION_SECONDS is a number"))
}

#[test]
fn new_worlds_hold() {
    let time = Some(Duration::from_secs(seconds()));
    let seed = new_seed();
    // Also if the test passes: what is printed is shown only otherwise.
    writeln!(std::io::stderr(), "seed: {seed}").expect("standard error");
    let sum = with_progress(&Worlds { seed, count: u64::MAX, time, cuts: Cuts::default() });
    tell(&sum, true);
    assert_eq!(sum.violations, 0, "of {} worlds from seed {seed}", sum.worlds);
}

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    world: simulation::command::Which,
}

#[test]
fn worlds_that_once_failed_hold() {
    let lines = include_str!("../regressions.txt").lines();
    let lines = lines.map(|line| line.split('#').next().unwrap_or_default().trim());
    for line in lines.filter(|line| !line.is_empty()) {
        let options = std::iter::once("world").chain(line.split_whitespace());
        let world = Line::parse_from(options).world;
        let plan = Plan::new(world.seed.expect("a seed"), &world.cuts());
        let outcome = run(&plan, false);
        assert!(outcome.violations.is_empty(), "{line}: {:?}", outcome.violations);
    }
}

/// What the program says of a world.
fn in_another_process(seed: &str) -> String {
    let program = env!("CARGO_BIN_EXE_simulation");
    let ran = Command::new(program).args(["--seed", seed, "--all"]).output().expect("a process");
    String::from_utf8(ran.stdout).expect("text")
}

#[test]
fn a_history_is_the_same_in_another_process_and_among_other_worlds() {
    for seed in 1..=5 {
        let here = run(&Plan::new(seed, &Cuts::default()), true);
        let there = in_another_process(&seed.to_string());
        let there: Vec<_> = there.lines().filter(|line| line.contains('.')).collect();
        for line in &here.text {
            assert!(there.contains(&line.as_str()), "seed {seed}: only here: {line}");
        }
        let digest = format!("digest: {:016x}", here.digest);
        assert!(in_another_process(&seed.to_string()).contains(&digest), "seed {seed}");
    }
}

#[test]
fn each_seed_has_a_history_of_its_own() {
    let digests: BTreeSet<_> =
        (1..=8).map(|seed| run(&Plan::new(seed, &Cuts::default()), false).digest).collect();
    assert_eq!(digests.len(), 8);
}

/// A simulation in which every request is refused is fast, and proves nothing.
#[test]
fn worlds_of_every_context_do_useful_work() {
    for scene in SceneName::iter() {
        let cuts = Cuts { scene: Some(scene), ..Cuts::default() };
        let sum = Worlds { seed: 1, count: 12, time: None, cuts }.run(|_| {});
        for work in scene.work() {
            assert!(sum.work.contains_key(work), "{scene}: no {work} in {:?}", sum.work);
        }
        assert!(!scene.work().is_empty(), "{scene}");
    }
}
