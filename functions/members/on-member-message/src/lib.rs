//! `on-member-message`: saves members' seats and answers who asks for one.
//!
//! Consumes `member_messages`. Every request is answered in the queue that its `reply_to` names,
//! with its `correlation_id`. If it names none, the answer goes to `member_replies`, but for a seat
//! that was saved: nobody waits to hear that.
//!
//! A message that is no request is poison, and whoever named a queue for the answer is told so too.
//! Everything else is safe to see any number of times: saving the same seat again changes nothing,
//! and an answer has the same id each time. An answer that no queue takes any more is dropped;
//! whoever asked is gone.
//!
//! The saves of a batch come first, some of them at once; then one request reads the seats of all
//! members that are asked for, and the answers go out together.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{StreamExt, future::OptionFuture, stream};
use marquee_domain::members::{MemberId, Saved, SeatNumber};
use marquee_lambda::consumer::{BatchHandler, Incoming, Outcome, guarded};
use marquee_messaging::{
    events::member::{MemberReply, MemberRequest},
    message::{Message, Metadata},
    publisher::{PublishError, Replies, Reply, short_reason},
    topology::MEMBER_REPLIES,
};
use marquee_store::members::MembersStore;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

pub const QUEUE: &str = "member_messages";
const SOURCE: &str = "on-member-message";

/// Saves at once: each is a transaction, and a batch may be a hundred of them.
const SAVES_AT_ONCE: usize = 10;
/// For all saves of a batch, so that there is time left to answer: what is not saved by then comes
/// again.
const SAVES_MAX: Duration = Duration::from_secs(6);
/// For these and for looking seats up.
const STORAGE_MAX: Duration = Duration::from_secs(9);

#[derive(Clone)]
pub struct OnMemberMessage {
    pub store: MembersStore,
    pub replies: Arc<dyn Replies>,
}

impl std::fmt::Debug for OnMemberMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnMemberMessage").field("store", &self.store).finish_non_exhaustive()
    }
}

/// How far a request is before any seat is looked up.
enum First {
    Decided(Result<MemberReply, String>),
    Asks(MemberId),
}

/// The seats of members, or why they could not be read.
type Seats = Result<HashMap<MemberId, SeatNumber>, String>;

#[async_trait]
impl BatchHandler for OnMemberMessage {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let requests: Vec<_> =
            batch.iter().map(|incoming| MemberRequest::read(&incoming.message)).collect();
        let started = Instant::now();
        let until = started + SAVES_MAX;
        let firsts: Vec<_> = requests.iter().map(|request| self.decide(request, until)).collect();
        let firsts: Vec<_> = stream::iter(firsts).buffered(SAVES_AT_ONCE).collect().await;
        let seats = self.seats(&firsts, started + STORAGE_MAX).await;
        let decided = firsts.into_iter().map(|first| match first {
            First::Decided(decided) => decided,
            First::Asks(member) => found(member, &seats),
        });
        let decided: Vec<_> = decided.collect();
        let replies = batch.iter().zip(&decided).map(|(incoming, decided)| {
            let reply = decided.as_ref().ok()?;
            Some(Reply { to: address(incoming, reply)?, message: answer(incoming, reply) })
        });
        let sent = self.send(replies.collect()).await;
        let handled = requests.into_iter().zip(decided).zip(sent).zip(batch);
        let outcome =
            |(handled, incoming): (_, &Incoming)| incoming.span.in_scope(|| outcome(handled));
        handled.map(outcome).collect()
    }
}

impl OnMemberMessage {
    /// What can be said of a request before any seat is looked up; saves on the way.
    async fn decide(&self, request: &Result<MemberRequest, String>, until: Instant) -> First {
        First::Decided(match request {
            Ok(MemberRequest::GetSeat { member }) => return First::Asks(member.clone()),
            Ok(MemberRequest::Save { member, seat, replaces }) => {
                self.saved(member, seat, replaces.as_ref(), until).await
            }
            Err(why) => Ok(MemberReply::InvalidMessage { why: short_reason(why).to_owned() }),
        })
    }

