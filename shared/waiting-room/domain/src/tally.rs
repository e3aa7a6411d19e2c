//! How many were let in, and how many more may be.

use std::time::Duration;

use marquee_kernel::time::Timestamp;

use crate::room::Room;

/// What a room has counted. Whoever is let in counts as inside from before they know it until after their
/// place is over: so there are never more inside than it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All up to this number have been let in or passed over.
    pub serving: u64,
    pub inside: u32,
    /// Seats.
    pub sold: u32,
    /// Since the opening, in all.
    pub admitted: u64,
    pub pace: Pace,
}

/// How fast visitors are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Nobody more may be let in before this, as the rate says.
    pub used_up_to: Timestamp,
    /// Since when visitors are counted, and how many had been let in by then.
    pub since: Timestamp,
    pub before: u64,
    /// As it was counted last.
    pub per_minute: Option<u32>,
}

impl Default for Pace {
    fn default() -> Self {
        let start = Timestamp::from_millis(0);
        Self { used_up_to: start, since: start, before: 0, per_minute: None }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
/// A room that was not looked at for a while makes up for this much of it: a run of the schedule may be as
/// late as that.
const CATCH_UP: Duration = Duration::from_secs(15);

/// The time that a rate gives each visitor.
fn interval(rate_per_minute: u32, visitors: u32) -> Duration {
    MINUTE * visitors / rate_per_minute.max(1)
}

impl Tally {
    /// How many may be let in now: as many as there is room for inside, as the seats that are left can
    /// serve, and as the rate allows.
    pub fn places(&self, room: &Room, now: Timestamp) -> u32 {
        let settings = &room.settings;
        let servable = self.seats_left(room).div_ceil(settings.seats_per_visitor.into());
        let places = settings.capacity.min(servable).saturating_sub(self.inside);
        match settings.rate_per_minute {
            None => places,
            Some(0) => 0,
            Some(rate) => {
                let used = self.pace_used(rate, now);
                let time = u64::try_from(now.millis() - used.millis()).unwrap_or_default();
                let paced = time * u64::from(rate) / 60_000;
                places.min(u32::try_from(paced).unwrap_or(u32::MAX))
            }
        }
    }

    /// Seats that nobody has bought.
    pub fn seats_left(&self, room: &Room) -> u32 {
        room.seats.saturating_sub(self.sold)
    }

    fn pace_used(&self, rate: u32, now: Timestamp) -> Timestamp {
        // At least one visitor's time, or a slow rate would let in nobody.
        self.pace.used_up_to.max(now - CATCH_UP.max(interval(rate, 1)))
    }

    /// As it is when so many more are let in.
    #[must_use]
    pub fn admit(&self, visitors: u32, room: &Room, now: Timestamp) -> Self {
        let mut next = *self;
        next.inside += visitors;
        next.admitted += u64::from(visitors);
        if let Some(rate) = room.settings.rate_per_minute {
            next.pace.used_up_to = self.pace_used(rate, now) + interval(rate, visitors);
        }
        if self.pace.since.millis() == 0 {
            next.pace.since = now;
        } else if self.pace.since + MINUTE <= now {
            next.pace.per_minute = self.counted_per_minute(now);
            next.pace.since = now;
            next.pace.before = self.admitted;
        }
        next
    }

    /// As it is when some of those who were to be let in did not wait any more.
    #[must_use]
    pub fn give_back(&self, visitors: u32, room: &Room) -> Self {
        let mut next = *self;
        next.inside = self.inside.saturating_sub(visitors);
        next.admitted = self.admitted.saturating_sub(visitors.into());
        if let Some(rate) = room.settings.rate_per_minute {
            next.pace.used_up_to = self.pace.used_up_to - interval(rate, visitors);
        }
        next
    }

    /// Visitors a minute, as they were let in lately; `None` if nobody was.
    pub fn rate(&self, now: Timestamp) -> Option<u32> {
        match self.pace.per_minute {
            Some(counted) if now < self.pace.since + MINUTE => Some(counted),
            _ => self.counted_per_minute(now),
        }
    }

    fn counted_per_minute(&self, now: Timestamp) -> Option<u32> {
        if self.pace.since.millis() == 0 {
            return None;
        }
        let millis = u64::try_from(now.millis() - self.pace.since.millis()).unwrap_or_default();
        let counted = (self.admitted - self.pace.before) * 60_000 / millis.max(10_000);
        u32::try_from(counted).ok().filter(|counted| *counted > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::tests::{NOW, room};

    #[test]
    fn as_many_are_let_in_as_there_is_room_for_and_seats_are_left() {
        let mut room = room(500);
        room.settings.capacity = 100;
        room.settings.seats_per_visitor = 1;
        let tally = Tally::default();
        assert_eq!(tally.places(&room, NOW), 100);
        assert_eq!(Tally { inside: 90, ..tally }.places(&room, NOW), 10);
        assert_eq!(
            Tally { inside: 120, ..tally }.places(&room, NOW),
            0,
            "the capacity was lowered"
        );
        assert_eq!(Tally { sold: 480, ..tally }.places(&room, NOW), 20);
        assert_eq!(Tally { sold: 480, inside: 15, ..tally }.places(&room, NOW), 5);
        assert_eq!(Tally { sold: 500, ..tally }.places(&room, NOW), 0);
        room.settings.seats_per_visitor = 4;
        assert_eq!(Tally { sold: 490, ..tally }.places(&room, NOW), 3, "4, 4 and 2 seats");
    }

    #[test]
    fn a_rate_is_kept_and_time_without_visitors_is_not_saved_up() {
        let mut room = room(10_000);
        room.settings.capacity = 10_000;
        room.settings.rate_per_minute = Some(600);
        let tally = Tally::default();
        assert_eq!(tally.places(&room, NOW), 150, "a quarter of a minute");
        let tally = tally.admit(150, &room, NOW);
        assert_eq!(tally.places(&room, NOW), 0);
        assert_eq!(tally.give_back(30, &room).places(&room, NOW), 30);
        assert_eq!(tally.places(&room, NOW + Duration::from_secs(1)), 10);
        assert_eq!(tally.places(&room, NOW + Duration::from_secs(3600)), 150);
        room.settings.rate_per_minute = Some(2);
        let slow = Tally::default();
        assert_eq!(slow.places(&room, NOW), 1);
        let slow = slow.admit(1, &room, NOW);
        assert_eq!(slow.places(&room, NOW + Duration::from_secs(29)), 0);
        assert_eq!(slow.places(&room, NOW + Duration::from_secs(30)), 1);
        room.settings.rate_per_minute = Some(0);
        assert_eq!(Tally::default().places(&room, NOW), 0);
    }

    #[test]
    fn the_rate_is_what_was_counted_lately() {
        let room = room(10_000);
        let tally = Tally::default().admit(50, &room, NOW);
        assert_eq!(tally.rate(NOW + Duration::from_secs(30)), Some(100));
        let later = NOW + Duration::from_secs(60);
        let tally = tally.admit(5, &room, later);
        assert_eq!(tally.rate(later), Some(50), "of the minute before");
        assert_eq!(tally.rate(later + 2 * MINUTE), Some(2), "it has come to a stop");
        assert_eq!(Tally::default().rate(NOW), None);
    }
}
