//! Members' seats, with everything around them in the test's hands.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::join_all;
use marquee_dynamo::error::StoreError;
use marquee_host::database::{LocalDatabase, table_name};
use marquee_lambda::consumer::{BatchHandler, Outcome};
use marquee_members::store::MembersStore;
use marquee_members_domain::{MemberId, Saved, SeatNumber};
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::{PublishError, Replies, Reply},
};
use marquee_testkit::{
    capacity::{CapacityMeter, units},
    faulty::Fault,
};
use on_member_message::OnMemberMessage;
use serde_json::{Value, json};

use crate::system::{batch, faulty_table};

struct Conference {
    database: LocalDatabase,
    store: MembersStore,
    meter: CapacityMeter,
}

impl Conference {
    async fn with_faults(plan: impl Fn(&str, u64) -> Fault + Send + Sync + 'static) -> Self {
        let database = LocalDatabase::open(None).await.expect("a database");
        let (table, meter) = faulty_table(&database, &table_name("members"), plan);
        let store = MembersStore::new(table);
        Self { database, store, meter }
    }

    async fn new() -> Self {
        Self::with_faults(|_, _| Fault::None).await
    }

    async fn save(&self, member: &str, seat: &str, replaces: Option<&str>) -> Saved {
        let replaces = replaces.map(name::<SeatNumber>);
        let saved = self.store.save(&name(member), &name(seat), replaces.as_ref()).await;
        saved.expect("storage")
    }

    async fn seat(&self, member: &str) -> Option<String> {
        let truth = MembersStore::new(self.database.table("members"));
        truth.seat(&name(member)).await.expect("storage").map(|seat| seat.to_string())
    }
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a name")
}

/// Takes answers, or is not there, as it is told.
#[derive(Debug, Default)]
struct Post {
    error: Option<PublishError>,
    sent: Mutex<Vec<Reply>>,
}

#[async_trait]
impl Replies for Post {
    async fn reply(&self, replies: &[Reply]) -> Vec<Result<(), PublishError>> {
        self.sent.lock().expect("not poisoned").extend_from_slice(replies);
        replies.iter().map(|_| self.error.clone().map_or(Ok(()), Err)).collect()
    }
}

impl Post {
    fn labels(&self) -> Vec<(String, String)> {
        let sent = self.sent.lock().expect("not poisoned");
        let label = |reply: &Reply| {
            let body: Value = serde_json::from_slice(&reply.message.body).expect("json");
            (reply.to.clone(), body["label"].as_str().expect("a label").to_owned())
        };
        sent.iter().map(label).collect()
    }
}

fn message(body: &Value, reply_to: Option<&str>) -> Message {
    let metadata = Metadata {
        id: Some("the-request".into()),
        reply_to: reply_to.map(str::to_owned),
        correlation_id: Some("question".into()),
        ..Metadata::default()
    };
    Message { metadata, body: body.to_string().into_bytes() }
}

async fn handle(conference: &Conference, post: &Arc<Post>, messages: &[Message]) -> Vec<Outcome> {
    let handler = OnMemberMessage { store: conference.store.clone(), replies: post.clone() };
    handler.handle_batch(&batch(messages)).await
}

#[tokio::test]
async fn of_twenty_members_at_once_one_gets_the_seat_and_of_twenty_seats_a_member_gets_one() {
    let conference = Conference::new().await;
    let members: Vec<_> = (0..20).map(|n| format!("M{n}")).collect();
    let all = members.iter().map(|member| conference.save(member, "1A", None));
    let saved = join_all(all).await;
    assert_eq!(saved.iter().filter(|saved| **saved == Saved::Saved).count(), 1, "{saved:?}");
    let seats: Vec<_> = (0..20).map(|n| format!("S{n}")).collect();
    let all = seats.iter().map(|seat| conference.save("Ada", seat, None));
    let saved = join_all(all).await;
    assert_eq!(saved.iter().filter(|saved| **saved == Saved::Saved).count(), 1, "{saved:?}");
    let has = conference.seat("Ada").await.expect("a seat");
    let others = saved.iter().filter(|saved| **saved == Saved::HasOther(name(&has)));
    assert_eq!(others.count(), 19, "the others hear which one it is");
}

