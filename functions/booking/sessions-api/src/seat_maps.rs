//! Seat maps, each read at most once a second, or as often as is set, for all who look at it.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use axum::body::Bytes;
use marquee_booking_domain::{ids::SessionId, seating::BlockState};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{problem::Problem, snapshots::Snapshots};
use tokio::sync::OnceCell;

/// Those looked at last; a map of 10,000 seats takes some 8 MB.
const MAPS_MAX: NonZeroUsize = NonZeroUsize::new(16).unwrap();

/// A session's seats as one reading found them, and the answers that were made of it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) blocks: Vec<BlockState>,
    pub(crate) at: Timestamp,
    pub(crate) map: OnceCell<Answer>,
    pub(crate) seats: OnceCell<Answer>,
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) body: Bytes,
    /// Of the answer, not of the data: a hold that runs out changes it with nothing written.
    pub(crate) tag: String,
}

#[derive(Clone)]
pub struct SeatMaps(Snapshots<SessionId, Snapshot>);

impl std::fmt::Debug for SeatMaps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeatMaps").finish_non_exhaustive()
    }
}

impl SeatMaps {
    pub fn new(max_age: Duration) -> Self {
        Self(Snapshots::new(max_age, MAPS_MAX))
    }

    pub(crate) async fn get(
        &self,
        session: SessionId,
        clock: &dyn Clock,
        read: impl Future<Output = Result<Vec<BlockState>, StoreError>>,
    ) -> Result<Arc<Snapshot>, Problem> {
        let snapshot = async {
            // Seats are shown as of this reading, and not as of the call.
            let at = clock.now();
            let (map, seats) = (OnceCell::new(), OnceCell::new());
            Ok(Snapshot { blocks: read.await?, at, map, seats })
        };
        self.0.get(session, snapshot).await
    }
}
