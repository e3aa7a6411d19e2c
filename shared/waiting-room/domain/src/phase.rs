//! What a room is doing.

use marquee_kernel::time::Timestamp;
use strum::{Display, IntoStaticStr, VariantNames};

use crate::{
    room::{Room, Settings},
    tally::Tally,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum Phase {
    /// There is no line: everybody gets a pass.
    Off,
    /// Visitors gather; their order is drawn when it opens.
    Gathering,
    Open,
    /// Open, and nobody is let in for now.
    Paused,
    /// All seats are sold.
    SoldOut,
    /// Sales are over.
    Closed,
}

impl Phase {
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nobody will be let in any more.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::SoldOut | Self::Closed)
    }
}

impl Room {
    pub fn phase(&self, tally: &Tally, now: Timestamp) -> Phase {
        match &self.settings {
            _ if self.sales_end <= now => Phase::Closed,
            _ if tally.seats_left(self) == 0 => Phase::SoldOut,
            Settings { enabled: false, .. } => Phase::Off,
            Settings { opens_at, .. } if now < *opens_at => Phase::Gathering,
            Settings { paused: true, .. } => Phase::Paused,
            // Until the lot is drawn, nobody has a number.
            _ if self.drawn.is_none() => Phase::Gathering,
            _ => Phase::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::tests::{NOW, room};

    #[test]
    fn a_room_is_open_from_the_draw_until_all_is_sold_or_sales_are_over() {
        let tally = Tally::default();
        let open = room(10);
        let before = Timestamp::from_millis(NOW.millis() - 1);
        assert_eq!(open.phase(&tally, before), Phase::Gathering);
        assert_eq!(open.phase(&tally, NOW), Phase::Open);
        assert_eq!(Room { drawn: None, ..open.clone() }.phase(&tally, NOW), Phase::Gathering);
        assert_eq!(open.phase(&Tally { sold: 10, ..tally }, NOW), Phase::SoldOut);
        assert_eq!(open.phase(&tally, open.sales_end), Phase::Closed);
        let mut paused = open.clone();
        paused.settings.paused = true;
        assert_eq!(paused.phase(&tally, NOW), Phase::Paused);
        paused.settings.enabled = false;
        assert_eq!(paused.phase(&tally, NOW), Phase::Off);
    }
}
