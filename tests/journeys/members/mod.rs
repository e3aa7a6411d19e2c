//! The conference document: a member's seat is stored by one message and asked for by another.

use std::time::Duration;

use marquee_host::members::{MembersRequest, rabbitmq, sqs};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, eventually};

const TIMEOUT: Duration = Duration::from_secs(20);
const EXCHANGE: &str = "members_exchange";

fn get(member: &str) -> MembersRequest {
    MembersRequest::Get { member: member.to_owned() }
}

fn save(member: &str, seat: &str) -> MembersRequest {
    MembersRequest::Save { member: member.to_owned(), seat: seat.to_owned(), replaces: None }
}

fn change(member: &str, seat: &str, old: &str) -> MembersRequest {
    let replaces = Some(old.to_owned());
    MembersRequest::Save { member: member.to_owned(), seat: seat.to_owned(), replaces }
}

/// A member and two seats that no other test has.
fn names() -> (String, String, String) {
    let mark = Uuid::new_v4().simple().to_string();
    (format!("M-{mark}"), format!("A-{}", &mark[..8]), format!("B-{}", &mark[..8]))
}

impl Marquee {
    /// Asks by message and waits for the answer, as `marquee members` does.
    async fn ask(&self, request: &MembersRequest) -> Value {
        if let Some(url) = self.amqp_url() {
            let mut client = rabbitmq::MembersClient::open(&url).await.expect("a client");
            return client.ask(request, TIMEOUT).await.expect("an answer");
        }
        if self.deployed_prefix().is_some() {
            let prefix = self.queue_url_prefix().await;
            let mut client = sqs::MembersClient::open(&prefix).await.expect("a client");
            let answer = client.ask(request, TIMEOUT).await;
            client.close().await.expect("closed");
            return answer.expect("an answer");
        }
        let (reply_to, question) = (format!("member_replies_{}", Uuid::new_v4()), Uuid::new_v4());
        let (_, _, key) = request.parts();
        let path = format!(
            "/_host/exchanges/{EXCHANGE}/{key}?reply_to={reply_to}&correlation_id={question}"
        );
        let sent = self.send(Method::POST, &path, &[], Some(request.body().to_string())).await;
        assert_eq!(sent.status, 202);
        let reply = self.await_reply(&reply_to).await;
        assert_eq!(reply["attributes"]["correlation_id"], json!(question));
        serde_json::from_str(reply["body"].as_str().expect("a body")).expect("json")
    }

    /// On the in-process broker: the one answer that comes to that queue.
    async fn await_reply(&self, queue: &str) -> Value {
        let mut seen = Vec::new();
        let came = eventually(async || {
            let replies = self.get(&format!("/_host/queues/{queue}/replies")).await.expect(200);
            seen.extend(replies.as_array().expect("a list").iter().cloned());
            !seen.is_empty()
        });
        assert!(came.await, "nothing came to {queue}");
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

#[tokio::test]
async fn a_seat_is_saved_by_one_message_and_asked_for_by_another() {
    let marquee = Marquee::start().await;
    let (member, seat, _) = names();
    let saved = marquee.ask(&save(&member, &seat)).await;
    let payload = json!({ "member_id": member, "seat_number": seat });
    assert_eq!(saved, json!({ "label": "Member Saved", "payload": payload }));
    let answer = marquee.ask(&get(&member)).await;
    assert_eq!(answer, json!({ "label": "Seat Number", "payload": payload }));
    let path = format!("/api/v1/members/{member}/seat");
    assert_eq!(marquee.get(&path).await.expect(200), payload);
}

#[tokio::test]
async fn a_question_that_names_no_queue_is_answered_in_the_one_for_all() {
    let marquee = Marquee::start().await;
    let (member, seat, _) = names();
    marquee.ask(&save(&member, &seat)).await;
    let wire = marquee.wire().await;
    wire.publish(EXCHANGE, "seat.get", &get(&member).body().to_string()).await;
    let answer: Value = serde_json::from_str(&wire.reply(&member).await).expect("json");
    assert_eq!(answer["label"], "Seat Number");
    assert_eq!(answer["payload"]["seat_number"], json!(seat));
}

#[tokio::test]
async fn an_unknown_member_is_an_answer_and_not_silence() {
    let marquee = Marquee::start().await;
    let (member, ..) = names();
    let answer = marquee.ask(&get(&member)).await;
    assert_eq!(answer["label"], "Member Not Found");
    assert_eq!(answer["payload"]["member_id"], json!(member));
    let path = format!("/api/v1/members/{member}/seat");
    marquee.get(&path).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_member_has_one_seat_and_a_seat_one_member() {
    let marquee = Marquee::start().await;
    let ((first, seat, other), (second, ..)) = (names(), names());
    for _ in 0..2 {
        let saved = marquee.ask(&save(&first, &seat)).await;
        assert_eq!(saved["label"], "Member Saved", "again is a success");
    }
    let taken = marquee.ask(&save(&second, &seat)).await;
    assert_eq!(taken["label"], "Seat Taken", "{taken}");
    assert_eq!(marquee.ask(&get(&second)).await["label"], "Member Not Found", "and goes nowhere");
    let has = marquee.ask(&save(&first, &other)).await;
    assert_eq!(has["label"], "Member Has Seat");
    assert_eq!(has["payload"]["seat_number"], json!(seat));
    assert_eq!(marquee.ask(&get(&first)).await["payload"]["seat_number"], json!(seat));
}

#[tokio::test]
async fn a_seat_is_changed_by_naming_the_old_one_which_is_free_then() {
    let marquee = Marquee::start().await;
    let ((first, old, new), (second, ..)) = (names(), names());
    marquee.ask(&save(&first, &old)).await;
    assert_eq!(marquee.ask(&change(&first, &new, "Z-9")).await["label"], "Member Has Seat");
    for _ in 0..2 {
        let changed = marquee.ask(&change(&first, &new, &old)).await;
        assert_eq!(changed["label"], "Member Saved", "{changed}");
        // Somebody else takes the seat; the change comes again all the same.
        assert_eq!(marquee.ask(&save(&second, &old)).await["label"], "Member Saved");
    }
    assert_eq!(marquee.ask(&get(&first)).await["payload"]["seat_number"], json!(new));
    assert_eq!(marquee.ask(&get(&second)).await["payload"]["seat_number"], json!(old));
    let taken = marquee.ask(&change(&second, &new, &old)).await;
    assert_eq!(taken["label"], "Seat Taken");
    assert_eq!(marquee.ask(&change("M-nobody", "Q-1", "Q-2")).await["label"], "Member Not Found");
}

#[tokio::test]
async fn what_is_no_request_is_a_dead_letter_and_does_not_hold_up_the_others() {
    let marquee = Marquee::start().await;
    let (member, seat, _) = names();
    let poison = json!({ "label": "Eat", "member_id": member }).to_string();
    let wire = marquee.wire().await;
    wire.publish(EXCHANGE, "seat.get", &poison).await;
    assert_eq!(marquee.ask(&save(&member, &seat)).await["label"], "Member Saved");
    let reason = wire.dead_letter("member_messages", &poison).await;
    assert!(reason.contains("\"Eat\" is neither"), "{reason}");
}
