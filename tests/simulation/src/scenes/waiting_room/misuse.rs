//! A visitor who does not behave: with somebody else's pass, a forged one, an old one.

use std::time::Duration;

use marquee_kernel::{
    ids::UserId,
    time::{Clock, Timestamp},
};
use marquee_passes::{Pass, PassKey};
use serde_json::json;
use uuid::Uuid;

use super::visitor::Visitor;
use crate::{
    aws::gateway::{Call, Reply},
    mix::Fault,
};

/// How far behind a machine's clock is, where clocks are off.
const BEHIND: Duration = Duration::from_secs(300);

impl Visitor<'_> {
    pub(super) async fn misuse(&self, told: &Reply) {
        let (world, theirs) = (self.world, told.text("pass"));
        let Ok(pass) = world.passes.verify(theirs, Timestamp::from_millis(0)) else { return };
        let stranger = world.chance.uuid();
        let forged = Pass { user: UserId::new(stranger), ..pass.clone() };
        let forged = PassKey::from_secret("of somebody else").sign(&forged).expect("a pass");
        self.is_no_good(stranger, theirs, "somebody else's").await;
        self.is_no_good(stranger, &forged, "a forged").await;
        if world.chance.happens(0.5) {
            let behind = if world.setting.mix.has(Fault::Skew) { BEHIND } else { Duration::ZERO };
            let over = (pass.until + behind).millis() - world.clock.now().millis();
            world.pass(Duration::from_millis(u64::try_from(over).unwrap_or_default())).await;
            self.is_no_good(self.user, theirs, "an old").await;
        }
        world.journal.done("passes refused");
    }

    async fn is_no_good(&self, user: Uuid, pass: &str, whose: &str) {
        let seats = self.some_seats(1).into_iter();
        let seats: Vec<_> = seats.map(|id| json!({ "session_seat_id": id })).collect();
        let body = json!({ "session_id": self.hall.session, "seats": seats });
        let headers = [("x-queue-pass", pass)];
        let (method, path, user) = ("POST", "/api/v1/reservations", Some(user));
        let call = Call { method, path, user, headers: &headers, body };
        if let Some(Reply { status: 200..300, body, .. }) = self.world.call(&call).await {
            self.world.watch.report(format!("seats are reserved with {whose} pass: {body}"));
        }
    }
}
