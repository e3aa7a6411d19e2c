//! `X-Queue-Pass`: what a visitor of a session's waiting room reserves seats with.

use std::convert::Infallible;

use axum::{extract::FromRequestParts, http::request::Parts};
use marquee_booking::store::holds::HoldRequest;
use marquee_booking_domain::{problems::PASS_REQUIRED, venue::Session};
use marquee_lambda::problem::Problem;
use marquee_passes::{InvalidPass, Pass, PassKey};
use uuid::Uuid;

/// The header, if it was sent.
#[derive(Clone, Debug)]
pub(crate) struct QueuePass(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for QueuePass {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let header = parts.headers.get("x-queue-pass");
        Ok(Self(header.map(|value| value.to_str().unwrap_or_default().trim().to_owned())))
    }
}

/// What is wrong with a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error("is missing")]
    Missing,
    #[error("{0}")]
    Invalid(#[from] InvalidPass),
    #[error("is another session's")]
    OtherSession,
    #[error("is another user's")]
    OtherUser,
    #[error("is for at most {max} seats, and you ask for {wanted}")]
    TooManySeats { max: u16, wanted: usize },
}

impl QueuePass {
    /// The place in the line that the visitor comes from, if there was a line.
    ///
    /// # Errors
    /// If the session has a waiting room, and such seats cannot be reserved with this pass now.
    pub(crate) fn place(
        &self,
        key: &PassKey,
        session: &Session,
        request: &HoldRequest,
    ) -> Result<Option<Uuid>, Problem> {
        if !session.waiting_room {
            return Ok(None);
        }
        self.fit(key, request).map(|pass| pass.place).map_err(|unfit| {
            let entries = format!("/api/v1/queue/{}/entries", session.id);
            let detail = format!("X-Queue-Pass {unfit}; POST {entries} gives a place in the line");
            let problem = Problem::new(&PASS_REQUIRED, detail);
            match unfit {
                Unfit::TooManySeats { max, .. } => problem.with("limit", max),
                _ => problem,
            }
        })
    }

    fn fit(&self, key: &PassKey, request: &HoldRequest) -> Result<Pass, Unfit> {
        let token = self.0.as_deref().ok_or(Unfit::Missing)?;
        let pass = key.verify(token, request.now)?;
        if pass.session != request.session.uuid() {
            return Err(Unfit::OtherSession);
        }
        if pass.user != request.user {
            return Err(Unfit::OtherUser);
        }
        let wanted = request.seats.len();
        if wanted > usize::from(pass.seats_max) {
            return Err(Unfit::TooManySeats { max: pass.seats_max, wanted });
        }
        Ok(pass)
    }
}
