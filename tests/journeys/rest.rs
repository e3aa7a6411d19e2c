//! Waiting until nothing is on its way any more.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, eventually};

impl Marquee {
    /// Waits until messages that may be on their way have arrived and done nothing visible: until
    /// the queues are empty where they can be seen; where they cannot, until one published behind
    /// them has had its effect, and some time more for those that it overtook.
    pub(crate) async fn come_to_rest(&self) {
        match self.target.rest() {
            Some(time) => {
                self.await_one_more_event().await;
                tokio::time::sleep(time).await;
            }
            None => assert!(eventually(async || self.is_drained().await).await, "never drained"),
        }
    }

    async fn await_one_more_event(&self) {
        let session = self.new_session(1, 1).await;
        let seat = self.seat_ids(&session).await.remove(0);
        let reservation = Uuid::new_v4();
        let held = json!({ "session_seat_ids": [seat], "reservation_id": reservation });
        let path = format!("/api/internal/sessions/{session}/seats/reserve");
        self.post(&path, &held).await.expect(200);
        let key = "reservation.confirmed";
        let event = json!({
            "event_type": key, "reservation_id": reservation, "user_id": Uuid::nil(),
            "session_id": session, "session_seat_ids": [seat],
        });
        self.wire().await.publish("ticketing_events", key, &event.to_string()).await;
        self.await_status(&session, &seat, "sold").await;
    }

    async fn is_drained(&self) -> bool {
        let queues = self.get("/_host/queues").await.expect(200);
        queues.as_array().expect("a list").iter().all(|queue| {
            ["ready", "delayed", "in_flight"].iter().all(|state| queue["messages"][state] == 0)
        })
    }
}
