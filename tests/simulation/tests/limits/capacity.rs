//! The throughput model, in a small session.

use simulation::{
    aws::dynamodb::rules::Direction,
    capacity::{Load, Size, model_of},
};

const SMALL: Size = Size { rows: 2, seats_per_row: 34, bookings: 17 };

/// By the budgets of `tests/faults`, a hold and a confirmation cost the block two units each, and marking its seats
/// as sold one; a hold that is refused costs it two. So of 1,000 units a second come 200 bookings, and 143 if each
/// of them has a refused hold beside it.
#[test]
fn the_key_of_the_session_gives_out_first() {
    for (refusals, units) in [(0, 5.0), (1, 7.0)] {
        let figures = model_of(SMALL, refusals);
        let Load { direction, of, key, units_per_booking, .. } = &figures.loads[0];
        assert_eq!((*direction, of.as_str()), (Direction::Write, "marquee-booking"));
        assert_eq!((key.as_str(), *units_per_booking), ("S#<session>", units));
        assert_eq!(figures.bookings_per_second(), 1_000.0 / units);
        let (free, taken) = figures.seat_map_units;
        assert!(free > 0.0 && taken >= free, "{free} {taken}");
    }
}
