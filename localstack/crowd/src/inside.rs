//! What a visitor does who was let in: chooses seats, pays, or walks away.

use std::time::Duration;

use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::clock::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    api::{Answer, Request},
    ledger::End,
    meter::Kind,
    plan::SEATS_PER_VISITOR,
    visitor::{Look, Place, Visitor},
};

/// How long somebody looks at something before they do something.
const THINK_SECONDS: (f64, f64) = (0.5, 3.0);
/// Until the seat map may show something else.
const NEXT_MAP: Duration = Duration::from_secs(2);

/// Seats on hold.
struct Hold {
    reservation: String,
    seats: Vec<Uuid>,
}

/// Why a visitor has no seats.
enum Unlucky {
    /// The place is over, or there is nothing to be had.
    NoSeats,
    Lost(End),
}

impl Visitor {
    pub async fn visit(&mut self, place: Place) -> End {
        self.crowd.ledger.inside(self.index, place.until, SystemClock.now());
        self.think().await;
        if self.gives_up() {
            return self.walk_away().await;
        }
        let hold = match self.reserve(place).await {
            Ok(hold) => hold,
            Err(Unlucky::Lost(end)) => return end,
            Err(Unlucky::NoSeats) => return self.told_in_vain().await,
        };
        self.think().await;
        if self.gives_up() {
            return self.give_back(&hold).await;
        }
        self.pay(&hold).await
    }

    async fn think(&mut self) {
        let (from, to) = THINK_SECONDS;
        tokio::time::sleep(self.dice.seconds(from, to)).await;
    }

    fn gives_up(&mut self) -> bool {
        self.dice.chance(self.crowd.plan.walk_away)
    }

    /// Tries seats until some are had, or the place is over.
    async fn reserve(&mut self, mut place: Place) -> Result<Hold, Unlucky> {
        let count = 1 + self.dice.below(SEATS_PER_VISITOR.into());
        let mut tried = Vec::new();
        while SystemClock.now() < place.until && !self.crowd.board.status().is_over() {
            let seats = self.crowd.board.choose(count, &tried, &mut self.dice);
            if seats.is_empty() {
                // What was taken may be free again.
                tried.clear();
                tokio::time::sleep(NEXT_MAP).await;
                continue;
            }
            let wanted = self.wanted(&place, &seats);
            let answer = match self.crowd.api.ask(wanted).await {
                Ok(answer) => answer,
                Err(error) => return Err(self.no_hold(error.to_string())),
            };
            match (answer.status, answer.problem()) {
                (201, _) => {
                    return self.held(&answer).ok_or_else(|| self.no_hold(answer.to_string()));
                }
                (409, "seat-taken") => tried.extend(taken(&answer.body, &seats)),
                (403, "pass-required") => match self.look().await {
                    Look::LetIn(renewed) => place = renewed,
                    _ => return Err(Unlucky::NoSeats),
                },
                _ => return Err(self.no_hold(answer.to_string())),
            }
        }
        Err(Unlucky::NoSeats)
    }

    fn no_hold(&self, example: String) -> Unlucky {
        Unlucky::Lost(self.lost("a visitor with a place could not reserve", example))
    }

    fn wanted(&mut self, place: &Place, seats: &[Uuid]) -> Request {
        let seats: Vec<_> = seats.iter().map(|seat| json!({ "session_seat_id": seat })).collect();
        let body = json!({ "session_id": self.crowd.session, "seats": seats });
        let request = Request::new(Kind::Reserve, Method::POST, "/api/v1/reservations");
        let (pass, key) = (Some(place.pass.clone()), Some(self.dice.uuid()));
        Request { pass, key, ..request.by(self.user).with(body) }
    }

    /// The place lasts as long as the hold.
    fn held(&self, answer: &Answer) -> Option<Hold> {
        let until = Timestamp::parse(answer.body["expiry_time"].as_str()?)?;
        self.crowd.ledger.inside(self.index, until, SystemClock.now());
        let reservation = answer.body["id"].as_str()?.to_owned();
        Some(Hold { reservation, seats: seats(&answer.body["items"]) })
    }

    async fn give_back(&mut self, hold: &Hold) -> End {
        if self.dice.chance(0.5) {
            return End::Gone;
        }
        self.crowd.ledger.out(self.index);
        let path = format!("/api/v1/reservations/{}", hold.reservation);
        let request = Request::new(Kind::Other, Method::DELETE, path).by(self.user);
        match self.crowd.api.ask(request).await {
            // If the room heard of the hold too late, the place was over before.
            Ok(answer) if answer.status == 200 => self.told(&["left", "expired"]).await,
            // The hold was over already.
            Ok(answer) if answer.problem() == "hold-expired" => self.told(&["expired"]).await,
            Ok(answer) => self.lost("seats could not be given back", answer.to_string()),
            Err(error) => self.lost("seats could not be given back", error.to_string()),
        }
    }

    async fn pay(&mut self, hold: &Hold) -> End {
        // Whatever comes of it: the room may hear of it at any time from now on.
        self.crowd.ledger.out(self.index);
        let path = format!("/api/v1/reservations/{}/confirm", hold.reservation);
        let payment = json!({ "payment_id": self.dice.uuid() });
        let request = Request::new(Kind::Confirm, Method::POST, path).by(self.user).with(payment);
        match self.crowd.api.ask(request).await {
            Ok(answer) if answer.status == 200 => {
                self.crowd.ledger.sold(self.index, &hold.seats);
                self.told(&["served"]).await
            }
            // They paid after the hold, and somebody else had the seats.
            Ok(answer) if answer.problem() == "hold-expired" => self.told(&["expired"]).await,
            Ok(answer) => self.lost("a hold could not be paid for", answer.to_string()),
            Err(error) => {
                self.crowd.ledger.unsure(&hold.seats);
                self.lost("a hold could not be paid for", error.to_string())
            }
        }
    }

    /// That the place is over, or the sale.
    async fn told_in_vain(&mut self) -> End {
        loop {
            if self.crowd.board.status().is_over() {
                return End::SaleOver;
            }
            match self.look().await {
                Look::LetIn(place) if SystemClock.now() < place.until => {
                    tokio::time::sleep(NEXT_MAP).await;
                }
                _ => return self.told(&["expired"]).await,
            }
        }
    }
}

/// The seats that a refusal names; all that were asked for, if it names none.
fn taken(refusal: &Value, asked: &[Uuid]) -> Vec<Uuid> {
    let named = seats(&refusal["seats"]);
    if named.is_empty() { asked.to_vec() } else { named }
}

fn seats(list: &Value) -> Vec<Uuid> {
    let list = list.as_array().into_iter().flatten();
    list.filter_map(|seat| seat["session_seat_id"].as_str()?.parse().ok()).collect()
}
