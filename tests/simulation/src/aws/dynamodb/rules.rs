//! How much DynamoDB takes in a second. What AWS documents, and what a world may have instead.

use std::time::Duration;

/// Read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Read,
    Write,
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Write => "Write",
        }
    }
}

/// Units a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub read: f64,
    pub write: f64,
}

impl Rate {
    pub fn of(self, direction: Direction) -> f64 {
        match direction {
            Direction::Read => self.read,
            Direction::Write => self.write,
        }
    }

    fn times(self, share: f64) -> Self {
        Self { read: self.read * share, write: self.write * share }
    }
}

/// How much is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Of one partition key value, of a table or of an index.
    pub key: Rate,
    /// Of a table or an index that is new; it then grows to twice its peak.
    pub new_table: Rate,
    /// Of any one table or index, by the account's quota.
    pub quota: Rate,
    /// For how long what a partition key value did not use is kept for it. A second's worth always is.
    pub burst: Duration,
}

impl Rules {
    /// "Best practices for designing and using partition keys effectively": each partition takes 3,000 read
    /// units and 1,000 write units a second.
    pub const KEY: Rate = Rate { read: 3_000.0, write: 1_000.0 };
    /// "DynamoDB on-demand capacity mode", initial throughput: 12,000 reads and 4,000 writes a second.
    pub const NEW_TABLE: Rate = Rate { read: 12_000.0, write: 4_000.0 };
    /// "Quotas in Amazon DynamoDB", throughput default quotas: 40,000 read units and 40,000 write units for each
    /// table.
    pub const QUOTA: Rate = Rate { read: 40_000.0, write: 40_000.0 };
    /// "DynamoDB burst and adaptive capacity": up to 5 minutes of unused capacity.
    pub const BURST: Duration = Duration::from_secs(300);

    /// A table that has been warmed up to the account's quota, with burst capacity.
    pub fn warm() -> Self {
        Self { key: Self::KEY, new_table: Self::QUOTA, quota: Self::QUOTA, burst: Self::BURST }
    }

    /// A new table, and no burst: all that is promised.
    pub fn cold() -> Self {
        Self { new_table: Self::NEW_TABLE, burst: Duration::ZERO, ..Self::warm() }
    }

    /// For a world whose crowd is such a share of a real one.
    #[must_use]
    pub fn scaled(self, share: f64) -> Self {
        Self {
            key: self.key.times(share),
            new_table: self.new_table.times(share),
            quota: self.quota.times(share),
            burst: self.burst,
        }
    }
}
