//! What is asked about members' seats, on exchange `members_exchange` or straight in the queue, and
//! what is answered.
//!
//! A request is told by its label: `label` in the body, or else the message's type (the property
//! `type` or the header `ce-type` on RabbitMQ, the attribute `ce-type` on SQS). Its payload is in
//! `payload`, or beside the label:
//!
//! ```json
//! {"label": "Save Member", "payload": {"member_id": "M1", "seat_number": "12A"}}
//! {"label": "Get Seat Number", "member_id": "M1"}
//! ```
//!
//! An answer has a label and a payload, and the label as its type.

use std::str::FromStr;

use marquee_members_domain::{MemberId, SeatNumber};
use marquee_messaging::message::Message;
use serde::Deserialize;
use serde_json::{Value, json};

pub const SAVE_MEMBER: &str = "Save Member";
pub const GET_SEAT_NUMBER: &str = "Get Seat Number";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberRequest {
    /// In place of the seat that the member has, if it names that one.
    Save {
        member: MemberId,
        seat: SeatNumber,
        replaces: Option<SeatNumber>,
    },
    GetSeat {
        member: MemberId,
    },
}

impl MemberRequest {
    /// # Errors
    /// Says what keeps the message from being a request: it will never be one.
    pub fn read(message: &Message) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(default)]
            label: Option<String>,
            #[serde(default)]
            payload: Option<Value>,
        }
        #[derive(Deserialize)]
        struct Payload {
            #[serde(default)]
            member_id: Value,
            #[serde(default)]
            seat_number: Value,
            #[serde(default)]
            replaces: Value,
        }
        let whole: Value = serde_json::from_slice(&message.body)
            .map_err(|error| format!("not a member message: {error}"))?;
        let wrong = |error| format!("not a member message: {error}");
        let Envelope { label, payload } = Envelope::deserialize(&whole).map_err(wrong)?;
        let payload = Payload::deserialize(payload.as_ref().unwrap_or(&whole)).map_err(wrong)?;
        let label = label.or_else(|| message.metadata.event_type.clone());
        let label = label.ok_or("not a member message: it has no label and no type")?;
        let member = || field::<MemberId>("member_id", &payload.member_id);
        match label.trim() {
            label if label.eq_ignore_ascii_case(SAVE_MEMBER) => Ok(Self::Save {
                member: member()?,
                seat: field("seat_number", &payload.seat_number)?,
                replaces: match payload.replaces {
                    Value::Null => None,
                    seat => Some(field("replaces", &seat)?),
                },
            }),
            label if label.eq_ignore_ascii_case(GET_SEAT_NUMBER) => {
                Ok(Self::GetSeat { member: member()? })
            }
            other => Err(format!(
                "not a member message: {other:?} is neither {SAVE_MEMBER:?} nor {GET_SEAT_NUMBER:?}"
            )),
        }
    }
}

fn field<T: FromStr<Err: std::fmt::Display>>(name: &str, value: &Value) -> Result<T, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        Value::Null => return Err(format!("not a member message: {name} is missing")),
        _ => return Err(format!("not a member message: {name} is not text")),
    };
    text.parse().map_err(|error| format!("not a member message: {name} {error}"))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberReply {
    SeatNumber {
        member: MemberId,
        seat: SeatNumber,
    },
    MemberNotFound {
        member: MemberId,
    },
    MemberSaved {
        member: MemberId,
        seat: SeatNumber,
    },
    /// By another member.
    SeatTaken {
        member: MemberId,
        seat: SeatNumber,
    },
    /// Another seat, which only a request gives up that `replaces` it.
    MemberHasSeat {
        member: MemberId,
        has: SeatNumber,
    },
    InvalidMessage {
        why: String,
    },
}

impl MemberReply {
    pub const fn label(&self) -> &'static str {
        match self {
            Self::SeatNumber { .. } => "Seat Number",
            Self::MemberNotFound { .. } => "Member Not Found",
            Self::MemberSaved { .. } => "Member Saved",
            Self::SeatTaken { .. } => "Seat Taken",
            Self::MemberHasSeat { .. } => "Member Has Seat",
            Self::InvalidMessage { .. } => "Invalid Message",
        }
    }

    /// Whether an answer of this label is not what was asked for.
    pub fn is_error_label(label: &str) -> bool {
        !["Seat Number", "Member Saved"].contains(&label)
    }

    pub fn body(&self) -> Value {
        let payload = match self {
            Self::SeatNumber { member, seat } | Self::MemberSaved { member, seat } => {
                json!({ "member_id": member.as_str(), "seat_number": seat.as_str() })
            }
            Self::MemberNotFound { member } => json!({
                "member_id": member.as_str(), "error": format!("there is no member {member}"),
            }),
            Self::SeatTaken { member, seat } => json!({
                "member_id": member.as_str(), "seat_number": seat.as_str(),
                "error": format!("seat {seat} is another member's"),
            }),
            Self::MemberHasSeat { member, has } => json!({
                "member_id": member.as_str(), "seat_number": has.as_str(),
                "error": format!(
                    "member {member} has seat {has}; to change it, send \"replaces\": \"{has}\""
                ),
            }),
            Self::InvalidMessage { why } => json!({ "error": why }),
        };
        json!({ "label": self.label(), "payload": payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use marquee_messaging::message::Metadata;

    fn read(body: &Value, message_type: Option<&str>) -> Result<MemberRequest, String> {
        let event_type = message_type.map(str::to_owned);
        let metadata = Metadata { event_type, ..Metadata::default() };
        MemberRequest::read(&Message { metadata, body: body.to_string().into_bytes() })
    }

    #[test]
    fn a_request_is_told_by_its_label_or_by_its_type() {
        let save = MemberRequest::Save {
            member: "M1".parse().expect("an id"),
            seat: "12".parse().expect("a seat"),
            replaces: None,
        };
        let payload = json!({ "member_id": "M1", "seat_number": 12 });
        let labelled = json!({ "label": "Save Member", "payload": payload });
        assert_eq!(read(&labelled, Some("anything")), Ok(save.clone()));
        assert_eq!(read(&payload, Some("save member")), Ok(save));
        let get = MemberRequest::GetSeat { member: "M1".parse().expect("an id") };
        let body = json!({ "label": "Get Seat Number", "member_id": "M1" });
        assert_eq!(read(&body, None), Ok(get));
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (body, word) in [
            (json!({ "member_id": "M1" }), "no label"),
            (json!({ "label": "Eat", "member_id": "M1" }), "neither"),
            (json!({ "label": "Get Seat Number" }), "member_id is missing"),
            (json!({ "label": "Get Seat Number", "member_id": [] }), "not text"),
            (json!({ "label": "Save Member", "member_id": "M1" }), "seat_number is missing"),
            (json!({ "label": "Save Member", "payload": 7 }), "invalid type"),
            (json!([1]), "not a member message"),
        ] {
            let error = read(&body, None).expect_err("no request");
            assert!(error.contains(word), "{body}: {error}");
        }
    }
}
