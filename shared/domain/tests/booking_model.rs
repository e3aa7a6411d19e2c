//! Any order of holds, payments, cancellations, expiries and check-ins, against a model so simple
//! that it is plainly right: who has the seat now, and who has a ticket for it.

use std::{collections::HashMap, time::Duration};

use marquee_domain::{
    booking::{
        payment::{Payment, PaymentStatus},
        reservation::{Confirmation, Reservation, ReservationStatus, ReservedSeat},
        reservation_ref::ReservationRef,
        seat::{SeatState, SeatStatus},
        seat_ref::SeatPlace,
        ticket::CheckIn,
    },
    ids::{SessionId, UserId},
    money::Money,
    time::Timestamp,
};
use proptest::prelude::*;
use uuid::Uuid;

const SEATS: usize = 3;
const HOLD: Duration = Duration::from_millis(10);

#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Hold(Vec<usize>),
    Confirm {
        reservation: usize,
        named: bool,
    },
    Cancel(usize),
    Sweep(usize),
    /// The event of a reservation's last change arrives, perhaps again.
    Deliver(usize),
    CheckIn {
        reservation: usize,
        ticket: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let reservation = 0..8_usize;
    prop_oneof![
        2 => (0..8_i64).prop_map(Step::Wait),
        4 => proptest::sample::subsequence(vec![0, 1, 2], 1..=SEATS).prop_map(Step::Hold),
        3 => (reservation.clone(), any::<bool>())
            .prop_map(|(reservation, named)| Step::Confirm { reservation, named }),
        1 => reservation.clone().prop_map(Step::Cancel),
        2 => reservation.clone().prop_map(Step::Sweep),
        3 => reservation.clone().prop_map(Step::Deliver),
        1 => (reservation, 0..SEATS)
            .prop_map(|(reservation, ticket)| Step::CheckIn { reservation, ticket }),
    ]
}

/// The system: what storage would hold, changed only as the domain allows.
struct Hall {
    now: Timestamp,
    seats: [SeatState; SEATS],
    reservations: Vec<Reservation>,
}

/// The model: who has each seat for good, who has it until when, and who got in.
#[derive(Default)]
struct Model {
    owner: HashMap<usize, usize>,
    held: HashMap<usize, (usize, i64)>,
    used: HashMap<(usize, usize), i64>,
}

impl Model {
    fn free(&self, seat: usize, now: i64) -> bool {
        let held = self.held.get(&seat).is_some_and(|(_, until)| now < *until);
        !held && !self.owner.contains_key(&seat)
    }
}

fn seats_of(reservation: &Reservation) -> Vec<usize> {
    reservation.seats.iter().map(|seat| usize::from(seat.place.position)).collect()
}

impl Hall {
    fn hold(&mut self, wanted: &[usize]) -> bool {
        let session = SessionId::new(Uuid::from_u128(1));
        let n = u16::try_from(self.reservations.len()).expect("few");
        let user = UserId::new(Uuid::from_u128(u128::from(n) + 10));
        let seat = |position: &usize| {
            let place = SeatPlace { block: 0, position: u16::try_from(*position).expect("few") };
            ReservedSeat {
                place,
                session_seat_id: place.id(session),
                row_number: "1".into(),
                seat_number: position.to_string(),
                price: Money::ZERO,
                price_tier: None,
            }
        };
        let id = ReservationRef::new(user, session, n).id(0);
        let seats = wanted.iter().map(seat).collect();
        let reservation = Reservation::hold(id, user, session, seats, self.now, HOLD);
        let claim = reservation.claim();
        let held: Option<Vec<_>> =
            wanted.iter().map(|seat| self.seats[*seat].hold(claim, self.now)).collect();
        let Some(held) = held else { return false };
        for (seat, state) in wanted.iter().zip(held) {
            self.seats[*seat] = state;
        }
        self.reservations.push(reservation);
        true
    }

    fn confirm(&mut self, n: usize, named: bool) -> bool {
        let (now, reservation) = (self.now, &self.reservations[n]);
        let payment = named.then_some("p");
        let late = match reservation.confirmation(payment, now) {
            Ok(Confirmation::Proceed { late }) => late,
            Ok(Confirmation::AlreadyDone) => return true,
            Err(_) => return false,
        };
        let claim = reservation.claim();
        let seats = seats_of(reservation);
        let pinned: Option<Vec<_>> =
            seats.iter().map(|seat| self.seats[*seat].pin(claim, now)).collect();
        let (status, captured) = match pinned {
            Some(pinned) => {
                for (seat, state) in seats.into_iter().zip(pinned) {
                    self.seats[seat] = state;
                }
                (ReservationStatus::Confirmed, PaymentStatus::Captured)
            }
            None => (reservation.status, PaymentStatus::Refunded),
        };
        let reservation = &mut self.reservations[n];
        reservation.status = status;
        reservation.payment = Some(Payment { id: "p".into(), status: captured, at: now, late });
        status == ReservationStatus::Confirmed
    }

