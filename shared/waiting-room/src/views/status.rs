//! What everybody is told: from it, a visitor who knows their number computes their position.

use marquee_kernel::time::Timestamp;
use marquee_waiting_room_domain::phase::Phase;
use serde::Serialize;
use uuid::Uuid;

use crate::store::rooms::OpenRoom;

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = QueueStatus))]
pub struct StatusView {
    session_id: Uuid,
    #[cfg_attr(feature = "openapi", schema(schema_with = phase_schema))]
    status: &'static str,
    /// Visitors up to this number have had their turn.
    serving: u64,
    /// Visitors let in per minute, as counted lately.
    rate_per_minute: u32,
    /// Let in and not out yet.
    inside: u32,
    /// Not sold; some of them may be on hold.
    seats_left: u32,
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    opens_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    draw: DrawView,
}

/// How the order of those who came before the opening is drawn. Anybody can check it: see
/// docs/contexts/waiting-room.md.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = QueueDraw))]
pub struct DrawView {
    /// SHA-256 of the seed.
    seed_hash: String,
    /// Once it is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<String>,
    /// Slots of each early line, once it is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    early: Option<Vec<u32>>,
}

#[cfg(feature = "openapi")]
fn phase_schema() -> utoipa::openapi::schema::Object {
    super::one_of(Phase::NAMES)
}

impl StatusView {
    pub fn new(room: &OpenRoom, now: Timestamp) -> Self {
        let OpenRoom { room, tally, .. } = room;
        let drawn = room.drawn.is_some();
        let phase: Phase = room.phase(tally, now);
        Self {
            session_id: room.session.uuid(),
            status: phase.as_str(),
            serving: tally.serving,
            rate_per_minute: tally.rate(now).unwrap_or_default(),
            inside: tally.inside,
            seats_left: tally.seats_left(room),
            opens_at: room.settings.opens_at.to_string(),
            message: room.settings.message.clone(),
            draw: DrawView {
                seed_hash: room.seed.commitment(),
                seed: drawn.then(|| room.seed.to_hex()),
                early: room.drawn.clone(),
            },
        }
    }
}
