//! What the visitors were told, all together: numbers, places, seats, and how it ended for each.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use marquee_kernel::time::Timestamp;
use uuid::Uuid;

/// How it ended for a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Told `served`.
    Served,
    /// Told `expired`: the place was over, or the hold.
    Expired,
    /// Told `left`: they left the line, or gave their seats back.
    Left,
    /// Still in line when the sale ended.
    SaleOver,
    /// Came when the sale was over.
    TooLate,
    /// Closed the page, and is told nothing any more.
    Gone,
    /// Was never told how it ended.
    Lost,
}

#[derive(Debug)]
pub struct Ledger {
    capacity: usize,
    book: Mutex<Book>,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub arrived: usize,
    pub joined: usize,
    pub numbered: usize,
    /// Let in before they could be told a number.
    pub straight_in: usize,
    /// The sale was over before they could be told a number.
    pub over_first: usize,
    /// Were let in, and looked when the place was over.
    pub missed: usize,
    /// Got another number later on.
    pub moved: usize,
    pub let_in: usize,
    /// Not in line any more, for whatever reason.
    pub out_of_line: usize,
    pub ends: BTreeMap<End, usize>,
    /// At the same time, with a place that was theirs.
    pub inside_most: usize,
    /// By seat, and who has it.
    pub sold: HashMap<Uuid, usize>,
    /// Seats that somebody paid for and got no answer.
    pub unsure: BTreeSet<Uuid>,
    /// What must not be, how often, and an example.
    pub wrong: BTreeMap<&'static str, (usize, String)>,
    /// Some who were in line when the sale ended: the user and the entry.
    pub witnesses: Vec<(Uuid, String)>,
    /// Whose each number is.
    pub(crate) numbers: HashMap<u64, usize>,
    pub(crate) number_of: HashMap<usize, u64>,
    /// Until when each of those inside has the place.
    pub(crate) places: HashMap<usize, Timestamp>,
    pub(crate) ending: BTreeSet<(Timestamp, usize)>,
}

const WITNESSES_MAX: usize = 100;

impl Book {
    pub fn ended(&self) -> usize {
        self.ends.values().sum()
    }

    pub fn inside(&self) -> usize {
        self.places.len()
    }

    /// Those who have joined and have neither been let in nor given up.
    pub fn in_line(&self) -> usize {
        self.joined - self.out_of_line
    }

    fn wrong(&mut self, what: &'static str, example: String) {
        self.wrong.entry(what).or_insert((0, example)).0 += 1;
    }

    fn out(&mut self, visitor: usize) {
        if let Some(until) = self.places.remove(&visitor) {
            self.ending.remove(&(until, visitor));
        }
    }

    fn end_places(&mut self, now: Timestamp) {
        while let Some((until, visitor)) = self.ending.first().copied().filter(|(at, _)| *at <= now)
        {
            self.ending.remove(&(until, visitor));
            self.places.remove(&visitor);
        }
    }
}

impl Ledger {
    pub fn new(capacity: u32) -> Self {
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        Self { capacity, book: Mutex::default() }
    }

    pub fn arrived(&self) {
        self.lock().arrived += 1;
    }

    pub fn joined(&self) {
        self.lock().joined += 1;
    }

    pub fn straight_in(&self) {
        self.lock().straight_in += 1;
    }

    pub fn out_of_line(&self, visitor: usize) {
        let mut book = self.lock();
        book.out_of_line += 1;
        book.number_of.remove(&visitor);
    }

    pub fn over_first(&self) {
        self.lock().over_first += 1;
    }

    pub fn let_in(&self) {
        self.lock().let_in += 1;
    }

    /// Looked when the place was over.
    pub fn missed(&self) {
        self.lock().missed += 1;
    }

    /// A visitor is told a number. Nobody else ever is told the same.
    pub fn number(&self, visitor: usize, number: u64) {
        let mut book = self.lock();
        match book.number_of.insert(visitor, number) {
            None => book.numbered += 1,
            Some(before) if before != number => book.moved += 1,
            Some(_) => {}
        }
        let owner = *book.numbers.entry(number).or_insert(visitor);
        if owner != visitor {
            book.wrong("a number was given twice", format!("number {number}"));
        }
    }

