//! The names of what is measured of waiting rooms.

/// Visitors behind the serving numbers.
pub const DEPTH: &str = "QueueDepth";
/// What the last visitor of a line would be told, in the line with the longest wait.
pub const WAIT: &str = "QueueWait";
pub const INSIDE: &str = "VisitorsInside";
pub const ADMISSIONS_PER_MINUTE: &str = "AdmissionsPerMinute";
pub const ADMITTED: &str = "VisitorsAdmitted";
/// Who left the line, counted when it comes to their slot; and whose place ended without a sale.
pub const ABANDONED: &str = "VisitorsAbandoned";
pub const SEATS_SOLD: &str = "SeatsSold";