    fn deliver(&mut self, n: usize) {
        let reservation = &self.reservations[n];
        let claim = reservation.claim();
        for seat in seats_of(reservation) {
            let state = self.seats[seat];
            let changed = match reservation.status {
                ReservationStatus::Confirmed => state.sell(claim),
                ReservationStatus::Expired | ReservationStatus::Cancelled => {
                    state.release(claim.owner)
                }
                ReservationStatus::Active => None,
            };
            self.seats[seat] = changed.unwrap_or(state);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_seat_has_one_owner_and_the_model_agrees_whatever_happens(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let mut hall = Hall {
            now: Timestamp::from_millis(0),
            seats: [SeatState::Free; SEATS],
            reservations: Vec::new(),
        };
        let mut model = Model::default();
        for step in steps {
            apply(&mut hall, &mut model, step)?;
            for (seat, state) in hall.seats.iter().enumerate() {
                let now = hall.now.millis();
                prop_assert_eq!(state.live_claim(hall.now).is_none(), model.free(seat, now));
                let owner = model.owner.get(&seat).map(|n| hall.reservations[*n].id.uuid());
                if let Some(owner) = owner {
                    prop_assert_eq!(state.live_claim(hall.now).map(|c| c.owner), Some(owner));
                    prop_assert_ne!(state.status(hall.now), SeatStatus::Available);
                }
            }
        }
        // One ticket for each seat sold, and none besides.
        let tickets: usize = hall.reservations.iter().map(|r| r.tickets().count()).sum();
        prop_assert_eq!(tickets, model.owner.len());
    }
}

fn apply(hall: &mut Hall, model: &mut Model, step: Step) -> Result<(), TestCaseError> {
    let now = hall.now.millis();
    let there = |n: usize| (n < hall.reservations.len()).then_some(n);
    match step {
        Step::Wait(millis) => hall.now = Timestamp::from_millis(now + millis),
        Step::Hold(wanted) => {
            let possible = wanted.iter().all(|seat| model.free(*seat, now));
            prop_assert_eq!(hall.hold(&wanted), possible);
            if possible {
                let n = hall.reservations.len() - 1;
                let until = now + i64::try_from(HOLD.as_millis()).expect("short");
                model.held.extend(wanted.iter().map(|seat| (*seat, (n, until))));
            }
        }
        Step::Confirm { reservation, named } => {
            if let Some(n) = there(reservation) {
                confirm(hall, model, n, named)?;
            }
        }
        Step::Cancel(n) => {
            if let Some(n) = there(n)
                && hall.reservations[n].cancellation(hall.now) == Ok(true)
            {
                hall.reservations[n].status = ReservationStatus::Cancelled;
                hall.deliver(n);
                model.held.retain(|_, (holder, _)| *holder != n);
            }
        }
        Step::Sweep(n) => {
            if let Some(n) = there(n)
                && hall.reservations[n].is_overdue(hall.now)
            {
                hall.reservations[n].status = ReservationStatus::Expired;
            }
        }
        Step::Deliver(n) => {
            if let Some(n) = there(n) {
                hall.deliver(n);
            }
        }
        Step::CheckIn { reservation, ticket } => {
            let Some(n) = there(reservation) else { return Ok(()) };
            let check_in = CheckIn { at: hall.now, gate: "A".into(), request: Uuid::nil() };
            let exists = hall.reservations[n].tickets().nth(ticket).is_some();
            let answer = hall.reservations[n].check_in(ticket, check_in);
            let first = exists.then(|| *model.used.entry((n, ticket)).or_insert(now));
            match answer {
                None => prop_assert!(first.is_none()),
                Some(Ok(())) => prop_assert_eq!(first, Some(now)),
                Some(Err(used)) => prop_assert_eq!(first, Some(used.at.millis())),
            }
        }
    }
    Ok(())
}

fn confirm(hall: &mut Hall, model: &mut Model, n: usize, named: bool) -> Result<(), TestCaseError> {
    let now = hall.now.millis();
    let seats = seats_of(&hall.reservations[n]);
    let mine = |seat: &usize| {
        let own = model.held.get(seat).is_some_and(|(holder, _)| *holder == n);
        model.owner.get(seat) == Some(&n) || own || model.free(*seat, now)
    };
    let possible = seats.iter().all(mine);
    let before = hall.reservations[n].status;
    let confirmed = hall.confirm(n, named);
    if confirmed {
        prop_assert!(possible, "confirmed what was lost");
        prop_assert_ne!(before, ReservationStatus::Cancelled);
        for seat in seats {
            if let Some(earlier) = model.owner.insert(seat, n) {
                prop_assert_eq!(earlier, n, "two owners");
            }
            model.held.remove(&seat);
        }
    } else if possible && named && before != ReservationStatus::Cancelled {
        let went_back = hall.reservations[n].payment.is_some();
        prop_assert!(went_back, "refused a payment that could be honoured");
    }
    Ok(())
}
