//! What things were at which time: to tell whether an answer is one that was right when it was given.

use std::collections::BTreeMap;

use marquee_kernel::time::Timestamp;

/// The values that things have had, each from a moment on. A thing that is not there has none.
#[derive(Debug)]
pub(crate) struct Timeline<T>(BTreeMap<String, Vec<(Timestamp, Option<T>)>>);

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: PartialEq> Timeline<T> {
    pub(crate) fn set(&mut self, thing: &str, at: Timestamp, value: Option<T>) {
        self.0.entry(thing.to_owned()).or_default().push((at, value));
    }

    /// Whether the thing had a value like this at any moment between two, both included.
    pub(crate) fn had(
        &self,
        thing: &str,
        (from, until): (Timestamp, Timestamp),
        like: impl Fn(Option<&T>) -> bool,
    ) -> bool {
        let values = self.0.get(thing).map_or(&[][..], Vec::as_slice);
        let before = values.partition_point(|(at, _)| *at < from);
        let first = before.checked_sub(1).and_then(|last| values[last].1.as_ref());
        let then = values[before..].iter().take_while(|(at, _)| *at <= until);
        like(first) || then.map(|(_, value)| value.as_ref()).any(like)
    }

    /// Whether the thing had this value, or none, at any moment between two.
    pub(crate) fn was(
        &self,
        thing: &str,
        within: (Timestamp, Timestamp),
        value: Option<&T>,
    ) -> bool {
        self.had(thing, within, |had| had == value)
    }
}
