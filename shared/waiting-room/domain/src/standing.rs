//! How a room stands, as it is measured.

use marquee_kernel::time::Timestamp;

use crate::{outlook::Outlook, phase::Phase, room::Room, tally::Tally};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether somebody may wait who has a number: the lot is drawn, and visitors will be let in.
    pub has_line: bool,
    pub inside: u32,
    /// Visitors let in per minute lately; `None` if nobody was.
    pub per_minute: Option<u32>,
    /// Slots of the early lines, which come before the main line.
    early: u64,
    serving: u64,
}

impl Standing {
    pub fn new(room: &Room, tally: &Tally, now: Timestamp) -> Self {
        let goes_on = matches!(room.phase(tally, now), Phase::Open | Phase::Paused);
        let early = room.drawn.iter().flatten();
        Self {
            has_line: goes_on && room.drawn.is_some(),
            inside: tally.inside,
            per_minute: tally.rate(now),
            early: early.map(|slots| u64::from(*slots)).sum(),
            serving: tally.serving,
        }
    }

    /// Visitors behind the serving number, if the main line has so many slots: at most, for who has left
    /// counts until the line comes to their slot.
    pub fn waiting(&self, main_slots: u64) -> u64 {
        match self.has_line {
            true => (self.early + main_slots).saturating_sub(self.serving),
            false => 0,
        }
    }

    /// What the last of them would be told of the wait; `None` if nobody waits, or nobody knows.
    pub fn wait_seconds(&self, main_slots: u64) -> Option<u64> {
        let last = self.early + main_slots;
        let outlook = Outlook::new(last, self.serving, self.per_minute);
        outlook.wait_seconds.filter(|_| self.waiting(main_slots) > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::tests::{NOW, room};

    #[test]
    fn those_behind_the_serving_number_wait_and_the_last_of_them_longest() {
        let room = Room { drawn: Some(vec![30, 20]), ..room(1_000) };
        let tally = Tally { serving: 10, ..Tally::default() };
        let standing = Standing::new(&room, &tally, NOW);
        assert_eq!((standing.waiting(0), standing.waiting(100)), (40, 140));
        assert_eq!(standing.wait_seconds(100), None, "nobody has been let in");
        let tally = Tally { serving: 10, ..Tally::default().admit(10, &room, NOW) };
        let standing = Standing::new(&room, &tally, NOW);
        assert_eq!((standing.inside, standing.per_minute), (10, Some(60)));
        assert_eq!(standing.wait_seconds(100), Some(139));
        let tally = Tally { serving: 150, ..tally };
        let standing = Standing::new(&room, &tally, NOW);
        assert_eq!((standing.waiting(100), standing.wait_seconds(100)), (0, None));
        assert_eq!(standing.waiting(40), 0, "the line was longer than it is known to be");
    }

    #[test]
    fn before_the_drawing_and_after_the_sale_there_is_no_line() {
        let open = room(10);
        let tally = Tally::default();
        let has_line = |room: &Room, tally| {
            let standing = Standing::new(room, tally, NOW);
            assert_eq!(standing.has_line, standing.waiting(5) == 5);
            standing.has_line
        };
        assert!(has_line(&open, &tally));
        let mut paused = open.clone();
        paused.settings.paused = true;
        assert!(has_line(&paused, &tally));
        assert!(!has_line(&Room { drawn: None, ..paused }, &tally));
        let mut off = open.clone();
        off.settings.enabled = false;
        assert!(!has_line(&off, &tally));
        assert!(!has_line(&open, &Tally { sold: 10, ..tally }));
    }
}
