//! Instants and durations in whole milliseconds.
//!
//! A hold lives while `now < until`; at `now == until` it has ended. Every comparison in the
//! project, those in storage conditions included, follows this one rule.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Parses an RFC 3339 date and time; a date and time with no offset is taken as UTC.
    pub fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339)
            .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
            .ok()
            .and_then(|at| i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok())
            .map(Self)
            .filter(|at| at.format().is_some())
    }

    /// `None` outside of the years 0 to 9999, which RFC 3339 cannot write.
    fn format(self) -> Option<String> {
        let at = OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000)).ok()?;
        at.format(&Rfc3339).ok()
    }

    /// RFC 3339 in UTC with all there is, for other programs: `2025-11-15T18:10:00.250Z`.
    pub fn to_rfc3339_millis(self) -> String {
        let whole = self.to_string();
        format!("{}.{:03}Z", whole.trim_end_matches('Z'), self.0.rem_euclid(1000))
    }

    /// Time left until `self`, in seconds, rounded up; zero once it has passed.
    pub fn seconds_from(self, now: Self) -> i64 {
        (self.0 - now.0).max(0).saturating_add(999) / 1000
    }
}

/// RFC 3339 in UTC, to the second: `2025-11-15T18:10:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format() {
            Some(at) => f.write_str(&at),
            None => write!(f, "{} ms", self.0),
        }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// Where "now" comes from, so that a test can say what time it is.
pub trait Clock: fmt::Debug + Send + Sync {
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_parses_as_rfc_3339() {
        let at = Timestamp::parse("2025-11-15T18:10:00Z").expect("a date");
        assert_eq!(at.to_string(), "2025-11-15T18:10:00Z");
        assert_eq!(Timestamp::parse("2025-11-15T18:10:00"), Some(at), "no offset means UTC");
        assert_eq!(Timestamp::parse("2025-11-15T19:10:00+01:00"), Some(at));
        assert_eq!(Timestamp::parse("tomorrow"), None);
        assert_eq!(Timestamp::parse("9999-12-31T23:59:59-01:00"), None, "year 10000 in UTC");
        assert_eq!(Timestamp::parse("0000-01-01T00:00:00+01:00"), None, "year -1 in UTC");
        let precise = at + Duration::from_millis(25);
        assert_eq!(precise.to_rfc3339_millis(), "2025-11-15T18:10:00.025Z");
        assert_eq!(Timestamp::parse(&precise.to_rfc3339_millis()), Some(precise));
    }

    #[test]
    fn remaining_seconds_round_up_and_stop_at_zero() {
        let until = Timestamp::from_millis(600_000);
        assert_eq!(until.seconds_from(Timestamp::from_millis(0)), 600);
        assert_eq!(until.seconds_from(Timestamp::from_millis(599_001)), 1);
        assert_eq!(until.seconds_from(Timestamp::from_millis(600_000)), 0);
        assert_eq!(until.seconds_from(Timestamp::from_millis(900_000)), 0);
    }
}
