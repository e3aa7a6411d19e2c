//! Leaving the line.

use serde_json::json;

use crate::harness::Marquee;

#[tokio::test]
async fn who_leaves_the_line_keeps_nobody_waiting_and_comes_back_to_its_end() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(10, json!({ "capacity": 1 })).await;
    let visitors = lobby.visitors(3).await;
    let [inside, leaver, next] = &visitors[..] else { panic!("three") };
    lobby.pass(inside).await;
    lobby.await_entry(leaver, "number", 2).await;
    lobby.await_entry(next, "number", 3).await;
    for _ in 0..2 {
        lobby.leave(leaver).await.expect_no_content();
    }
    lobby.await_entry(leaver, "status", "left").await;

    lobby.join(leaver.user).await.expect(202);
    let back = lobby.await_entry(leaver, "status", "waiting").await;
    assert_eq!(back["id"], *leaver.entry);
    lobby.await_entry(leaver, "number", 4).await;
    lobby.buy(inside, &lobby.seats[0]).await;
    lobby.pass(next).await;
    let behind = lobby.await_entry(leaver, "position", 1).await;
    assert_eq!(behind["status"], "waiting", "{behind}");
    lobby.buy(next, &lobby.seats[1]).await;
    lobby.pass(leaver).await;
}

#[tokio::test]
async fn who_leaves_from_inside_has_no_pass_any_more() {
    let marquee = Marquee::start().await;
    let lobby = marquee.room(10, json!({ "capacity": 1 })).await;
    let elsewhere = marquee.room(1, json!({})).await;
    let visitors = lobby.visitors(2).await;
    let [leaver, next] = &visitors[..] else { panic!("two") };
    lobby.pass(leaver).await;
    for _ in 0..2 {
        lobby.leave(leaver).await.expect_no_content();
    }
    let left = lobby.await_entry(leaver, "status", "left").await;
    assert!(left.get("pass").is_none(), "{left}");
    // The pass that was given is good for a while: until it is over, the next waits.
    elsewhere.pass(&elsewhere.visitor().await).await;
    assert_eq!(lobby.entry(next).await["status"], "waiting");
    lobby.await_status("inside", 1).await;
}
