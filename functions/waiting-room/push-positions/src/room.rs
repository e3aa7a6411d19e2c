//! Telling those who are connected to one room.

use std::time::Duration;

use marquee_dynamo::error::StoreError;
use marquee_waiting_room::{
    push::{Push, Pushes},
    store::sockets::Part,
    views::{pushed::Pushed, status::StatusView},
};
use marquee_waiting_room_domain::{ids::SessionId, phase::Phase};
use tokio::time::{Instant, sleep_until};

use crate::Run;

const PAGE_LEN: usize = 100;

impl Run<'_> {
    /// Half a read unit if nobody has ever been connected; else a whole one more, and half of one for some
    /// twenty-five connections.
    pub(crate) async fn tell_room(self, session: SessionId) -> Result<Pushes, StoreError> {
        let mut pushes = Pushes::default();
        let now = self.clock.now();
        let Some(room) = self.store.room(session, false).await? else { return Ok(pushes) };
        if !room.live || room.room.phase(&room.tally, now) == Phase::Closed {
            return Ok(pushes);
        }
        let status = StatusView::new(&room, now);
        let text = Pushed::Status { status: &status }.to_text();
        let push = Push { store: self.store, sockets: self.sockets, now };
        let first = self.first.to_string();
        for part in [Part::After(&first), Part::UpTo(&first)] {
            let mut after: Option<String> = None;
            loop {
                let begun = Instant::now();
                let page = self.store.sockets(session, part, PAGE_LEN, after.as_deref()).await?;
                pushes = pushes + push.post_all(&page.items, &text).await;
                sleep_until(begun + self.takes(page.items.len())).await;
                after = page.next;
                if self.clock.now() >= self.until {
                    return Ok(pushes);
                }
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(pushes)
    }

    /// How long so many posts have to take.
    fn takes(self, posts: usize) -> Duration {
        let posts = u32::try_from(posts).unwrap_or(u32::MAX);
        Duration::from_secs(1) * posts / self.limits.posts_per_second.max(1)
    }
}
