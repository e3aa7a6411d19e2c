//! What the journeys run against.
//!
//! | `MARQUEE_TARGET` | system |
//! |---|---|
//! | unset, `memory` | a host of each test's own, with the in-process broker |
//! | `rabbitmq` | the same with a virtual host of its own on the RabbitMQ of `AMQP_URL` |
//! | `deployed` | the stack at `MARQUEE_URL`; for journeys that wait for holds to run out, the one at `MARQUEE_BRIEF_URL`, deployed with `HoldSeconds=3`; for those about Stripe, the one at `MARQUEE_STRIPE_URL`, deployed with `HoldSeconds=5` and the server at `STRIPE_URL`; for those about tokens, the one at `MARQUEE_TOKENS_URL`, deployed with the issuer `OIDC_ISSUER` |
//!
//! Live updates of the first are at `MARQUEE_LIVE_URL`.
//!
//! The names of a deployed stack's queues begin with `MARQUEE_NAME_PREFIX`, those of the brief one
//! with `MARQUEE_BRIEF_NAME_PREFIX`.

use std::{env, time::Duration};

use marquee_messaging::topology::RetryPolicy;
use marquee_testkit::rabbitmq::VirtualHost;

/// How long a deployed system holds seats.
const FULL_HOLD: Duration = Duration::from_secs(600);
/// How long the one at `MARQUEE_BRIEF_URL` does.
const BRIEF_HOLD: Duration = Duration::from_secs(3);
/// How long the one at `MARQUEE_STRIPE_URL` does.
const STRIPE_HOLD: Duration = Duration::from_secs(5);
/// With which a host gives a message up in less than a second. The stack at `MARQUEE_BRIEF_URL` has
/// a `RetryAttemptsMax` that takes seconds.
pub(crate) const FEW_RETRIES: RetryPolicy = RetryPolicy {
    attempts_max: 3,
    delay_first: Duration::from_millis(100),
    delay_max: Duration::from_secs(1),
};

/// A deployed system.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) url: String,
    /// What the names of its queues and topics begin with.
    pub(crate) name_prefix: String,
    /// How long it holds seats.
    pub(crate) hold: Duration,
}

/// The deployed systems, each for some journeys.
#[derive(Clone, Debug)]
pub(crate) struct Stacks {
    pub(crate) full: Stack,
    pub(crate) brief: Stack,
    pub(crate) stripe: Stack,
    pub(crate) tokens: Stack,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Memory,
    RabbitMq,
    Deployed(Box<Stacks>),
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
                let stack = |hold, url_name, prefix_name| {
                    let name_prefix = env::var(prefix_name).unwrap_or_default();
                    Stack { url: url(url_name), name_prefix, hold }
                };
                Self::Deployed(Box::new(Stacks {
                    full: stack(FULL_HOLD, "MARQUEE_URL", "MARQUEE_NAME_PREFIX"),
                    brief: stack(BRIEF_HOLD, "MARQUEE_BRIEF_URL", "MARQUEE_BRIEF_NAME_PREFIX"),
                    tokens: stack(FULL_HOLD, "MARQUEE_TOKENS_URL", "MARQUEE_TOKENS_NAME_PREFIX"),
                    stripe: stack(STRIPE_HOLD, "MARQUEE_STRIPE_URL", "MARQUEE_STRIPE_NAME_PREFIX"),
                }))
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
            Self::Deployed(_) => Some(Duration::from_secs(2)),
        }
    }

    pub(crate) fn crowd(&self, count: usize) -> usize {
        match self {
            Self::Memory | Self::RabbitMq => count,
            Self::Deployed(_) => count.div_ceil(10),
        }
    }
}
