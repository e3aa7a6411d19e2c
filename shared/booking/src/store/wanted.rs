//! The seats that somebody asks for, found and priced.

use std::{collections::HashSet, sync::Arc};

use marquee_booking_domain::{
    ids::{PriceTierId, SessionId, SessionSeatId},
    reservation::ReservedSeat,
    reservation_ref::TICKETS_PER_RESERVATION_MAX,
    venue::Session,
};
use marquee_dynamo::error::StoreError;
use marquee_kernel::money::Multiplier;

use super::{BookingStore, catalog::LocatedSeat};

/// A seat that is asked for. What is named besides is checked against it.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub seat: SessionSeatId,
    pub row_number: Option<String>,
    pub seat_number: Option<String>,
    /// The base price if missing.
    pub price_tier: Option<PriceTierId>,
}

impl Wanted {
    pub fn new(seat: SessionSeatId) -> Self {
        Self { seat, row_number: None, seat_number: None, price_tier: None }
    }
}

/// Why such seats cannot be reserved, whoever has them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReservable {
    #[error("there is no such session")]
    NoSession,
    #[error("must name 1 to {TICKETS_PER_RESERVATION_MAX} seats")]
    Count,
    #[error("{detail}")]
    Seat { index: usize, field: &'static str, detail: String },
}

impl NotReservable {
    fn seat(index: usize, field: &'static str, detail: impl Into<String>) -> Self {
        Self::Seat { index, field, detail: detail.into() }
    }
}

impl BookingStore {
    /// One read for all that is not remembered; mostly none.
    pub async fn price(
        &self,
        session: SessionId,
        wanted: &[Wanted],
    ) -> Result<Result<(Arc<Session>, Vec<ReservedSeat>), NotReservable>, StoreError> {
        if !(1..=TICKETS_PER_RESERVATION_MAX).contains(&wanted.len()) {
            return Ok(Err(NotReservable::Count));
        }
        let mut seen = HashSet::new();
        if let Some(index) = wanted.iter().position(|wanted| !seen.insert(wanted.seat)) {
            return Ok(Err(NotReservable::seat(index, "session_seat_id", "is named twice")));
        }
        let ids: Vec<_> = wanted.iter().map(|wanted| wanted.seat).collect();
        let tiers = wanted.iter().filter_map(|wanted| wanted.price_tier);
        self.load(session, tiers, ids.iter().copied()).await?;
        let Some(found) = self.session(session).await? else {
            return Ok(Err(NotReservable::NoSession));
        };
        let located = match self.locate(session, &ids).await? {
            Ok(located) => located,
            Err(unknown) => {
                let index = ids.iter().position(|id| unknown.contains(id)).unwrap_or(0);
                let detail = "is not a seat of this session";
                return Ok(Err(NotReservable::seat(index, "session_seat_id", detail)));
            }
        };
        let seats = wanted.iter().zip(&located).enumerate();
        let seats = seats.map(|(index, (wanted, at))| self.priced(&found, index, wanted, at));
        Ok(seats.collect::<Result<_, _>>().map(|seats| (found, seats)))
    }

    fn priced(
        &self,
        session: &Session,
        index: usize,
        wanted: &Wanted,
        located: &LocatedSeat,
    ) -> Result<ReservedSeat, NotReservable> {
        let labels = [
            ("row_number", &wanted.row_number, located.row_number()),
            ("seat_number", &wanted.seat_number, located.seat_number()),
        ];
        for (field, given, actual) in labels {
            if given.as_ref().is_some_and(|given| given != actual) {
                let detail = format!("the seat's is {actual}");
                return Err(NotReservable::seat(index, field, detail));
            }
        }
        let tier = "price_tier_id";
        let multiplier = match wanted.price_tier {
            None => Multiplier::ONE,
            Some(id) => {
                let found = self.price_tier(id).filter(|found| found.serves(session.id));
                let unknown =
                    || NotReservable::seat(index, tier, "is not a price tier of this session");
                found.ok_or_else(unknown)?.multiplier
            }
        };
        let price = session.base_price.times(multiplier);
        Ok(ReservedSeat {
            place: located.place,
            session_seat_id: wanted.seat,
            row_number: located.row_number().to_owned(),
            seat_number: located.seat_number().to_owned(),
            price: price
                .map_err(|error| NotReservable::seat(index, tier, format!("the price {error}")))?,
            price_tier: wanted.price_tier,
        })
    }
}
