//! Holding seats.
//!
//! One request, two kinds of items: the blocks, on the condition that each seat is free now, and
//! the reservation, on the condition that it is the user's first for this session. The common
//! hold needs no read: no reservation means no live holds to count. Only a user who comes again
//! pays for a second try, with the number and the live holds read in between. As the n-th
//! reservation can be written once only, two requests of one user at the same moment cannot both
//! slip under the limit, nor can they use one place in a waiting room twice.

use std::{num::NonZeroUsize, time::Duration};

use aws_sdk_dynamodb::types::TransactWriteItem;
use marquee_booking_domain::{
    ids::{ReservationId, SessionId},
    reservation::{Reservation, ReservedSeat},
    reservation_ref::{RESERVATIONS_PER_USER_AND_SESSION_MAX, ReservationRef},
    seat::{Claim, Transition},
    seat_ref::SeatPlace,
};
use marquee_dynamo::{
    error::StoreError,
    idempotency::{IdempotencyHash, Match},
    item::Item,
    outbox,
    table::{Reasons, condition_failed, put_new},
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_messaging::outbox::ATTRIBUTE;
use uuid::Uuid;

use super::{
    BookingStore, keys, reservation_item,
    seat_update::{BlockUpdate, block_updates, refused_block},
    status_change::event,
};
use crate::events::ReservationEventType;

/// Tries at taking the user's next number; only the same user's other requests can be in the way.
const TRIES_MAX: u32 = 8;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct HoldRequest {
    pub user: UserId,
    pub session: SessionId,
    pub seats: Vec<ReservedSeat>,
    /// Whether the session has one, which is then told of the hold.
    pub waiting_room: bool,
    /// The place in it that the user comes from.
    pub place: Option<Uuid>,
    pub idempotency: Option<IdempotencyHash>,
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub struct HoldPolicy {
    pub hold_for: Duration,
    /// Seats that one user may hold unpaid in one session.
    pub live_seats_max: usize,
    /// Reservations that one user may make in one session within a minute.
    pub per_minute_max: usize,
}

impl HoldPolicy {
    /// `HOLD_SECONDS`, `LIVE_SEATS_PER_USER_MAX` and `HOLDS_PER_MINUTE_MAX`, as these read them.
    ///
    /// # Errors
    /// If a variable cannot be read.
    pub fn read<E>(
        seconds_or: impl Fn(&'static str, Duration) -> Result<Duration, E>,
        number_or: impl Fn(&'static str, NonZeroUsize) -> Result<NonZeroUsize, E>,
    ) -> Result<Self, E> {
        const LIVE_SEATS: NonZeroUsize = NonZeroUsize::new(10).unwrap();
        const PER_MINUTE: NonZeroUsize = NonZeroUsize::new(30).unwrap();
        Ok(Self {
            hold_for: seconds_or("HOLD_SECONDS", Duration::from_secs(600))?,
            live_seats_max: number_or("LIVE_SEATS_PER_USER_MAX", LIVE_SEATS)?.get(),
            per_minute_max: number_or("HOLDS_PER_MINUTE_MAX", PER_MINUTE)?.get(),
        })
    }
}

#[derive(Clone, Debug)]
pub enum HoldOutcome {
    Held(Reservation),
    /// The same request was answered before: that reservation, as it is now.
    Replayed(Reservation),
    /// The idempotency key came before with another request.
    KeyReused,
    /// Somebody has these.
    SeatsTaken(Vec<SeatPlace>),
    LimitReached {
        live_seats: usize,
    },
    /// The user has made too many reservations within a minute; the next may be made then.
    TooFast {
        until: Timestamp,
    },
    /// The place has made its one reservation.
    PlaceUsed {
        by: ReservationId,
    },
    /// The user has used up all numbers for this session.
    TooManyReservations,
}

impl BookingStore {
    pub async fn hold(
        &self,
        request: &HoldRequest,
        policy: HoldPolicy,
    ) -> Result<HoldOutcome, StoreError> {
        if request.seats.len() > policy.live_seats_max {
            return Ok(HoldOutcome::LimitReached { live_seats: 0 });
        }
        // Never from the idempotency key: it is part of what makes a ticket hard to guess.
        let random = Uuid::new_v4().as_u64_pair().1;
        let mut sequence = 0;
        for _ in 0..TRIES_MAX {
            let reference = ReservationRef::new(request.user, request.session, sequence);
            let id = reference.id(random);
            let HoldRequest { user, session, place, now, .. } = *request;
            let seats = request.seats.clone();
            let held = Reservation::hold(id, user, session, seats, now, policy.hold_for);
            let held = Reservation { place, ..held };
            let updates = hold_updates(&held, now);
            let items = transaction(&updates, reference, &held, request)?;
            let Err(reasons) = self.table.transact(items).await? else {
                return Ok(HoldOutcome::Held(held));
            };
            let refused = Refused::read(&updates, &reasons, reference, now)?;
            match self.after_refusal(request, policy, refused).await? {
                Next::Answer(outcome) => return Ok(outcome),
                Next::TryAs(next) => sequence = next,
            }
        }
        Err(StoreError::transient("too many requests of one user at once"))
    }

    /// What the same request was answered before, if it came before. One consistent read; none
    /// without a key.
    pub async fn replayed(&self, request: &HoldRequest) -> Result<Option<HoldOutcome>, StoreError> {
        if request.idempotency.is_none() {
            return Ok(None);
        }
        let earlier = self.reservation_items(request.user, request.session).await?;
        replay(request.idempotency, &earlier)
    }

    /// What a refused hold comes to: mostly an answer, and for a user who has been here before,
    /// another try under their next number.
    async fn after_refusal(
        &self,
        request: &HoldRequest,
        policy: HoldPolicy,
        refused: Refused,
    ) -> Result<Next, StoreError> {
        let Some(earlier) = refused.earlier else {
            return Ok(match refused.taken.is_empty() {
                // All that was in the way is the same request's other attempt, seen halfway.
                true => Next::TryAs(refused.sequence),
                false => Next::Answer(HoldOutcome::SeatsTaken(refused.taken)),
            });
        };
        if let Some(outcome) = replay(request.idempotency, [&earlier])? {
            return Ok(Next::Answer(outcome));
        }
        if !refused.taken.is_empty() && request.idempotency.is_none() {
            return Ok(Next::Answer(HoldOutcome::SeatsTaken(refused.taken)));
        }
        let earlier = self.reservation_items(request.user, request.session).await?;
        if let Some(outcome) = replay(request.idempotency, &earlier)? {
            return Ok(Next::Answer(outcome));
        }
        let earlier: Vec<_> =
            earlier.iter().map(reservation_item::read).collect::<Result<_, _>>()?;
        if let Some(by) = place_used(request.place, &earlier) {
            return Ok(Next::Answer(HoldOutcome::PlaceUsed { by }));
        }
        if !refused.taken.is_empty() {
            return Ok(Next::Answer(HoldOutcome::SeatsTaken(refused.taken)));
        }
        let mut live_seats = 0;
        let mut next = 0;
        let mut made = Vec::new();
        for reservation in &earlier {
            made.push(reservation.created_at);
            next = next.max(reservation.id.locate().map_or(0, |reference| reference.sequence) + 1);
            let same = reservation.user == request.user && reservation.session == request.session;
            live_seats += if same { reservation.live_seats(request.now) } else { 0 };
        }
        if live_seats + request.seats.len() > policy.live_seats_max {
            return Ok(Next::Answer(HoldOutcome::LimitReached { live_seats }));
        }
        made.sort_unstable_by(|a, b| b.cmp(a));
        let nth = made.get(policy.per_minute_max.saturating_sub(1));
        if let Some(until) = nth.map(|at| *at + MINUTE).filter(|until| request.now < *until) {
            return Ok(Next::Answer(HoldOutcome::TooFast { until }));
        }
        if next > RESERVATIONS_PER_USER_AND_SESSION_MAX {
            return Ok(Next::Answer(HoldOutcome::TooManyReservations));
        }
        Ok(Next::TryAs(next))
    }

    /// The user's reservations for a session, oldest first.
    async fn reservation_items(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Result<Vec<Item>, StoreError> {
        self.table.query_all(&keys::user_partition(user), &keys::session_prefix(session)).await
    }
}

enum Next {
    Answer(HoldOutcome),
    TryAs(u16),
}

/// What stood in the way of a hold.
struct Refused {
    /// The reservation that has the number already.
    earlier: Option<Item>,
    taken: Vec<SeatPlace>,
    sequence: u16,
}

impl Refused {
    fn read(
        updates: &[BlockUpdate],
        reasons: &Reasons,
        tried: ReservationRef,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        // The user's reservation of this very number has the seat: not somebody else.
        let own = |claim: Claim| ReservationId::new(claim.owner).locate() == Some(tried);
        let mut taken = Vec::new();
        for (update, reason) in updates.iter().zip(reasons) {
            if let Some(block) = refused_block(Some(reason))? {
                let claimed = |place: &SeatPlace| {
                    let claim = block.seat(place.position).live_claim(now);
                    claim.is_some_and(|claim| !own(claim))
                };
                taken.extend(update.places().filter(claimed));
            }
        }
        let last = reasons.get(updates.len());
        let earlier = condition_failed(last)
            .then(|| last.and_then(|reason| reason.item()).cloned())
            .flatten();
        Ok(Self { earlier, taken, sequence: tried.sequence })
    }
}

fn hold_updates(reservation: &Reservation, now: Timestamp) -> Vec<BlockUpdate> {
    let places = reservation.seats.iter().map(|seat| seat.place);
    let hold = Transition::hold(reservation.claim(), now);
    block_updates(reservation.session, places, |_| hold.clone())
}

fn transaction(
    updates: &[BlockUpdate],
    reference: ReservationRef,
    reservation: &Reservation,
    request: &HoldRequest,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut item = reservation_item::write(reference, reservation);
    if let Some(hash) = request.idempotency {
        hash.write(&mut item);
    }
    if request.waiting_room {
        let held = event(reservation, ReservationEventType::Held);
        item.insert(ATTRIBUTE.to_owned(), outbox::attribute(&held));
    }
    let put = put_new(item)?;
    let blocks = updates.iter().map(BlockUpdate::to_transact_item);
    blocks.chain([Ok(put)]).collect()
}

/// The reservation that was made from a place.
fn place_used(place: Option<Uuid>, earlier: &[Reservation]) -> Option<ReservationId> {
    let place = place?;
    earlier.iter().find(|made| made.place == Some(place)).map(|made| made.id)
}

fn replay<'a>(
    hash: Option<IdempotencyHash>,
    earlier: impl IntoIterator<Item = &'a Item>,
) -> Result<Option<HoldOutcome>, StoreError> {
    let Some(hash) = hash else { return Ok(None) };
    for item in earlier {
        match hash.compare(item) {
            Match::SameRequest => {
                return reservation_item::read(item).map(HoldOutcome::Replayed).map(Some);
            }
            Match::OtherRequest => return Ok(Some(HoldOutcome::KeyReused)),
            Match::OtherKey => {}
        }
    }
    Ok(None)
}
