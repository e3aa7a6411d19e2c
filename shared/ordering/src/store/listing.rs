//! What lists there are, newest first.

use marquee_dynamo::table::list::List;
use marquee_ordering_domain::names::StudentId;

use super::{
    keys,
    schema::{BY_STUDENT, RECENT},
};

/// Whether this is a position in a list: `<13 digits>#<order>`.
pub fn is_position(text: &str) -> bool {
    let digits = |millis: &str| millis.len() == 13 && millis.bytes().all(|b| b.is_ascii_digit());
    text.split_once('#').is_some_and(|(millis, order)| digits(millis) && !order.is_empty())
}

/// Everything of a kind.
pub(super) fn of_kind(kind: &str) -> List {
    List::new(RECENT, keys::list_shards(kind)).descending()
}

pub(super) fn of_student(student: &StudentId) -> List {
    List::new(BY_STUDENT, vec![student.to_string()]).descending()
}
