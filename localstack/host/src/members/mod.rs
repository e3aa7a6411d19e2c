//! A client of `on-member-message`, and the commands `marquee members save` and `get`: it asks by
//! message and waits for the answer.

pub mod rabbitmq;
#[cfg(feature = "sqs")]
pub mod sqs;

use std::time::Duration;

use clap::{Args, Subcommand};
use marquee_lambda::Error;
use marquee_members::events::{GET_SEAT_NUMBER, MemberReply, SAVE_MEMBER};
use serde_json::{Value, json};

/// Ask about members' seats, over the broker alone
#[derive(Clone, Debug, Args)]
pub struct MembersArgs {
    /// Where RabbitMQ is
    #[arg(long, default_value = "amqp://guest:guest@127.0.0.1:5672")]
    amqp_url: String,
    /// What the URLs of the SQS queues begin with, to ask there instead
    #[cfg(feature = "sqs")]
    #[arg(long, conflicts_with = "amqp_url")]
    queue_url_prefix: Option<String>,
    /// How long to wait for the answer
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout_seconds: u64,
    #[command(subcommand)]
    request: MembersRequest,
}

#[derive(Clone, Debug, Subcommand)]
pub enum MembersRequest {
    /// Save a member's seat
    Save {
        member: String,
        seat: String,
        /// The seat that the member has, to change it
        #[arg(long, value_name = "SEAT")]
        replaces: Option<String>,
    },
    /// Ask for a member's seat
    Get { member: String },
}

impl MembersRequest {
    /// Its label, its payload, and the routing key that it is published with.
    pub fn parts(&self) -> (&'static str, Value, &'static str) {
        match self {
            Self::Save { member, seat, replaces } => {
                let mut payload = json!({ "member_id": member, "seat_number": seat });
                if let Some(old) = replaces {
                    payload["replaces"] = json!(old);
                }
                (SAVE_MEMBER, payload, "member.save")
            }
            Self::Get { member } => (GET_SEAT_NUMBER, json!({ "member_id": member }), "seat.get"),
        }
    }

    pub fn body(&self) -> Value {
        let (label, payload, _) = self.parts();
        json!({ "label": label, "payload": payload })
    }
}

/// Asks and prints the answer; `Ok(false)` if that is an error.
pub async fn run(args: MembersArgs) -> Result<bool, Error> {
    let timeout = Duration::from_secs(args.timeout_seconds);
    #[cfg(feature = "sqs")]
    if let Some(prefix) = &args.queue_url_prefix {
        let mut client = within(timeout, sqs::MembersClient::open(prefix)).await?;
        let answer = client.ask(&args.request, timeout).await.map(|answer| print(&answer));
        if let Err(error) = client.close().await {
            tracing::warn!(%error, "the queue for the answer is still there");
        }
        return answer;
    }
    let mut client = within(timeout, rabbitmq::MembersClient::open(&args.amqp_url)).await?;
    Ok(print(&client.ask(&args.request, timeout).await?))
}

/// Whatever the broker keeps waiting for, it is not for longer than that.
async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(no_answer(timeout)))
}

/// Whether it is what was asked for.
fn print(answer: &Value) -> bool {
    use std::io::Write;
    let is_error = MemberReply::is_error_label(answer["label"].as_str().unwrap_or_default());
    let _ = writeln!(std::io::stdout(), "{answer}");
    !is_error
}

fn no_answer(timeout: Duration) -> Error {
    format!("no answer within {} s: does on-member-message run?", timeout.as_secs()).into()
}
