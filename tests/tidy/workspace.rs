//! The workspace as cargo sees it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("two folders down").to_owned()
}

pub(crate) fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All that the documentation says of settings: those that contexts share, and each context's own.
pub(crate) fn settings_documentation() -> String {
    let pages = marquee_contexts::CONTEXTS.iter();
    let pages = pages.map(|context| format!("docs/contexts/{}.md", context.name));
    let pages = std::iter::once("docs/configuration.md".to_owned()).chain(pages);
    pages.map(|page| read(&page)).collect::<Vec<_>>().join("\n")
}

pub(crate) fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(arguments)
        .arg("--locked")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn metadata() -> Value {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    serde_json::from_str(&metadata).expect("json")
}

/// The workspace's packages.
pub(crate) fn packages() -> Vec<Value> {
    metadata()["packages"].as_array().expect("packages").clone()
}

#[test]
fn cargo_run_runs_the_host() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    let defaults = metadata["workspace_default_members"].as_array().expect("members");
    let run = packages.filter(|package| defaults.contains(&package["id"]));
    let targets = run.flat_map(|package| package["targets"].as_array().expect("targets").clone());
    let programs = targets.filter(|target| target["kind"] == serde_json::json!(["bin"]));
    let programs: Vec<_> = programs.map(|target| target["name"].clone()).collect();
    assert_eq!(programs, ["marquee"], "of several programs, cargo runs none");
}

/// What a package needs to run, itself aside, with only the features that it asks for.
pub(crate) fn dependencies(package: &str) -> BTreeSet<String> {
    let tree = ["tree", "-p", package, "-e", "normal", "--prefix", "none", "-f", "{lib}"];
    let tree = cargo(&tree);
    let names = tree.lines().map(|line| line.trim_end_matches(" (*)").replace('_', "-"));
    names.filter(|name| !name.is_empty() && name != package).collect()
}

/// The Rust files of the workspace, by their path from its root.
pub(crate) fn rust_files() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                collect(&path, found);
            } else if name.ends_with(".rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root(), &mut found);
    found.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        (name, std::fs::read_to_string(&path).expect("text"))
    };
    found.into_iter().map(read).collect()
}
