//! A ticket's use at the door.

use marquee_kernel::time::Timestamp;
use uuid::Uuid;

/// The one time a ticket was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    pub at: Timestamp,
    /// Gate or device, as it names itself.
    pub gate: String,
    /// Which request it was, so that one whose answer was lost knows its own.
    pub request: Uuid,
}
