//! What must be true when all have gone home.

use std::collections::HashSet;

use crate::{
    board::{Seats, Status},
    ledger::{Book, End},
    plan::Plan,
};

/// What the crowd saw, and what is there at the end.
#[derive(Clone, Debug)]
pub struct Facts {
    pub plan: Plan,
    pub book: Book,
    pub seats: Seats,
    pub status: Status,
    /// Inside, as the status said, at most.
    pub told_inside_most: u32,
    /// Inside, as the status said, and the capacity then.
    pub too_many: Option<(u32, u32)>,
    /// Why it had to be broken off, if it had.
    pub stuck: Option<String>,
}

/// One thing that must be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub holds: bool,
    pub text: String,
}

pub fn findings(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![
        everybody_counts(facts),
        everybody_has_a_number(facts),
        nobody_too_many(facts),
        seats_add_up(facts),
        sold_once(facts),
        the_room_knows(facts),
        everybody_was_told(facts),
    ];
    let wrong = facts.book.wrong.iter();
    findings.extend(wrong.map(|(what, (count, example))| Finding {
        holds: false,
        text: format!("{what}: {count} times, as in {example}"),
    }));
    let stuck = facts.stuck.iter().map(|text| Finding { holds: false, text: text.clone() });
    findings.extend(stuck);
    findings
}

fn ends(facts: &Facts, end: End) -> usize {
    facts.book.ends.get(&end).copied().unwrap_or_default()
}

fn everybody_counts(facts: &Facts) -> Finding {
    let Book { arrived, joined, .. } = facts.book;
    let refused = arrived.saturating_sub(joined);
    let holds = arrived == facts.plan.visitors && refused <= ends(facts, End::TooLate);
    let text = format!("each of {arrived} who came joined, or came too late: {joined} + {refused}");
    Finding { holds, text }
}

fn everybody_has_a_number(facts: &Facts) -> Finding {
    let Book { joined, numbered, straight_in, over_first, .. } = facts.book;
    let text = format!(
        "each of {joined} who joined got a number of their own ({numbered}), or was let in \
         ({straight_in}) or the sale over ({over_first}) before they could ask"
    );
    Finding { holds: joined == numbered + straight_in + over_first, text }
}

fn nobody_too_many(facts: &Facts) -> Finding {
    let (told, known, capacity) =
        (facts.told_inside_most, facts.book.inside_most, facts.plan.capacity);
    let fits = usize::try_from(capacity).is_ok_and(|capacity| known <= capacity);
    let text = format!(
        "never more inside than {capacity}: at most {told} as the room told, {known} as visitors knew"
    );
    Finding { holds: facts.too_many.is_none() && fits, text }
}

fn seats_add_up(facts: &Facts) -> Finding {
    let (sold, held, free) = (facts.seats.sold.len(), facts.seats.held, facts.seats.free.len());
    let on_hold = if held == 0 { String::new() } else { format!(" + {held} on hold") };
    let seats = facts.plan.seats;
    let text = format!("sold + free = seats: {sold} + {free}{on_hold} = {seats}");
    Finding { holds: sold + held + free == seats && facts.seats.all == seats, text }
}

/// The map shows sold what was paid for, and nothing else.
fn sold_once(facts: &Facts) -> Finding {
    let Book { sold, unsure, .. } = &facts.book;
    let shown: HashSet<_> = facts.seats.sold.iter().collect();
    let all = sold.keys().all(|seat| shown.contains(seat));
    let only = shown.iter().all(|seat| sold.contains_key(*seat) || unsure.contains(seat));
    let text = format!("no seat was sold twice: {} paid for, {} sold", sold.len(), shown.len());
    Finding { holds: all && only, text }
}

fn the_room_knows(facts: &Facts) -> Finding {
    let (sold, left) = (facts.seats.sold.len(), facts.status.seats_left);
    let adds_up = usize::try_from(left).is_ok_and(|left| left + sold == facts.plan.seats);
    Finding { holds: adds_up, text: format!("the room knows what is sold: {left} seats left") }
}

fn everybody_was_told(facts: &Facts) -> Finding {
    let end = |end| ends(facts, end);
    let text = format!(
        "all know how it ended: {} served, {} expired, {} left, {} still in line when the sale ended, {} too \
         late; {} had closed the page",
        end(End::Served),
        end(End::Expired),
        end(End::Left),
        end(End::SaleOver),
        end(End::TooLate),
        end(End::Gone),
    );
    let waited_in_vain = end(End::SaleOver) + end(End::TooLate);
    let holds = facts.book.ended() == facts.plan.visitors
        && end(End::Lost) == 0
        && (waited_in_vain == 0 || facts.status.is_over());
    Finding { holds, text }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use uuid::Uuid;

    use super::*;

    fn facts() -> Facts {
        let plan = Plan {
            visitors: 6,
            seats: 3,
            arrivals: Duration::ZERO,
            early: Duration::ZERO,
            capacity: 2,
            place_seconds: 1,
            walk_away: 0.2,
            connected: 0.05,
            seed: 1,
        };
        let ids: Vec<_> = (0..3).map(Uuid::from_u128).collect();
        let ends = [
            (End::Served, 2),
            (End::Left, 1),
            (End::Gone, 1),
            (End::SaleOver, 1),
            (End::TooLate, 1),
        ];
        let book = Book {
            arrived: 6,
            joined: 5,
            numbered: 4,
            straight_in: 1,
            ends: BTreeMap::from(ends),
            inside_most: 2,
            sold: ids.iter().copied().zip([1, 1, 2]).collect(),
            ..Book::default()
        };
        let seats = Seats { sold: ids, all: 3, ..Seats::default() };
        let status = Status { status: "sold_out".to_owned(), ..Status::default() };
        Facts { plan, book, seats, status, told_inside_most: 2, too_many: None, stuck: None }
    }

    /// Which findings do not hold, by their place.
    fn broken(change: impl FnOnce(&mut Facts)) -> Vec<usize> {
        let mut facts = facts();
        change(&mut facts);
        let findings = findings(&facts).into_iter().enumerate();
        findings.filter(|(_, finding)| !finding.holds).map(|(at, _)| at).collect()
    }

    #[test]
    fn what_adds_up_holds() {
        assert_eq!(broken(|_| {}), [0; 0]);
    }

    #[test]
    fn each_kind_of_trouble_is_found() {
        assert_eq!(broken(|facts| facts.book.arrived = 5), [0]);
        assert_eq!(broken(|facts| facts.book.numbered = 3), [1]);
        assert_eq!(broken(|facts| facts.too_many = Some((3, 2))), [2]);
        assert_eq!(broken(|facts| facts.book.inside_most = 3), [2]);
        assert_eq!(broken(|facts| facts.seats.free.push(Uuid::nil())), [3]);
        assert_eq!(broken(|facts| facts.seats.sold[0] = Uuid::max()), [4]);
        assert_eq!(broken(|facts| facts.status.seats_left = 1), [5]);
        assert_eq!(broken(|facts| facts.status.status = "open".to_owned()), [6]);
        let lost = |facts: &mut Facts| {
            facts.book.ends.remove(&End::Left);
            facts.book.ends.insert(End::Lost, 1);
        };
        assert_eq!(broken(lost), [6]);
        let twice = ("a seat was sold twice", (1, String::new()));
        assert_eq!(broken(|facts| facts.book.wrong.extend([twice])), [7]);
        assert_eq!(broken(|facts| facts.stuck = Some(String::new())), [7]);
    }
}
