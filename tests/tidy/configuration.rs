//! Every setting that the code reads is documented, and no other.

use std::collections::BTreeSet;

use crate::workspace::{rust_files, settings_documentation};

/// The names of settings in a text: in quotes in code, in backticks in the documentation.
fn names(text: &str, before: &[&str], end: char) -> BTreeSet<String> {
    let found = before.iter().flat_map(|opening| text.split(opening).skip(1));
    let name = |rest: &str| rest.trim_start().split(end).next().unwrap_or_default().to_owned();
    let is_setting = |name: &String| {
        let shape = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        name.contains('_') && name.chars().all(shape)
    };
    found.map(name).filter(is_setting).collect()
}

#[test]
fn the_documentation_lists_what_the_code_reads() {
    let mut read_by_code = BTreeSet::new();
    for (file, text) in rust_files() {
        let reads = ["functions/", "localstack/", "shared/lambda/src/", "shared/booking/src/"];
        if reads.iter().any(|folder| file.starts_with(folder)) {
            let calls = [
                "required(\"",
                "optional(\"",
                "number_or(\"",
                "parsed_or(\"",
                "seconds_or(\"",
                "name=\"",
            ];
            // However the call is laid out.
            let text: String = text.split_whitespace().collect();
            read_by_code.extend(names(&text, &calls, '"'));
        }
    }
    assert!(read_by_code.contains("HOLD_SECONDS"), "the search itself works");
    let documented = names(&settings_documentation(), &["\n| `"], '`');
    assert_eq!(
        documented, read_by_code,
        "docs/configuration.md and docs/contexts against the code"
    );
}