    async fn saved(
        &self,
        member: &MemberId,
        seat: &SeatNumber,
        replaces: Option<&SeatNumber>,
        until: Instant,
    ) -> Result<MemberReply, String> {
        let saving = guarded(timeout_at(until, self.store.save(member, seat, replaces)));
        let Ok(saved) = saving.await? else {
            return Err(format!("not saved within {SAVES_MAX:?}"));
        };
        let saved = saved.map_err(|error| error.to_string())?;
        let (member, seat) = (member.clone(), seat.clone());
        Ok(match saved {
            Saved::Saved => MemberReply::MemberSaved { member, seat },
            Saved::SeatTaken => MemberReply::SeatTaken { member, seat },
            Saved::HasOther(has) => MemberReply::MemberHasSeat { member, has },
            Saved::HasNone => MemberReply::MemberNotFound { member },
        })
    }

    async fn seats(&self, firsts: &[First], until: Instant) -> Seats {
        let members = firsts.iter().filter_map(|first| match first {
            First::Asks(member) => Some(member.clone()),
            First::Decided(_) => None,
        });
        let members: Vec<_> = members.collect();
        if members.is_empty() {
            return Ok(HashMap::new());
        }
        match guarded(timeout_at(until, self.store.seats(members))).await? {
            Ok(seats) => seats.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer from storage within {STORAGE_MAX:?}")),
        }
    }

    /// What came of each answer, as far as there is one.
    async fn send(&self, replies: Vec<Option<Reply>>) -> Vec<Option<Result<(), PublishError>>> {
        let is_there: Vec<_> = replies.iter().map(Option::is_some).collect();
        let there: Vec<_> = replies.into_iter().flatten().collect();
        let sending = (!there.is_empty()).then(|| self.replies.reply(&there));
        let mut sent = OptionFuture::from(sending).await.unwrap_or_default().into_iter();
        let unsent = || Err(PublishError::Unconfirmed("no answer".into()));
        let results = is_there.into_iter();
        results.map(|there| there.then(|| sent.next().unwrap_or_else(unsent))).collect()
    }
}

fn found(member: MemberId, seats: &Seats) -> Result<MemberReply, String> {
    Ok(match seats.as_ref().map_err(Clone::clone)?.get(&member) {
        Some(seat) => MemberReply::SeatNumber { seat: seat.clone(), member },
        None => MemberReply::MemberNotFound { member },
    })
}

/// Where an answer goes, if anybody is to have it.
fn address(incoming: &Incoming, reply: &MemberReply) -> Option<String> {
    let named = incoming.message.metadata.reply_to.clone().filter(|queue| !queue.is_empty());
    match reply {
        MemberReply::MemberSaved { .. } | MemberReply::InvalidMessage { .. } => named,
        _ => named.or_else(|| Some(MEMBER_REPLIES.to_owned())),
    }
}

/// The same however often it is sent, if the request can be told from others at all.
fn answer(incoming: &Incoming, reply: &MemberReply) -> Message {
    let request = &incoming.message.metadata;
    let correlation_id = request.correlation_id.clone().or_else(|| request.id.clone());
    let known = request.id.as_ref().or(request.correlation_id.as_ref());
    let id = known.map_or_else(Uuid::new_v4, |known| {
        let asked_by = request.reply_to.as_deref().unwrap_or_default();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{QUEUE}/{asked_by}/{known}").as_bytes())
    });
    let metadata = Metadata {
        id: Some(id.to_string()),
        event_type: Some(reply.label().to_owned()),
        source: Some(SOURCE.to_owned()),
        traceparent: Some(incoming.trace.to_string()),
        correlation_id,
        ..Metadata::default()
    };
    Message { metadata, body: reply.body().to_string().into_bytes() }
}

type Decided = (
    (Result<MemberRequest, String>, Result<MemberReply, String>),
    Option<Result<(), PublishError>>,
);

fn outcome(((request, decided), sent): Decided) -> Outcome {
    match (request, decided, sent) {
        // Whether its sender hears of it or not, it will never be a request.
        (Err(why), _, _) => Outcome::Poison(why),
        (_, Err(cause), _) => Outcome::RetryLater(cause),
        (_, _, Some(Err(error))) if error.is_transient() => Outcome::RetryLater(error.to_string()),
        (Ok(_), Ok(reply), sent) => {
            if let Some(Err(error)) = sent {
                tracing::warn!(%error, "nobody is there any more to be answered");
            }
            tracing::info!(label = reply.label(), "answered");
            Outcome::Done
        }
    }
}
