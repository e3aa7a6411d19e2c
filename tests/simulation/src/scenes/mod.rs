//! Scenes: for each context, who comes and what they do, and what must hold whatever happens.

pub mod booking;
pub mod members;
pub mod ordering;
pub mod shop;
pub mod waiting_room;

use std::{rc::Rc, time::Duration};

use async_trait::async_trait;
use strum::{Display, EnumIter, EnumString, IntoEnumIterator};

use crate::{chance::Chance, mix::Fault, world::World};

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A scene in one world.
#[async_trait(?Send)]
pub trait Scene {
    /// Sets it up, with no faults, and adds what watches each change.
    ///
    /// # Errors
    /// If something cannot be set up.
    async fn open(&self, world: &Rc<World>) -> Result<(), String>;

    /// All that one client does.
    async fn client(&self, world: &Rc<World>, number: usize);

    /// Once faults have stopped and nothing is on its way.
    ///
    /// # Errors
    /// What is wrong, with the identifiers of the things concerned.
    async fn at_rest(&self, world: &Rc<World>) -> Result<(), String>;

    /// How long after the last hold, and after the last fault, everything is done that schedules do.
    fn settles_within(&self) -> Duration {
        5 * MINUTE
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumIter, EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum SceneName {
    Booking,
    Ordering,
    Members,
    Shop,
    WaitingRoom,
}

impl SceneName {
    pub fn draw(chance: &Chance) -> Self {
        let all: Vec<_> = Self::iter().collect();
        *chance.one_of(&all)
    }

    pub fn make(self) -> Box<dyn Scene> {
        match self {
            Self::Booking => Box::new(booking::Booking::default()),
            Self::Ordering => Box::new(ordering::Ordering::default()),
            Self::Members => Box::new(members::Members::default()),
            Self::Shop => Box::new(shop::Shop::default()),
            Self::WaitingRoom => Box::new(waiting_room::WaitingRoom::default()),
        }
    }

    /// What runs on a schedule, and how often. Faster than on AWS where a run there goes on for most of
    /// its minute.
    pub fn schedules(self) -> &'static [(&'static str, Duration)] {
        match self {
            Self::Booking => booking::SCHEDULES,
            Self::Ordering => ordering::SCHEDULES,
            Self::Members => members::SCHEDULES,
            Self::Shop => shop::SCHEDULES,
            Self::WaitingRoom => waiting_room::SCHEDULES,
        }
    }

    /// What is done in worlds like these, as the journal counts it.
    pub fn work(self) -> &'static [&'static str] {
        match self {
            Self::Booking => booking::WORK,
            Self::Ordering => ordering::WORK,
            Self::Members => members::WORK,
            Self::Shop => shop::WORK,
            Self::WaitingRoom => waiting_room::WORK,
        }
    }

    /// Whether the context promises to get over such a fault.
    pub fn survives(self, fault: Fault) -> bool {
        match self {
            Self::Booking => true,
            Self::Ordering => ordering::survives(fault),
            Self::Members => members::survives(fault),
            Self::Shop => shop::survives(fault),
            Self::WaitingRoom => waiting_room::survives(fault),
        }
    }

    /// Whether a dead letter is one that had to be.
    pub fn explains(self, text: &str, reason: &str) -> bool {
        match self {
            Self::Booking => false,
            Self::Ordering => ordering::explains(text, reason),
            Self::Members => members::explains(text, reason),
            Self::Shop => shop::explains(text, reason),
            Self::WaitingRoom => waiting_room::explains(text, reason),
        }
    }
}
