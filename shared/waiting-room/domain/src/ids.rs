//! Identifiers, which say where things are.

use marquee_kernel::{identifiers, ids::UserId};
use uuid::Uuid;

use crate::slot::Slot;

identifiers! {
    /// The session that the room stands before, as booking names it.
    SessionId
    /// A user's entry in a session's room.
    EntryId
}

impl EntryId {
    /// It follows from the session and the user, so that a user has one entry however often they join.
    pub fn of(session: SessionId, user: UserId) -> Self {
        Self::new(Uuid::new_v5(&session.uuid(), user.uuid().as_bytes()))
    }

    /// What a pass names. A user who joins again, after a place is over, has another slot and so another
    /// place.
    pub fn place(self, slot: Slot) -> Uuid {
        Uuid::new_v5(&self.uuid(), slot.to_string().as_bytes())
    }
}
