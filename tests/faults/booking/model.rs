//! Any order of holds, payments, cancellations, expiries, events and check-ins, through the
//! functions as they are deployed, against a model so simple that it is plainly right: who has the
//! seat now, and who has a ticket for it.

use std::time::Duration;

use marquee_booking::events::{ReservationEvent, ReservationEventType};
use marquee_booking_domain::{
    ids::{SessionId, SessionSeatId},
    reservation::{Reservation, ReservationStatus},
};
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::consumer::Outcome;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    booking::world::{HOLD, World},
    system::by_hand,
};

const SEATS: u16 = 3;

/// Reservations by any number: the remainder says which of those that there are.
#[derive(Clone, Debug)]
enum Step {
    /// Tenths of a hold.
    Wait(u32),
    Hold(Vec<usize>),
    Confirm {
        reservation: usize,
        named: bool,
    },
    Cancel(usize),
    Sweep,
    /// The event of a reservation's last change arrives, perhaps again.
    Deliver(usize),
    CheckIn {
        reservation: usize,
        ticket: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let reservation = any::<usize>();
    let ticket = 0..usize::from(SEATS);
    prop_oneof![
        1 => (0..5_u32).prop_map(Step::Wait),
        3 => (9..12_u32).prop_map(Step::Wait),
        4 => proptest::sample::subsequence(vec![0, 1, 2], 1..=usize::from(SEATS))
            .prop_map(Step::Hold),
        3 => (reservation, any::<bool>())
            .prop_map(|(reservation, named)| Step::Confirm { reservation, named }),
        1 => reservation.prop_map(Step::Cancel),
        2 => Just(Step::Sweep),
        3 => reservation.prop_map(Step::Deliver),
        1 => (reservation, ticket)
            .prop_map(|(reservation, ticket)| Step::CheckIn { reservation, ticket }),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Held,
    Confirmed,
    Cancelled,
    TooLate,
}

struct Visit {
    user: Uuid,
    id: String,
    seats: Vec<usize>,
    until: i64,
    fate: Fate,
    /// Whether the payment that confirmed it was named.
    named: bool,
    /// When each ticket was used.
    used: Vec<Option<i64>>,
}

/// The system, and the model of it.
struct Hall<'a> {
    world: &'a World,
    session: String,
    seats: Vec<String>,
    visits: Vec<Visit>,
    /// Who took each seat last.
    holder: Vec<Option<usize>>,
}

type Tried = Result<(), TestCaseError>;

impl<'a> Hall<'a> {
    async fn new(world: &'a World) -> Self {
        let (session, seats) = world.session(1, SEATS).await;
        let holder = vec![None; seats.len()];
        Self { world, session, seats, visits: Vec::new(), holder }
    }

    fn now(&self) -> i64 {
        self.world.clock.now().millis()
    }

    /// Whose claim stands on a seat.
    fn owner(&self, seat: usize) -> Option<usize> {
        self.holder[seat].filter(|n| match self.visits[*n].fate {
            Fate::Confirmed => true,
            Fate::Held | Fate::TooLate => self.now() < self.visits[*n].until,
            Fate::Cancelled => false,
        })
    }

    async fn apply(&mut self, step: Step) -> Tried {
        match step {
            Step::Wait(tenths) => self.world.clock_by(HOLD * tenths / 10),
            Step::Hold(wanted) => self.hold(wanted).await?,
            Step::Sweep => drop(self.world.sweep(100).await),
            _ if self.visits.is_empty() => {}
            Step::Confirm { reservation, named } => {
                self.confirm(reservation % self.visits.len(), named).await?;
            }
            Step::Cancel(n) => self.cancel(n % self.visits.len()).await?,
            Step::Deliver(n) => self.deliver(n % self.visits.len()).await?,
            Step::CheckIn { reservation, ticket } => {
                self.check_in(reservation % self.visits.len(), ticket).await?;
            }
        }
        self.agrees().await
    }

    async fn hold(&mut self, wanted: Vec<usize>) -> Tried {
        let possible = wanted.iter().all(|seat| self.owner(*seat).is_none());
        let (user, until) = (Uuid::new_v4(), self.now() + millis(HOLD));
        let ids: Vec<_> = wanted.iter().map(|seat| self.seats[*seat].as_str()).collect();
        let (status, answer) = self.world.hold(user, &self.session, &ids).await;
        prop_assert_eq!(status, if possible { 201 } else { 409 }, "{}", answer);
        if possible {
            for seat in &wanted {
                self.holder[*seat] = Some(self.visits.len());
            }
            let id = answer["id"].as_str().unwrap_or_default().to_owned();
            let used = vec![None; wanted.len()];
            self.visits.push(Visit {
                user,
                id,
                seats: wanted,
                until,
                fate: Fate::Held,
                named: false,
                used,
            });
        }
        Ok(())
    }

