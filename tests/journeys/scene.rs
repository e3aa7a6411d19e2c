//! What the user-flow document works with.

use marquee_host::contexts::booking::demo;
use uuid::Uuid;

/// The identifiers that the user-flow document works with.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) user: Uuid,
    pub(crate) session: String,
    pub(crate) hall: String,
    pub(crate) price_tier: String,
    pub(crate) seat_4: String,
    pub(crate) hall_seat_4: String,
    pub(crate) seat_5: String,
}

impl Scene {
    pub(crate) fn demo() -> Self {
        Self {
            user: demo::USER.parse().expect("a uuid"),
            session: demo::SESSION.into(),
            hall: demo::HALL.into(),
            price_tier: demo::PRICE_TIER.into(),
            seat_4: demo::SEAT_4.into(),
            hall_seat_4: "09832325-0860-4429-9c9d-5e5325da7af1".into(),
            seat_5: demo::SEAT_5.into(),
        }
    }
}
