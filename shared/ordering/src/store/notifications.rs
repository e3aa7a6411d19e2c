//! That a student was told of a reservation: once for each order.

use marquee_dynamo::{
    error::StoreError,
    item::{Item, item, text},
    table::{Page, list::Search},
};
use marquee_kernel::time::Timestamp;
use marquee_ordering_domain::{names::StudentId, order::OrderLine};

use super::{OrderingStore, items, keys, listing};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub line: OrderLine,
    pub at: Timestamp,
}

impl OrderingStore {
    /// Records a notification; `false` if there is one for the order. Two write units, one of them
    /// for the list.
    pub async fn notify(&self, line: &OrderLine, now: Timestamp) -> Result<bool, StoreError> {
        let mut notification = items::write_line(line, keys::NOTIFICATION);
        notification.extend(item([
            (keys::LIST, Some(text(keys::list_shard(keys::NOTIFICATION, &line.id)))),
            (keys::AT, Some(text(keys::position(now, &line.id)))),
        ]));
        Ok(self.table.put_new(notification).await?.is_none())
    }

    /// A page of notifications, newest first: everybody's, or one student's.
    pub async fn notifications(
        &self,
        student: Option<&StudentId>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Notification>, StoreError> {
        let fits = |notification: &Notification| notification.line.student.as_ref() == student;
        let search = Search { fits: student.is_some().then_some(&fits), ..Search::all(read) };
        self.table.search(&listing::of_kind(keys::NOTIFICATION), &search, limit, after).await
    }
}

fn read(item: &Item) -> Result<Notification, StoreError> {
    Ok(Notification { line: items::read_foreign_line(item)?, at: items::read_position(item)? })
}
