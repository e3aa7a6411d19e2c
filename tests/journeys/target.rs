//! What the journeys run against.
//!
//! | `MARQUEE_TARGET` | system |
//! |---|---|
//! | unset, `memory` | a host of each test's own, with the in-process broker |
//! | `rabbitmq` | the same with a virtual host of its own on the RabbitMQ of `AMQP_URL` |
//! | `deployed` | the stack at `MARQUEE_URL`, whose queues begin with `MARQUEE_NAME_PREFIX`; for journeys that wait for holds to run out, the one at `MARQUEE_BRIEF_URL`, deployed with `HoldSeconds=3` |

use std::{env, time::Duration};

use marquee_testkit::rabbitmq::VirtualHost;

/// How long a deployed system holds seats.
pub(crate) const FULL_HOLD: Duration = Duration::from_secs(600);
/// How long the one at `MARQUEE_BRIEF_URL` does.
pub(crate) const BRIEF_HOLD: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Memory,
    RabbitMq,
    Deployed { url: String, brief: String },
}

impl Target {
    pub(crate) fn from_env() -> Self {
        let url = |name: &str| {
            let url = env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
            url.trim_end_matches('/').to_owned()
        };
        match env::var("MARQUEE_TARGET").as_deref() {
            Err(_) | Ok("memory") => Self::Memory,
            Ok("rabbitmq") => Self::RabbitMq,
            Ok("deployed") => {
                Self::Deployed { url: url("MARQUEE_URL"), brief: url("MARQUEE_BRIEF_URL") }
            }
            Ok(other) => panic!("MARQUEE_TARGET is {other:?}: memory, rabbitmq or deployed"),
        }
    }

    /// Where a host finds its broker, if that is a RabbitMQ.
    pub(crate) async fn virtual_host(&self) -> Option<VirtualHost> {
        match self {
            Self::RabbitMq => Some(VirtualHost::create().await),
            _ => None,
        }
    }

    /// How long messages take that cannot be seen; `None` where they can.
    pub(crate) fn rest(&self) -> Option<Duration> {
        match self {
            Self::Memory => None,
            Self::RabbitMq => Some(Duration::from_millis(500)),
            Self::Deployed { .. } => Some(Duration::from_secs(2)),
        }
    }

    pub(crate) fn crowd(&self, count: usize) -> usize {
        match self {
            Self::Memory | Self::RabbitMq => count,
            Self::Deployed { .. } => count.div_ceil(10),
        }
    }
}
