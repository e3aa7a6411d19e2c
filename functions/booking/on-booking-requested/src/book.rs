//! One request: seats chosen, and reserved.

use std::collections::HashSet;

use marquee_booking::store::{
    holds::{HoldOutcome, HoldRequest},
    wanted::Wanted,
};
use marquee_booking_domain::{
    ids::{ReservationId, SessionId, SessionSeatId},
    reservation::ReservedSeat,
    seat_ref::SeatPlace,
    seating::BlockState,
    together::together,
};
use marquee_dynamo::{error::StoreError, idempotency::IdempotencyHash};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_passes::request::{BookingRequest, Wish};

use crate::OnBookingRequested;

/// Choices of seats that are tried for one request. Buyers without a request take seats as well.
const CHOICES_MAX: usize = 8;

pub(crate) enum Booked {
    Reserved(ReservationId),
    /// For this reason.
    Refused(String),
}

/// A session's seats as they were seen for the first request that had to choose, and which were given out
/// or found taken since.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    blocks: Option<Vec<BlockState>>,
    gone: HashSet<SeatPlace>,
}

impl OnBookingRequested {
    pub(crate) async fn book(
        &self,
        request: &BookingRequest,
        seen: &mut Seen,
    ) -> Result<Booked, StoreError> {
        let booked = self.try_to_book(request, seen).await?;
        let Booked::Refused(reason) = booked else { return Ok(booked) };
        // A request that comes again meets the seats that it has taken itself.
        let earlier = self.hold_request(request, true, Vec::new());
        Ok(match self.store.replayed(&earlier).await? {
            Some(HoldOutcome::Replayed(reservation)) => Booked::Reserved(reservation.id),
            _ => Booked::Refused(reason),
        })
    }

    async fn try_to_book(
        &self,
        request: &BookingRequest,
        seen: &mut Seen,
    ) -> Result<Booked, StoreError> {
        // Somebody else has been let in for them, or soon will be. What cannot be read is over as well.
        let until = Timestamp::parse(&request.place_expires_at);
        if until.is_none_or(|until| until <= self.clock.now()) {
            return Ok(Booked::Refused("the place is over".to_owned()));
        }
        match &request.wish {
            Wish::Seats(seats) => {
                let seats: Vec<_> = seats.iter().map(|seat| SessionSeatId::new(*seat)).collect();
                Ok(match self.hold(request, &seats, seen).await? {
                    Held::Reserved(reservation) => Booked::Reserved(reservation),
                    Held::Taken => Booked::Refused("somebody has these seats".to_owned()),
                    Held::Refused(reason) => Booked::Refused(reason),
                })
            }
            Wish::BestTogether(count) => self.book_best(request, usize::from(*count), seen).await,
        }
    }

    async fn book_best(
        &self,
        request: &BookingRequest,
        count: usize,
        seen: &mut Seen,
    ) -> Result<Booked, StoreError> {
        let session = SessionId::new(request.session_id);
        for attempt in 0..CHOICES_MAX {
            // What was seen once may have changed by others' doing.
            if attempt == CHOICES_MAX / 2 {
                *seen = Seen::default();
            }
            let blocks = match seen.blocks.take() {
                Some(blocks) => blocks,
                None => self.store.seat_blocks(session).await?,
            };
            let best = together(&blocks, count, self.clock.now()).into_iter();
            let best = best.filter(|choice| choice.iter().all(|seat| !seen.gone.contains(seat)));
            let ids = best.take(1).flatten().filter_map(|place| {
                let block = blocks.iter().find(|state| state.block.index == place.block)?;
                Some(block.block.session_seat_id(session, place.position))
            });
            let ids: Vec<_> = ids.collect();
            seen.blocks = Some(blocks);
            if ids.is_empty() {
                return Ok(Booked::Refused(format!("no {count} seats are left together")));
            }
            match self.hold(request, &ids, seen).await? {
                Held::Reserved(reservation) => return Ok(Booked::Reserved(reservation)),
                Held::Taken => {}
                Held::Refused(reason) => return Ok(Booked::Refused(reason)),
            }
        }
        Ok(Booked::Refused(format!("others were faster at each {count} seats together")))
    }

    async fn hold(
        &self,
        request: &BookingRequest,
        seats: &[SessionSeatId],
        seen: &mut Seen,
    ) -> Result<Held, StoreError> {
        let session_id = SessionId::new(request.session_id);
        let wanted: Vec<_> = seats.iter().map(|seat| Wanted::new(*seat)).collect();
        let (session, seats) = match self.store.price(session_id, &wanted).await? {
            Ok(priced) => priced,
            Err(unfit) => return Ok(Held::Refused(unfit.to_string())),
        };
        if let Err(refusal) = session.check_sales(self.clock.now()) {
            return Ok(Held::Refused(refusal.to_string()));
        }
        let places: Vec<_> = seats.iter().map(|seat| seat.place).collect();
        let request = self.hold_request(request, session.waiting_room, seats);
        Ok(match self.store.hold(&request, self.policy).await? {
            HoldOutcome::Held(reservation) => {
                seen.gone.extend(places);
                Held::Reserved(reservation.id)
            }
            HoldOutcome::Replayed(reservation) => Held::Reserved(reservation.id),
            HoldOutcome::PlaceUsed { by } => Held::Reserved(by),
            HoldOutcome::SeatsTaken(taken) => {
                seen.gone.extend(taken);
                Held::Taken
            }
            HoldOutcome::LimitReached { live_seats } => Held::Refused(format!(
                "the visitor holds {live_seats} unpaid seats already, and may not hold so many more"
            )),
            HoldOutcome::TooFast { .. }
            | HoldOutcome::TooManyReservations
            | HoldOutcome::KeyReused => {
                Held::Refused("the visitor has made too many reservations".to_owned())
            }
        })
    }

    fn hold_request(
        &self,
        request: &BookingRequest,
        waiting_room: bool,
        seats: Vec<ReservedSeat>,
    ) -> HoldRequest {
        HoldRequest {
            user: UserId::new(request.user_id),
            session: SessionId::new(request.session_id),
            seats,
            waiting_room,
            place: Some(request.place_id),
            // A request that comes again finds what it has made, whatever seats it would choose now.
            idempotency: Some(IdempotencyHash::new(
                "booking.requested",
                &request.place_id.to_string(),
                &[],
            )),
            now: self.clock.now(),
        }
    }
}

enum Held {
    Reserved(ReservationId),
    /// Somebody has one of them.
    Taken,
    Refused(String),
}
