//! What goes wrong in a world, and how often: each world has a mix of its own, and some have none.

use std::collections::{BTreeMap, BTreeSet};

use strum::{Display, EnumIter, EnumString, IntoEnumIterator};

use crate::chance::Chance;

/// What can go wrong. Its name is what `--without` takes.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumIter, EnumString,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Fault {
    /// A request to DynamoDB never arrives.
    RequestLost,
    /// DynamoDB does it, and its answer never arrives.
    AnswerLost,
    /// DynamoDB is slow: up to some seconds for a request.
    Slow,
    /// DynamoDB refuses for its load.
    Throttled,
    /// Writes that overlap in time refuse each other, as transactions do on AWS.
    Conflict,
    /// Reads that may lag behind do, and so do indexes.
    StaleRead,
    /// A call of a client never arrives at the gateway.
    CallLost,
    /// A client never hears what became of its call.
    CallUnanswered,
    /// A function is killed at one of its awaits.
    Killed,
    /// A function's environment is frozen at one of its awaits, and thawed later.
    Frozen,
    /// A function is started and ends, and whoever started it takes it for failed.
    ResultLost,
    /// The broker does not get a message.
    PublishLost,
    /// The broker has a message, and nobody knows.
    ConfirmLost,
    /// The broker is away for a while.
    Outage,
    /// A message is delivered twice.
    Duplicate,
    /// A message is delivered after others that came later.
    Delayed,
    /// The stream loses a record.
    RecordLost,
    /// The stream's reader comes late.
    StreamLate,
    /// A schedule fires up to a minute late.
    ScheduleLate,
    /// A schedule fires twice at once.
    ScheduleTwice,
    /// The machines' clocks are up to five minutes off.
    Skew,
    /// The payment provider does not get a call.
    ProviderLost,
    /// The payment provider does as told, and nobody hears of it.
    ProviderUnanswered,
    /// The payment provider declines.
    Declined,
    /// A table takes no more than a new one does, a partition no more than AWS lets it, with no burst.
    Cold,
}

impl Fault {
    /// How often it strikes at most, where it can.
    fn rate_max(self) -> f64 {
        match self {
            Self::RequestLost | Self::AnswerLost | Self::Slow => 0.10,
            Self::Throttled => 0.25,
            Self::Conflict | Self::StaleRead | Self::Cold | Self::Skew => 1.0,
            Self::CallLost | Self::CallUnanswered => 0.20,
            Self::Killed | Self::Frozen | Self::ResultLost => 0.15,
            Self::PublishLost | Self::ConfirmLost => 0.25,
            Self::Outage => 0.05,
            Self::Duplicate | Self::Delayed => 0.50,
            Self::RecordLost => 0.25,
            Self::StreamLate | Self::ScheduleLate | Self::ScheduleTwice => 0.50,
            Self::ProviderLost | Self::ProviderUnanswered | Self::Declined => 0.25,
        }
    }
}

/// The rate of each fault that a world has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mix(pub BTreeMap<Fault, f64>);

impl Mix {
    /// One world in ten has no faults; the others have each fault with a chance of their own.
    pub fn draw(chance: &Chance, without: &BTreeSet<Fault>) -> Self {
        let (calm, share) = (chance.happens(0.1), chance.between(0.1, 0.8));
        let draw = |fault: Fault| {
            let (has, rate) = (chance.happens(share), chance.between(0.05, 1.0) * fault.rate_max());
            (has && !calm && !without.contains(&fault)).then_some((fault, rate))
        };
        Self(Fault::iter().filter_map(draw).collect())
    }

    pub fn rate(&self, fault: Fault) -> f64 {
        self.0.get(&fault).copied().unwrap_or_default()
    }

    pub fn has(&self, fault: Fault) -> bool {
        self.0.contains_key(&fault)
    }
}
