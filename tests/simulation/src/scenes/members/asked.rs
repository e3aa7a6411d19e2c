//! Requests and their answers: an answer says what was so at some moment since somebody asked.

use marquee_kernel::time::Timestamp;
use marquee_messaging::message::Message;
use serde_json::Value;

use super::{ANSWERS_TO_ALL, Members};
use crate::world::World;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Save { member: String, seat: String, replaces: Option<String> },
    Get { member: String },
    Poison,
}

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) request: Request,
    pub(super) since: Timestamp,
    pub(super) reply_to: Option<String>,
    /// Whether the broker has it.
    pub(super) published: bool,
    /// The first answer, and the id that all have.
    pub(super) answer: Option<Answer>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    id: String,
    pub(super) label: String,
    /// Whatever seat it names.
    pub(super) seat: Option<String>,
}

impl Asked {
    /// Whether there will be an answer that somebody can take.
    pub(super) fn must_be_answered(&self) -> bool {
        let here = self.reply_to.as_deref().is_some_and(|to| to.starts_with(ANSWERS_TO_ALL));
        self.published && here && self.request != Request::Poison
    }
}

/// Takes an answer.
///
/// # Errors
/// What is wrong with it.
pub(super) fn take(
    scene: &Members,
    world: &World,
    queue: &str,
    message: &Message,
) -> Result<(), &'static str> {
    let body: Value = serde_json::from_slice(&message.body).map_err(|_| "an answer is no JSON")?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let label = text(&body["label"]).ok_or("an answer has no label")?;
    if message.metadata.event_type.as_ref() != Some(&label) {
        return Err("an answer's type is not its label");
    }
    let id = message.metadata.id.clone().ok_or("an answer has no id")?;
    let answer = Answer { id, label, seat: text(&body["payload"]["seat_number"]) };
    let Some(question) = &message.metadata.correlation_id else {
        // To one who said nothing of who asks.
        return if queue == ANSWERS_TO_ALL { Ok(()) } else { Err("an answer to nothing") };
    };
    let mut asked = scene.asked.borrow_mut();
    if asked.iter().any(|(other, asked)| {
        other != question && asked.answer.as_ref().is_some_and(|other| other.id == answer.id)
    }) {
        return Err("two questions' answers have the same id");
    }
    let asked = asked.get_mut(question).ok_or("an answer to nobody's question")?;
    if asked.reply_to.as_deref().unwrap_or(ANSWERS_TO_ALL) != queue {
        return Err("an answer in somebody else's queue");
    }
    is_right(scene, asked, &answer, text(&body["payload"]["member_id"]).as_deref())?;
    match &asked.answer {
        Some(first) if first.id != answer.id => return Err("a second answer has another id"),
        Some(_) => world.journal.done("answered again"),
        None => {
            world.journal.done(match answer.label.as_str() {
                "Member Saved" => "seats saved",
                "Seat Taken" => "seats taken",
                "Member Has Seat" => "changes refused",
                "Seat Number" => "seats told",
                "Invalid Message" => "invalid messages refused",
                _ => "members not found",
            });
            asked.answer = Some(answer);
        }
    }
    Ok(())
}

fn is_right(
    scene: &Members,
    asked: &Asked,
    answer: &Answer,
    told: Option<&str>,
) -> Result<(), &'static str> {
    let (seen, since) = (scene.seen(), asked.since);
    let (label, named) = (answer.label.as_str(), answer.seat.as_deref());
    let about = match &asked.request {
        Request::Save { member, .. } | Request::Get { member } => Some(member.as_str()),
        Request::Poison => None,
    };
    if told != about {
        return Err("an answer about somebody else");
    }
    let right = match (&asked.request, label) {
        (Request::Poison, label) => label == "Invalid Message",
        (Request::Get { member }, "Seat Number") => {
            named.is_some() && seen.had_seat(member, since, named)
        }
        (Request::Get { member }, "Member Not Found") => seen.had_seat(member, since, None),
        (Request::Save { member, seat, .. }, "Member Saved") => {
            named == Some(seat) && seen.had_seat(member, since, named)
        }
        (Request::Save { member, seat, .. }, "Seat Taken") => {
            named == Some(seat) && seen.was_taken(seat, since, member)
        }
        (Request::Save { member, seat, replaces }, "Member Has Seat") => {
            let other = named.is_some() && named != Some(seat) && named != replaces.as_deref();
            other && seen.had_seat(member, since, named)
        }
        (Request::Save { member, replaces, .. }, "Member Not Found") => {
            replaces.is_some() && seen.had_seat(member, since, None)
        }
        _ => false,
    };
    if right { Ok(()) } else { Err("an answer that was never right") }
}
