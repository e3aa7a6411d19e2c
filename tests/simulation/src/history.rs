//! The part of a history that somebody reads who looks for a cause.

use std::collections::BTreeSet;

use base64::{Engine, prelude::BASE64_STANDARD};
use uuid::Uuid;

use crate::run::Outcome;

/// Identifiers look like this: `8-4-4-4-12` hexadecimal digits.
const UUID_LEN: usize = 36;
/// Longer lines are cut.
const LINE_LEN_MAX: usize = 600;

/// The lines about the things that the violations name.
pub fn concerning(outcome: &Outcome) -> Vec<String> {
    let things: BTreeSet<String> =
        outcome.violations.iter().flat_map(|violation| identifiers(violation)).collect();
    let mut lines = outcome.text.iter();
    let about = |line: &&String| {
        things.is_empty() || things.iter().any(|thing| line.contains(thing.as_str()))
    };
    let lines = lines.by_ref().filter(about);
    lines.map(|line| line.chars().take(LINE_LEN_MAX).collect()).collect()
}

fn identifiers(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    let ids = words.filter(|word| word.len() == UUID_LEN);
    // DynamoDB has most of them as bytes.
    let bytes = |id: &str| Some(BASE64_STANDARD.encode(Uuid::parse_str(id).ok()?));
    ids.flat_map(|id| [Some(id.to_owned()), bytes(id)]).flatten().collect()
}