#[tokio::test]
async fn an_old_change_that_comes_again_after_days_changes_nothing() {
    let conference = Conference::new().await;
    conference.save("Ada", "1A", None).await;
    assert_eq!(conference.save("Ada", "2B", Some("1A")).await, Saved::Saved);
    assert_eq!(conference.save("Ada", "3C", Some("2B")).await, Saved::Saved);
    assert_eq!(conference.save("Bob", "1A", None).await, Saved::Saved);
    assert_eq!(conference.save("Ada", "2B", Some("1A")).await, Saved::HasOther(name("3C")));
    assert_eq!(conference.save("Ada", "1A", None).await, Saved::SeatTaken);
    assert_eq!(conference.save("Ada", "3C", Some("2B")).await, Saved::Saved, "it was made before");
    assert_eq!(conference.seat("Ada").await.as_deref(), Some("3C"));
    assert_eq!(conference.seat("Bob").await.as_deref(), Some("1A"));
    // A copy of the change that was made last, when the seat that it gave up is somebody's.
    assert_eq!(conference.save("Zoe", "2B", None).await, Saved::Saved);
    assert_eq!(conference.save("Ada", "3C", Some("2B")).await, Saved::Saved, "it was made before");
    assert_eq!(conference.save("Eve", "2B", None).await, Saved::SeatTaken, "it is Zoe's still");
    assert_eq!(conference.save("Zoe", "4D", Some("2B")).await, Saved::Saved);
    assert_eq!(conference.save("Eve", "2B", Some("9Z")).await, Saved::HasNone);
    assert_eq!(conference.save("Eve", "2B", None).await, Saved::Saved, "it was given up");
}

#[tokio::test]
async fn a_save_or_change_whose_answer_is_lost_or_that_meets_others_is_made_once() {
    for fault in [Fault::AnswerLost, Fault::Conflict, Fault::Throttled] {
        let count = AtomicU64::new(0);
        let conference = Conference::with_faults(move |_, _| {
            // Each first try.
            let first = count.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
            if first { fault } else { Fault::None }
        })
        .await;
        assert_eq!(conference.save("Ada", "1A", None).await, Saved::Saved, "{fault:?}");
        assert_eq!(conference.save("Ada", "2B", Some("1A")).await, Saved::Saved, "{fault:?}");
        assert_eq!(conference.seat("Ada").await.as_deref(), Some("2B"));
        assert_eq!(conference.save("Bob", "1A", None).await, Saved::Saved, "{fault:?}");
    }
}

#[tokio::test]
async fn what_met_others_besides_is_neither_saved_nor_refused_but_tried_again() {
    let conference = Conference::with_faults(|_, count| match count {
        1 => Fault::ConflictAndCondition,
        _ => Fault::None,
    })
    .await;
    conference.save("Ada", "1A", None).await;
    let change = async || {
        let (old, new) = (name::<SeatNumber>("1A"), name("2B"));
        conference.store.save(&name("Ada"), &new, Some(&old)).await
    };
    let met = change().await;
    assert!(matches!(met, Err(StoreError::Transient { .. })), "{met:?}");
    assert_eq!(conference.seat("Ada").await.as_deref(), Some("1A"));
    assert_eq!(change().await.expect("storage"), Saved::Saved);
    assert_eq!(conference.seat("Ada").await.as_deref(), Some("2B"));
}

#[tokio::test]
async fn a_batch_is_answered_each_to_who_asked_and_costs_what_it_has_to() {
    let (conference, post) = (Conference::new().await, Arc::new(Post::default()));
    let save = json!({ "label": "Save Member", "member_id": "Ada", "seat_number": "1A" });
    let get =
        |member: &str| json!({ "label": "Get Seat Number", "payload": { "member_id": member } });
    let messages = [
        message(&get("Ada"), Some("first")),
        message(&save, Some("second")),
        message(&json!({ "label": "Save Member", "member_id": "Bob", "seat_number": "1A" }), None),
        message(&get("Ada"), None),
        message(&get("Nobody"), Some("third")),
        message(&json!({ "label": "Eat" }), Some("fourth")),
        message(&save, None),
    ];
    conference.meter.take();
    let outcomes = handle(&conference, &post, &messages).await;
    let poison: Vec<_> =
        outcomes.iter().map(|outcome| matches!(outcome, Outcome::Poison(_))).collect();
    assert_eq!(poison, [false, false, false, false, false, true, false], "{outcomes:?}");
    let expected = [
        ("first", "Seat Number"),
        ("second", "Member Saved"),
        ("member_replies", "Seat Taken"),
        ("member_replies", "Seat Number"),
        ("third", "Member Not Found"),
        ("fourth", "Invalid Message"),
    ];
    let expected = expected.map(|(to, label)| (to.to_owned(), label.to_owned()));
    assert_eq!(post.labels(), expected);
    let requests = conference.meter.take();
    let (read, _) = units(&requests);
    let reads = requests.iter().filter(|request| request.operation == "BatchGetItem").count();
    assert_eq!((reads, read), (1, 2.0), "one look, and a read unit for each of the two");
    let writes = requests.iter().filter(|request| !request.refused);
    assert!(writes.filter(|request| request.write_units > 0.0).all(|r| r.write_units == 4.0));
}

