//! What one caller may have in a minute.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::booking::world::{HOLD, World};

#[tokio::test]
async fn one_user_makes_no_more_than_thirty_reservations_of_a_session_in_a_minute() {
    let world = World::new().await;
    let (session, seats) = world.session(1, 1).await;
    let user = Uuid::new_v4();
    for _ in 0..30 {
        let id = world.held(user, &session, &[&seats[0]]).await;
        let path = format!("/api/v1/reservations/{id}");
        assert_eq!(world.call("DELETE", &path, Some(user), &Value::Null).await.0, 200);
        world.clock_by(Duration::from_secs(1));
    }
    let (status, problem) = world.hold(user, &session, &[&seats[0]]).await;
    assert_eq!((status, &problem["type"]), (429, &json!("/problems/too-many-requests")));
    assert_eq!(problem["retry_after"], 30, "the first was thirty seconds ago");
    assert_eq!(world.hold(Uuid::new_v4(), &session, &[&seats[0]]).await.0, 201, "others may");
    world.clock_by(HOLD);
    assert_eq!(world.hold(user, &session, &[&seats[0]]).await.0, 201);
}