    async fn confirm(&mut self, n: usize, named: bool) -> Tried {
        let late = self.now() >= self.visits[n].until;
        let visit = &self.visits[n];
        let mine = |seat: &usize| self.owner(*seat).is_none_or(|owner| owner == n);
        let possible = visit.seats.iter().all(mine);
        let path = format!("/api/v1/reservations/{}/confirm", visit.id);
        let body = if named { json!({ "payment_id": visit.id }) } else { json!({}) };
        let (status, answer) = self.world.call("POST", &path, Some(visit.user), &body).await;
        let (expected, fate) = match visit.fate {
            // With the payment that confirmed it, or with none that is named.
            Fate::Confirmed if !named || visit.named => (200, Fate::Confirmed),
            Fate::Confirmed => (409, Fate::Confirmed),
            Fate::Cancelled => (409, Fate::Cancelled),
            Fate::TooLate => (410, Fate::TooLate),
            Fate::Held if late && !named => (410, Fate::Held),
            Fate::Held if possible => (200, Fate::Confirmed),
            Fate::Held => (410, Fate::TooLate),
        };
        prop_assert_eq!(status, expected, "{:?}, late {}: {}", visit.fate, late, answer);
        let paid = self.world.reservation(&visit.id).await.payment;
        let expected = match fate {
            Fate::Held | Fate::Cancelled => None,
            Fate::Confirmed => Some("authorised"),
            Fate::TooLate => Some("voided"),
        };
        let paid = match paid {
            None => None,
            Some(_) => Some(self.world.payment(visit.user, &visit.id).await["status"].clone()),
        };
        prop_assert_eq!(paid.as_ref().and_then(Value::as_str), expected, "{}", answer);
        if fate == Fate::Confirmed {
            for seat in visit.seats.clone() {
                self.holder[seat] = Some(n);
            }
        }
        let first = visit.fate != Fate::Confirmed;
        let visit = &mut self.visits[n];
        visit.named = if first { named } else { visit.named };
        visit.fate = fate;
        Ok(())
    }

    async fn cancel(&mut self, n: usize) -> Tried {
        let visit = &self.visits[n];
        let expected = match visit.fate {
            Fate::Held if self.now() < visit.until => 200,
            Fate::Cancelled => 200,
            Fate::Held | Fate::TooLate => 410,
            Fate::Confirmed => 409,
        };
        let path = format!("/api/v1/reservations/{}", visit.id);
        let (status, answer) =
            self.world.call("DELETE", &path, Some(visit.user), &Value::Null).await;
        prop_assert_eq!(status, expected, "{:?}: {}", visit.fate, answer);
        if status == 200 {
            self.visits[n].fate = Fate::Cancelled;
        }
        Ok(())
    }

    async fn deliver(&mut self, n: usize) -> Tried {
        let reservation = self.world.reservation(&self.visits[n].id).await;
        if let Some(event) = last_event(&reservation) {
            let message = by_hand(&serde_json::to_value(event).expect("json"));
            prop_assert_eq!(self.world.consume(&message).await, Outcome::Done);
        }
        Ok(())
    }

    async fn check_in(&mut self, n: usize, ticket: usize) -> Tried {
        let reservation = self.world.reservation(&self.visits[n].id).await;
        let path = format!("/api/v1/tickets/{}/check-in", reservation.id.ticket(ticket));
        let (status, answer) = self.world.call("POST", &path, None, &json!({ "gate": "A" })).await;
        let now = self.world.clock.now();
        let visit = &mut self.visits[n];
        let used = visit.used.get_mut(ticket).filter(|_| visit.fate == Fate::Confirmed);
        match used {
            None => prop_assert_eq!(status, 404, "{}", answer),
            Some(used @ None) => {
                prop_assert_eq!(status, 200, "{}", answer);
                *used = Some(now.millis());
            }
            Some(Some(first)) => {
                prop_assert_eq!(status, 409, "{}", answer);
                let first = Timestamp::from_millis(*first).to_string();
                prop_assert_eq!(&answer["used_at"], &json!(first));
            }
        }
        Ok(())
    }

    async fn agrees(&self) -> Tried {
        let session: SessionId = self.session.parse().expect("an id");
        let ids = self.seats.iter().map(|seat| seat.parse().expect("an id"));
        let ids: Vec<SessionSeatId> = ids.collect();
        let located = self.world.store.locate(session, &ids).await.expect("storage");
        let places: Vec<_> = located.expect("seats").iter().map(|seat| seat.place).collect();
        let states = self.world.store.seat_states(session, &places).await.expect("storage");
        for (seat, state) in states.iter().enumerate() {
            let claim = state.live_claim(self.world.clock.now());
            let owner = self.owner(seat).map(|n| self.visits[n].id.clone());
            prop_assert_eq!(claim.map(|claim| claim.owner.to_string()), owner, "seat {}", seat);
        }
        Ok(())
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).expect("short")
}

fn last_event(reservation: &Reservation) -> Option<ReservationEvent> {
    let event_type = match reservation.status {
        ReservationStatus::Active => return None,
        ReservationStatus::Confirmed => ReservationEventType::Confirmed,
        ReservationStatus::Expired => ReservationEventType::Expired,
        ReservationStatus::Cancelled => ReservationEventType::Cancelled,
    };
    Some(ReservationEvent {
        event_type,
        reservation_id: reservation.id.uuid(),
        user_id: reservation.user.uuid(),
        session_id: reservation.session.uuid(),
        session_seat_ids: reservation.seats.iter().map(|s| s.session_seat_id.uuid()).collect(),
        expiry_time: Some(reservation.expires_at.to_rfc3339_millis()),
        place_id: reservation.place,
    })
}

#[test]
fn a_seat_has_one_owner_and_the_model_agrees_whatever_happens() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let world = runtime.block_on(World::new());
    // `PROPTEST_CASES` asks for more.
    let cases = std::env::var_os("PROPTEST_CASES").map_or(60, |_| Config::default().cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let steps = proptest::collection::vec(step(), 20..60);
    let ran = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(async {
            let mut hall = Hall::new(&world).await;
            for step in steps {
                hall.apply(step).await?;
            }
            // One ticket for each seat sold, and none besides.
            let mut tickets = 0;
            for visit in &hall.visits {
                tickets += world.reservation(&visit.id).await.tickets().count();
            }
            let sold = (0..hall.seats.len()).filter(|seat| {
                hall.owner(*seat).is_some_and(|n| hall.visits[n].fate == Fate::Confirmed)
            });
            prop_assert_eq!(tickets, sold.count());
            Ok(())
        })
    });
    if let Err(error) = ran {
        panic!("{error}");
    }
}