#[tokio::test]
async fn an_answer_keeps_its_id_and_a_broker_that_is_away_lets_the_request_come_again() {
    let conference = Conference::new().await;
    let get = json!({ "label": "Get Seat Number", "member_id": "Ada" });
    let asked = [message(&get, Some("me"))];
    let away =
        Arc::new(Post { error: Some(PublishError::Unconfirmed("away".into())), ..Post::default() });
    for _ in 0..2 {
        let outcomes = handle(&conference, &away, &asked).await;
        assert!(matches!(outcomes[..], [Outcome::RetryLater(_)]), "{outcomes:?}");
    }
    let sent = away.sent.lock().expect("not poisoned").clone();
    let ids: BTreeSet<_> = sent.iter().map(|reply| reply.message.metadata.id.clone()).collect();
    assert_eq!((sent.len(), ids.len()), (2, 1));
    assert_eq!(sent[0].message.metadata.correlation_id.as_deref(), Some("question"));

    let poison = [message(&json!({ "label": "Eat" }), Some("me"))];
    let outcomes = handle(&conference, &away, &poison).await;
    let why = matches!(&outcomes[..], [Outcome::Poison(why)] if why.contains("Eat"));
    assert!(why, "its own reason, though nobody could be told: {outcomes:?}");

    let (exchange, routing_key) = (String::new(), "me".to_owned());
    let gone = Some(PublishError::Unroutable { exchange, routing_key });
    let gone = Arc::new(Post { error: gone, ..Post::default() });
    assert_eq!(handle(&conference, &gone, &asked).await, [Outcome::Done], "nobody is there");
}

#[tokio::test]
async fn a_seat_costs_four_units_a_change_six_and_a_look_one() {
    let conference = Conference::new().await;
    let cost = || units(&conference.meter.take());
    conference.save("Ada", "1A", None).await;
    assert_eq!(cost(), (0.0, 4.0));
    conference.save("Ada", "2B", Some("1A")).await;
    assert_eq!(cost(), (0.0, 6.0));
    conference.store.seat(&name("Ada")).await.expect("storage");
    assert_eq!(cost(), (1.0, 0.0));
}

#[tokio::test]
async fn a_hundred_saves_that_get_nowhere_leave_time_to_answer_the_questions_beside_them() {
    let conference = Conference::with_faults(|operation, _| match operation {
        "TransactWriteItems" => Fault::Lost,
        _ => Fault::None,
    })
    .await;
    let post = Arc::new(Post::default());
    let save = |n: usize| json!({ "label": "Save Member", "member_id": n, "seat_number": n });
    let mut messages: Vec<_> = (0..99).map(|n| message(&save(n), Some("me"))).collect();
    let get = json!({ "label": "Get Seat Number", "member_id": "Ada" });
    messages.push(message(&get, Some("me")));
    let outcomes = handle(&conference, &post, &messages).await;
    let again = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::RetryLater(_)));
    assert_eq!((again.count(), &outcomes[99]), (99, &Outcome::Done));
    assert_eq!(post.labels(), [("me".to_owned(), "Member Not Found".to_owned())]);
}

#[tokio::test]
async fn storage_that_is_away_lets_questions_come_again_and_answers_none_of_them() {
    let conference = Conference::with_faults(|_, _| Fault::Throttled).await;
    let post = Arc::new(Post::default());
    let get = json!({ "label": "Get Seat Number", "member_id": "Ada" });
    let save = json!({ "label": "Save Member", "member_id": "Ada", "seat_number": "1A" });
    let messages = [message(&get, Some("me")), message(&save, Some("me"))];
    let handled =
        tokio::time::timeout(Duration::from_secs(60), handle(&conference, &post, &messages));
    let outcomes = handled.await.expect("in time");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::RetryLater(_))));
    assert!(post.labels().is_empty());
    let member: MemberId = name("Ada");
    assert_eq!(conference.seat(member.as_str()).await, None);
}
