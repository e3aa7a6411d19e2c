//! The list of guards fits the code: see `docs/mutants.md`.

use std::process::Command;

use crate::workspace::root;

#[test]
fn every_guard_stands_where_its_list_says() {
    let check = Command::new("python3")
        .current_dir(root())
        .args(["tests/mutants/run", "--check"])
        .output()
        .expect("python3 runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}
