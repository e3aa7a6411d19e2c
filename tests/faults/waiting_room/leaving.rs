//! Who leaves with seats on hold.

use std::time::Duration;

use marquee_kernel::time::Clock;
use marquee_lambda::consumer::Outcome;
use marquee_waiting_room_domain::visitor::Status;
use serde_json::Value;

use super::{
    admission::told,
    lobby::{Lobby, entry_id},
};

/// Otherwise their joining would be older than the end of their entry, and be taken for an old message.
#[tokio::test]
async fn who_left_with_seats_on_hold_stays_so_when_the_hold_ends_and_joins_again_from_then_on() {
    let lobby = Lobby::open(100, |settings| settings.capacity = 1).await;
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    let held = lobby.reservation(1, "held", 1).await;
    let expired = lobby.reservation(1, "expired", 1).await;
    told(&lobby, &[held]).await;
    let path = format!("/entries/{}", entry_id(1));
    assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    lobby.clock.advance(Duration::from_secs(1));
    let again = [lobby.arrival(1, 0)];
    lobby.clock.advance(Duration::from_secs(600));
    told(&lobby, &[expired]).await;
    assert_eq!(lobby.status(1).await, Status::Left);
    assert_eq!(lobby.seat(&lobby.sound(), &again).await, Some(vec![Outcome::Done]));
    assert_eq!(lobby.status(1).await, Status::Waiting);
}

/// The room cannot know of a message that is still on its way.
#[tokio::test]
async fn who_joins_again_and_leaves_at_once_stays_away() {
    let lobby = Lobby::open(100, |_| ()).await;
    lobby.line_up(1..=1).await;
    let path = format!("/entries/{}", entry_id(1));
    assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    lobby.clock.advance(Duration::from_secs(5));
    let again = [lobby.arrival(1, 0)];
    for later in [40, 0] {
        lobby.clock.advance(Duration::from_millis(later));
        assert_eq!(lobby.call(1, "DELETE", &path, &Value::Null).await.0, 204);
    }
    assert_eq!(lobby.seat(&lobby.sound(), &again).await, Some(vec![Outcome::Done]));
    assert_eq!(lobby.status(1).await, Status::Left);
    // Whoever joins after that waits again.
    lobby.clock.advance(Duration::from_secs(1));
    let later = [lobby.arrival(1, 0)];
    assert_eq!(lobby.seat(&lobby.sound(), &later).await, Some(vec![Outcome::Done]));
    assert_eq!(lobby.status(1).await, Status::Waiting);
}

#[tokio::test]
async fn nobody_leaves_by_an_old_look_once_seats_are_on_hold() {
    let lobby = Lobby::open(100, |settings| {
        settings.capacity = 1;
        settings.place_seconds = 3_600;
    })
    .await;
    lobby.line_up(1..=1).await;
    lobby.admit().await;
    let seen = lobby.entry(1).await.expect("an entry");
    let held = lobby.reservation(1, "held", 1).await;
    told(&lobby, &[held]).await;
    let pass = Duration::from_secs(60);
    let left = lobby.truth().leave(&seen, pass, lobby.clock.now()).await.expect("storage");
    assert!(!left, "the place would be over before the hold");
}
