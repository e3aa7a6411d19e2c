//! Files that stay small enough to read.

use crate::workspace::{read, rust_files};

const LINES_MAX: usize = 400;
const MEDIAN_MAX: usize = 130;

#[test]
fn no_file_is_long_and_half_of_them_are_short() {
    let mut lengths: Vec<_> = rust_files().iter().map(|(_, text)| text.lines().count()).collect();
    for (file, text) in rust_files() {
        let lines = text.lines().count();
        assert!(lines <= LINES_MAX, "{file} has {lines} lines: is it one thing?");
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN_MAX, "the median file has {median} lines");
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    for (file, text) in rust_files() {
        let is_main = file.starts_with("functions/") && file.ends_with("main.rs");
        let is_tests = file.ends_with("/tests.rs");
        assert!(
            is_main || is_tests || text.starts_with("//!"),
            "{file} has no opening doc comment"
        );
    }
}

#[test]
fn the_two_commands_stand_at_the_top_of_the_readme() {
    let readme = read("README.md");
    let top: Vec<_> = readme.lines().take(40).collect();
    for command in ["cargo run", "make test"] {
        assert!(top.iter().any(|line| line.contains(command)), "{command}");
    }
}
