//! What everybody is told, read by one for all: how far the line has come, and which seats are free. Pages of
//! a hundred thousand visitors would have the same from a CDN.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use marquee_lambda::Error;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{api::Api, dice::Dice};

#[derive(Debug)]
pub struct Board {
    session: String,
    status: Mutex<Status>,
    seats: Mutex<Arc<[Uuid]>>,
    /// Visitors look for seats among so many that were free lately.
    choice: usize,
}

/// `GET …/status`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Status {
    pub status: String,
    pub serving: u64,
    pub rate_per_minute: u32,
    pub inside: u32,
    pub seats_left: u32,
}

impl Status {
    pub fn is_over(&self) -> bool {
        ["sold_out", "closed"].contains(&self.status.as_str())
    }

    pub fn position(&self, number: u64) -> u64 {
        number.saturating_sub(self.serving)
    }

    /// How long a number has to wait, if anybody knows.
    pub fn wait(&self, number: u64) -> Option<Duration> {
        let rate = u64::from(self.rate_per_minute);
        let seconds = (self.position(number) * 60).checked_div(rate)?;
        Some(Duration::from_secs(seconds))
    }
}

#[derive(Debug, Deserialize)]
struct SeatMap {
    seats: Vec<Seat>,
}

#[derive(Debug, Deserialize)]
struct Seat {
    session_seat_id: Uuid,
    status: String,
}

/// The seats of a map, by what has become of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats {
    pub free: Vec<Uuid>,
    pub held: usize,
    pub sold: Vec<Uuid>,
    /// Of any status.
    pub all: usize,
}

impl Board {
    pub fn new(session: &str, capacity: u32) -> Self {
        let (status, seats) = (Mutex::default(), Mutex::new(Arc::from([])));
        let choice = usize::try_from(capacity).unwrap_or(usize::MAX).saturating_mul(4);
        Self { session: session.to_owned(), status, seats, choice }
    }

    pub fn status(&self) -> Status {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn read_status(&self, api: &Api) -> Result<Status, Error> {
        let told = api.get(format!("/api/v1/queue/{}/status", self.session)).await?;
        let status = Status::deserialize(told)?;
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&status);
        Ok(status)
    }

    pub async fn read_seats(&self, api: &Api) -> Result<Seats, Error> {
        let seats = seats(api.get(format!("/api/v1/sessions/{}/seat-map", self.session)).await?)?;
        let free = Arc::from(seats.free.as_slice());
        *self.seats.lock().unwrap_or_else(PoisonError::into_inner) = free;
        Ok(seats)
    }

    /// Up to so many neighbouring free seats near the front, none of which were tried.
    pub fn choose(&self, count: usize, tried: &[Uuid], dice: &mut Dice) -> Vec<Uuid> {
        let free = Arc::clone(&self.seats.lock().unwrap_or_else(PoisonError::into_inner));
        let free: Vec<_> = free.iter().filter(|seat| !tried.contains(seat)).collect();
        let from = dice.below(free.len().min(self.choice));
        let from = from.min(free.len().saturating_sub(count));
        free.into_iter().skip(from).take(count).copied().collect()
    }
}

fn seats(map: Value) -> Result<Seats, Error> {
    let map = SeatMap::deserialize(map)?;
    let mut seats = Seats { all: map.seats.len(), ..Seats::default() };
    for seat in map.seats {
        match seat.status.as_str() {
            "available" => seats.free.push(seat.session_seat_id),
            "sold" => seats.sold.push(seat.session_seat_id),
            _ => seats.held += 1,
        }
    }
    Ok(seats)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seats_are_chosen_from_the_front_and_not_tried_twice() {
        let board = Board::new("", 1);
        let mut dice = Dice::new(1, 1);
        assert!(board.choose(2, &[], &mut dice).is_empty());
        let ids: Vec<_> = (0..9).map(Uuid::from_u128).collect();
        *board.seats.lock().expect("seats") = Arc::from(ids.as_slice());
        for _ in 0..50 {
            let chosen = board.choose(2, &ids[..1], &mut dice);
            let first = ids.iter().position(|id| *id == chosen[0]).expect("one of them");
            assert!((1..5).contains(&first) && chosen[1] == ids[first + 1], "{chosen:?}");
        }
        assert_eq!(board.choose(2, &ids[..8], &mut dice), [ids[8]]);
    }

    #[test]
    fn a_map_says_what_is_free_held_and_sold() {
        let seat = |id, status| json!({ "session_seat_id": Uuid::from_u128(id), "status": status });
        let map = json!({ "seats": [seat(1, "sold"), seat(2, "reserved"), seat(3, "available")] });
        let found = seats(map).expect("a map");
        let (free, sold) = (vec![Uuid::from_u128(3)], vec![Uuid::from_u128(1)]);
        assert_eq!(found, Seats { free, held: 1, sold, all: 3 });
    }

    #[test]
    fn a_position_and_a_wait_follow_from_the_number() {
        let status = Status { serving: 40, rate_per_minute: 120, ..Status::default() };
        assert_eq!((status.position(100), status.position(7)), (60, 0));
        assert_eq!(status.wait(100), Some(Duration::from_secs(30)));
        assert_eq!(Status::default().wait(100), None);
    }
}