    /// Of those in line.
    pub fn numbers(&self, visitors: &[usize]) -> Vec<Option<u64>> {
        let book = self.lock();
        visitors.iter().map(|visitor| book.number_of.get(visitor).copied()).collect()
    }

    /// A visitor has a place until then.
    pub fn inside(&self, visitor: usize, until: Timestamp, now: Timestamp) {
        let mut book = self.lock();
        book.end_places(now);
        let before = book.places.get(&visitor).copied();
        let until = before.map_or(until, |before| before.max(until));
        book.out(visitor);
        if until <= now {
            return;
        }
        book.places.insert(visitor, until);
        book.ending.insert((until, visitor));
        let inside = book.places.len();
        book.inside_most = book.inside_most.max(inside);
        if inside > self.capacity {
            let example = format!("{inside} of at most {}", self.capacity);
            book.wrong("more visitors had a place at the same time than fit", example);
        }
    }

    /// From now on the place may be somebody else's.
    pub fn out(&self, visitor: usize) {
        self.lock().out(visitor);
    }

    pub fn sold(&self, visitor: usize, seats: &[Uuid]) {
        let mut book = self.lock();
        for seat in seats {
            book.unsure.remove(seat);
            if book.sold.insert(*seat, visitor).is_some() {
                book.wrong("a seat was sold twice", format!("seat {seat}"));
            }
        }
    }

    pub fn unsure(&self, seats: &[Uuid]) {
        let mut book = self.lock();
        let more: Vec<_> = seats.iter().filter(|seat| !book.sold.contains_key(seat)).collect();
        book.unsure.extend(more);
    }

    pub fn wrong(&self, what: &'static str, example: String) {
        self.lock().wrong(what, example);
    }

    pub fn ended(&self, end: End) {
        *self.lock().ends.entry(end).or_default() += 1;
    }

    pub fn witness(&self, user: Uuid, entry: &str) {
        let mut book = self.lock();
        if book.witnesses.len() < WITNESSES_MAX {
            book.witnesses.push((user, entry.to_owned()));
        }
    }

    /// As it is now.
    pub fn look<T>(&self, now: Timestamp, at: impl FnOnce(&Book) -> T) -> T {
        let mut book = self.lock();
        book.end_places(now);
        at(&book)
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1_000)
    }

    fn wrong(ledger: &Ledger) -> Vec<&'static str> {
        ledger.look(at(0), |book| book.wrong.keys().copied().collect())
    }

    #[test]
    fn a_place_counts_until_it_is_over_or_given_up() {
        let ledger = Ledger::new(2);
        ledger.inside(1, at(10), at(0));
        ledger.inside(2, at(20), at(1));
        ledger.inside(3, at(20), at(10));
        ledger.out(2);
        ledger.inside(4, at(30), at(12));
        assert_eq!(wrong(&ledger), [""; 0]);
        assert_eq!(ledger.look(at(12), Book::inside), 2);
        // Seats on hold make a place last longer.
        ledger.inside(3, at(40), at(13));
        ledger.inside(5, at(40), at(21));
        assert_eq!(wrong(&ledger), ["more visitors had a place at the same time than fit"]);
        assert_eq!(ledger.look(at(41), |book| (book.inside(), book.inside_most)), (0, 3));
    }

    #[test]
    fn a_number_and_a_seat_are_one_visitors() {
        let ledger = Ledger::new(1);
        ledger.number(1, 7);
        ledger.number(1, 7);
        ledger.number(2, 8);
        ledger.number(2, 9);
        assert_eq!(wrong(&ledger), [""; 0]);
        ledger.number(3, 8);
        let seat = Uuid::from_u128(1);
        ledger.unsure(&[seat]);
        ledger.sold(1, &[seat]);
        ledger.sold(2, &[seat]);
        assert_eq!(wrong(&ledger), ["a number was given twice", "a seat was sold twice"]);
        let counts = ledger.look(at(0), |book| (book.numbered, book.moved, book.unsure.len()));
        assert_eq!(counts, (3, 1, 0));
        assert_eq!(ledger.numbers(&[2, 9]), [Some(9), None]);
        ledger.out_of_line(2);
        assert_eq!(ledger.numbers(&[2]), [None]);
    }
}
