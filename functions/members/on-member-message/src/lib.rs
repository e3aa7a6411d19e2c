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
use futures_util::{StreamExt, stream};
use marquee_lambda::consumer::{BatchHandler, Incoming, Outcome, guarded};
use marquee_members::{
    events::{MemberReply, MemberRequest},
    store::MembersStore,
    topology::MEMBER_REPLIES,
};
use marquee_members_domain::{MemberId, Saved, SeatNumber};
use marquee_messaging::{
    message::{Message, Metadata},
    publisher::{PublishError, Replies, Reply, short_reason},
    topology::Queue,
};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

pub const QUEUE: &Queue = &marquee_members::topology::MEMBER_MESSAGES;
const SOURCE: &str = "on-member-message";

/// Saves at once: each is a transaction, and a batch may be a hundred of them.
const SAVES_AT_ONCE: usize = 10;
/// For all saves of a batch, so that there is time left to answer: what is not saved by then comes
/// again.
const SAVES_MAX: Duration = Duration::from_secs(6);
/// For these and for looking seats up.
const STORAGE_MAX: Duration = Duration::from_secs(9);

#[derive(Clone, Debug)]
pub struct OnMemberMessage {
    pub store: MembersStore,
    pub replies: Arc<dyn Replies>,
}

/// A message, and how far its request has come.
struct Request<'a> {
    incoming: &'a Incoming,
    /// `Err` says why the message is no request.
    read: Result<MemberRequest, String>,
    /// `Err` says what failed for now; `None` before seats are looked up.
    reply: Option<Result<MemberReply, String>>,
    /// What came of sending the reply; `None` if nobody is to have it.
    sent: Option<Result<(), PublishError>>,
}

/// The seats of members, or why they could not be read.
type Seats = Result<HashMap<MemberId, SeatNumber>, String>;

#[async_trait]
impl BatchHandler for OnMemberMessage {
    async fn handle_batch(&self, batch: &[Incoming]) -> Vec<Outcome> {
        let started = Instant::now();
        let until = started + SAVES_MAX;
        let saving: Vec<_> = batch.iter().map(|incoming| self.receive(incoming, until)).collect();
        let mut requests: Vec<_> = stream::iter(saving).buffered(SAVES_AT_ONCE).collect().await;
        let seats = self.seats(&requests, started + STORAGE_MAX).await;
        for request in &mut requests {
            if let (None, Ok(MemberRequest::GetSeat { member })) = (&request.reply, &request.read) {
                request.reply = Some(found(member.clone(), &seats));
            }
        }
        self.send(&mut requests).await;
        let outcomes = requests.into_iter();
        outcomes.map(|request| request.incoming.span.in_scope(|| request.outcome())).collect()
    }
}

impl OnMemberMessage {
    async fn receive<'a>(&self, incoming: &'a Incoming, until: Instant) -> Request<'a> {
        let read = MemberRequest::read(&incoming.message);
        let reply = self.before_seats(&read, until).await;
        Request { incoming, read, reply, sent: None }
    }

    /// What can be said of a request before any seat is looked up; saves on the way.
    async fn before_seats(
        &self,
        request: &Result<MemberRequest, String>,
        until: Instant,
    ) -> Option<Result<MemberReply, String>> {
        match request {
            Ok(MemberRequest::GetSeat { .. }) => None,
            Ok(MemberRequest::Save { member, seat, replaces }) => {
                Some(self.saved(member, seat, replaces.as_ref(), until).await)
            }
            Err(why) => Some(Ok(MemberReply::InvalidMessage { why: short_reason(why).to_owned() })),
        }
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

    async fn seats(&self, requests: &[Request<'_>], until: Instant) -> Seats {
        let mut members = Vec::new();
        for request in requests {
            if let (None, Ok(MemberRequest::GetSeat { member })) = (&request.reply, &request.read) {
                members.push(member.clone());
            }
        }
        if members.is_empty() {
            return Ok(HashMap::new());
        }
        match guarded(timeout_at(until, self.store.seats(members))).await? {
            Ok(seats) => seats.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer from storage within {STORAGE_MAX:?}")),
        }
    }

    /// Sends all replies that somebody is to have, at once.
    async fn send(&self, requests: &mut [Request<'_>]) {
        let (mut replies, mut senders) = (Vec::new(), Vec::new());
        for (index, request) in requests.iter().enumerate() {
            if let Some(reply) = request.addressed() {
                replies.push(reply);
                senders.push(index);
            }
        }
        if replies.is_empty() {
            return;
        }
        let mut sent = self.replies.reply(&replies).await.into_iter();
        for index in senders {
            let unsent = || Err(PublishError::Unconfirmed("no answer".into()));
            requests[index].sent = Some(sent.next().unwrap_or_else(unsent));
        }
    }
}

impl Request<'_> {
    /// The reply on its way, if there is one and anybody is to have it.
    fn addressed(&self) -> Option<Reply> {
        let reply = self.reply.as_ref()?.as_ref().ok()?;
        Some(Reply {
            to: address(self.incoming, reply)?,
            message: reply_message(self.incoming, reply),
        })
    }

    fn outcome(self) -> Outcome {
        let reply = match (self.read, self.reply) {
            // Whether its sender hears of it or not, it will never be a request.
            (Err(why), _) => return Outcome::Poison(why),
            (Ok(_), Some(Ok(reply))) => reply,
            (Ok(_), Some(Err(cause))) => return Outcome::RetryLater(cause),
            (Ok(_), None) => return Outcome::RetryLater("no seat was looked up".into()),
        };
        if let Some(Err(error)) = self.sent {
            if error.is_transient() {
                return Outcome::RetryLater(error.to_string());
            }
            tracing::warn!(%error, "nobody is there any more to be answered");
        }
        tracing::info!(label = reply.label(), "answered");
        Outcome::Done
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
fn reply_message(incoming: &Incoming, reply: &MemberReply) -> Message {
    let request = &incoming.message.metadata;
    let correlation_id = request.correlation_id.clone().or_else(|| request.id.clone());
    let known = request.id.as_ref().or(request.correlation_id.as_ref());
    let id = known.map_or_else(Uuid::new_v4, |known| {
        let asked_by = request.reply_to.as_deref().unwrap_or_default();
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{asked_by}/{known}", QUEUE.name).as_bytes())
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
