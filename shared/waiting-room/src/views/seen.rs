//! A room as it was when it was read.

use std::sync::Arc;

use marquee_waiting_room_domain::lot::Lot;

use crate::store::rooms::OpenRoom;

#[derive(Debug)]
pub struct Seen {
    pub room: OpenRoom,
    /// Once it is drawn. It takes a while to work out, and never changes.
    pub lot: Option<Arc<Lot>>,
}

impl Seen {
    /// `before` is the same room as it was read earlier, if it was.
    pub fn new(room: OpenRoom, before: Option<&Self>) -> Self {
        let known = before.and_then(|before| before.lot.clone());
        let lot = known.or_else(|| room.room.lot().map(Arc::new));
        Self { room, lot }
    }
}
