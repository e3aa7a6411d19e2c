//! What a visitor was told, to be held against what there is.

use std::{cell::RefCell, collections::BTreeMap};

use uuid::Uuid;

use crate::scenes::booking::{Fact, Told};

/// Of all visitors.
#[derive(Debug, Default)]
pub(super) struct Record {
    visitors: RefCell<BTreeMap<Uuid, Visits>>,
    told: RefCell<Vec<Told>>,
}

/// Of one visitor.
#[derive(Clone, Debug, Default)]
pub(super) struct Visits {
    pub(super) entry: Option<Uuid>,
    /// When those calls were made that were answered by 202, since the visitor last wanted to leave.
    pub(super) taken: Vec<i64>,
    /// A call to leave had no answer: it may still be done, whatever the visitor wants by then.
    pub(super) may_leave: bool,
    /// When it was heard that they have left, if nothing was asked since, or left unanswered.
    pub(super) left_at: Option<i64>,
    /// For seats, when they joined last.
    pub(super) has_asked: bool,
    /// Calls under way, or without an answer.
    open: usize,
}

impl Record {
    pub(super) fn with<T>(&self, user: Uuid, change: impl FnOnce(&mut Visits) -> T) -> T {
        change(self.visitors.borrow_mut().entry(user).or_default())
    }

    pub(super) fn visitors(&self) -> Vec<(Uuid, Visits)> {
        self.visitors.borrow().iter().map(|(user, visits)| (*user, visits.clone())).collect()
    }

    /// A call that joins begins.
    pub(super) fn joins(&self, user: Uuid) {
        self.with(user, |visits| {
            visits.left_at = None;
            visits.open += 1;
        });
    }

    /// It was answered. One that was not may still come to something.
    pub(super) fn is_answered(&self, user: Uuid) {
        self.with(user, |visits| visits.open -= 1);
    }

    /// Whoever is still on the way into the line need not get there.
    pub(super) fn begins_to_leave(&self, user: Uuid) {
        self.with(user, |visits| visits.taken.clear());
    }

    pub(super) fn leaves(&self, user: Uuid, at: i64) {
        self.with(user, |visits| visits.left_at = (visits.open == 0).then_some(at));
    }

    pub(super) fn tell(&self, user: Uuid, reservation: &str, fact: Fact) {
        self.told.borrow_mut().push(Told { user, reservation: reservation.to_owned(), fact });
    }

    pub(super) fn told(&self) -> Vec<Told> {
        self.told.borrow().clone()
    }
}
