//! A visitor's way to the front of the line.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::clock::SystemClock;
use reqwest::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    api::{Api, Request},
    board::Board,
    dice::Dice,
    ledger::{End, Ledger},
    live::Live,
    meter::Kind,
    plan::Plan,
};

/// What all visitors share.
#[derive(Debug)]
pub struct Crowd {
    pub api: Api,
    pub plan: Plan,
    pub session: String,
    pub board: Board,
    pub ledger: Ledger,
    pub opens_at: Timestamp,
    pub started: Instant,
}

/// Somebody who comes once.
#[derive(Debug)]
pub struct Visitor {
    pub crowd: Arc<Crowd>,
    pub index: usize,
    pub user: Uuid,
    pub dice: Dice,
    /// The entry's id, once the visitor has joined.
    pub entry: String,
    live: Option<Live>,
}

/// The answer to a look at one's entry.
#[derive(Clone, Debug)]
pub enum Look {
    /// Not in the line yet.
    Unknown,
    Waiting {
        number: Option<u64>,
        next: Duration,
    },
    LetIn(Place),
    Over {
        status: String,
        reason: String,
    },
    /// No answer, or none that can be: reported already.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Place {
    pub pass: String,
    pub until: Timestamp,
}

/// Whoever has so long to wait looks at the shared status instead of the own entry.
const FAR: Duration = Duration::from_secs(20);
/// Between two looks at the shared status.
const GLANCES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(2)..=Duration::from_secs(15);
/// Between two looks at the own entry, however long the answer says.
const LOOK_MAX: Duration = Duration::from_secs(5);
/// On the way into the line: looks come further and further apart.
const UNKNOWN_LOOKS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(2)..=Duration::from_secs(16);
/// On the way for so long: the visitor joins once more.
const UNKNOWN_MAX: Duration = Duration::from_secs(120);
/// Early visitors ask for their number within this time after the opening.
const RUSH_SECONDS: f64 = 5.0;

impl Visitor {
    pub fn new(crowd: Arc<Crowd>, index: usize) -> Self {
        let which = u64::try_from(index).unwrap_or_default();
        let mut dice = Dice::new(crowd.plan.seed, which);
        Self { user: dice.uuid(), crowd, index, dice, entry: String::new(), live: None }
    }

    pub async fn live(mut self, arrival: Instant) {
        self.crowd.ledger.arrived();
        let end = self.story(arrival).await;
        self.crowd.ledger.out(self.index);
        self.crowd.ledger.ended(end);
    }

    async fn story(&mut self, arrival: Instant) -> End {
        match self.join(Kind::Join, Some(arrival)).await {
            Ok(()) => self.crowd.ledger.joined(),
            Err(end) => return end,
        }
        let waited = self.wait().await;
        self.crowd.ledger.out_of_line(self.index);
        match waited {
            Ok(place) => self.visit(place).await,
            Err(end) => end,
        }
    }

    async fn join_again(&mut self) -> Result<(), End> {
        self.crowd.api.meter.trouble("join: not in line for two minutes".to_owned());
        self.join(Kind::Other, None).await.inspect_err(|_| self.crowd.ledger.over_first())
    }

    async fn join(&mut self, kind: Kind, arrival: Option<Instant>) -> Result<(), End> {
        let path = format!("/api/v1/queue/{}/entries", self.crowd.session);
        let request = Request::new(kind, Method::POST, path).by(self.user);
        match self.crowd.api.ask(Request { since: arrival, ..request }).await {
            Ok(answer) if [200, 202].contains(&answer.status) => {
                self.entry = answer.body["id"].as_str().unwrap_or_default().to_owned();
                if self.live.is_none() && self.dice.chance(self.crowd.plan.connected) {
                    self.connect(answer.body["socket_token"].as_str().unwrap_or_default()).await;
                }
                Ok(())
            }
            Ok(answer) if answer.problem() == "sale-over" => Err(End::TooLate),
            Ok(answer) => Err(self.lost("a visitor could not join", answer.to_string())),
            Err(error) => Err(self.lost("a visitor could not join", error.to_string())),
        }
    }

    /// Whoever cannot connect asks, as the others do.
    async fn connect(&mut self, token: &str) {
        let api = &self.crowd.api;
        match Live::connect(&api.live_url(), token).await {
            Ok(live) => self.live = Some(live),
            Err(error) => api.meter.trouble(format!("connect: {error}")),
        }
    }

    /// Sleeps so long, or until it is the visitor's turn: whether it is known to be.
    async fn nap(&mut self, time: Duration) -> bool {
        let Some(live) = &mut self.live else {
            tokio::time::sleep(time).await;
            return false;
        };
        tokio::select! {
            () = tokio::time::sleep(time) => false,
            told = live.your_turn() => {
                match told {
                    true => self.crowd.api.meter.took(Kind::Push, Duration::ZERO),
                    false => self.live = None,
                }
                told
            }
        }
    }

    pub fn lost(&self, what: &'static str, example: String) -> End {
        self.crowd.ledger.wrong(what, example);
        End::Lost
    }

    /// Until the visitor is let in, or it is over.
    async fn wait(&mut self) -> Result<Place, End> {
        let mut number = None;
        let (mut joined, mut unknown) = (Instant::now(), *UNKNOWN_LOOKS.start());
        let mut gives_up = None;
        let mut pause = self.first_look();
        loop {
            let pause_now = pause.mul_f64(0.9 + 0.2 * self.dice.share());
            let told = self.nap(pause_now).await;
            if gives_up.is_some_and(|at| Instant::now() >= at) {
                return Err(self.walk_away().await);
            }
            let status = self.crowd.board.status();
            if status.is_over() && number.is_some_and(|number| status.position(number) > 0) {
                self.crowd.ledger.witness(self.user, &self.entry);
                return Err(End::SaleOver);
            }
            if let Some(number) = number.filter(|_| !told) {
                let wait = status.wait(number).unwrap_or(LOOK_MAX);
                if status.position(number) > 0 && wait > FAR {
                    pause = (wait / 10).clamp(*GLANCES.start(), *GLANCES.end());
                    continue;
                }
            }
            pause = LOOK_MAX;
            match self.look().await {
                Look::Unknown if joined.elapsed() > UNKNOWN_MAX => {
                    self.join_again().await?;
                    (joined, unknown) = (Instant::now(), *UNKNOWN_LOOKS.start());
                }
                Look::Unknown => {
                    pause = unknown;
                    unknown = (unknown * 2).min(*UNKNOWN_LOOKS.end());
                }
                Look::Waiting { number: None, next } => pause = self.before_the_lot(next),
                Look::Waiting { number: Some(told), next } => {
                    self.crowd.ledger.number(self.index, told);
                    if number.is_none() && self.dice.chance(self.crowd.plan.walk_away) {
                        gives_up = Some(Instant::now() + self.dice.seconds(1.0, 30.0));
                    }
                    number = Some(told);
                    pause = next.min(LOOK_MAX);
                }
                Look::LetIn(place) => {
                    if number.is_none() {
                        self.crowd.ledger.straight_in();
                    }
                    self.crowd.ledger.let_in();
                    return Ok(place);
                }
                Look::Over { status, reason } => return Err(self.over(&status, &reason, number)),
                Look::Nothing => {}
            }
        }
    }

    /// The line knows a visitor a second or two after the answer.
    fn first_look(&mut self) -> Duration {
        self.dice.seconds(1.5, 2.5)
    }

    /// Nobody has a number before the opening, so nobody needs to ask.
    fn before_the_lot(&mut self, next: Duration) -> Duration {
        let left = self.crowd.opens_at.millis() - SystemClock.now().millis();
        match u64::try_from(left).ok().filter(|left| *left > 0) {
            Some(left) => Duration::from_millis(left) + self.dice.seconds(0.5, RUSH_SECONDS),
            None => next.min(LOOK_MAX),
        }
    }

    fn over(&self, status: &str, reason: &str, number: Option<u64>) -> End {
        match status {
            // They were let in, and did not know.
            "expired" if reason.contains("place") => {
                if number.is_none() {
                    self.crowd.ledger.straight_in();
                }
                self.crowd.ledger.missed();
                End::Expired
            }
            "expired" => {
                if number.is_none() {
                    self.crowd.ledger.over_first();
                }
                End::SaleOver
            }
            other => self.lost("a visitor in line was told something else", other.to_owned()),
        }
    }

    /// Half of those who give up say so; the others close the page.
    pub async fn walk_away(&mut self) -> End {
        if self.dice.chance(0.5) {
            return End::Gone;
        }
        let request = Request::new(Kind::Other, Method::DELETE, self.path()).by(self.user);
        self.crowd.ledger.out(self.index);
        match self.crowd.api.ask(request).await {
            Ok(answer) if answer.status == 204 => self.told(&["left", "expired"]).await,
            Ok(answer) => self.lost("a visitor could not leave", answer.to_string()),
            Err(error) => self.lost("a visitor could not leave", error.to_string()),
        }
    }

    fn path(&self) -> String {
        format!("/api/v1/queue/{}/entries/{}", self.crowd.session, self.entry)
    }

    /// How it ended, as the visitor is told: as one of these, within a minute.
    pub async fn told(&mut self, expected: &[&str]) -> End {
        const WITHIN: Duration = Duration::from_secs(60);
        let (since, mut seen) = (Instant::now(), String::new());
        while since.elapsed() < WITHIN {
            match self.look().await {
                Look::Over { status, .. } if expected.contains(&status.as_str()) => {
                    return match status.as_str() {
                        "served" => End::Served,
                        "left" => End::Left,
                        _ => End::Expired,
                    };
                }
                other => seen = format!("{other:?}"),
            }
            tokio::time::sleep(self.dice.seconds(1.0, 3.0)).await;
        }
        self.lost("a visitor was never told the end", format!("{expected:?}, but {seen}"))
    }

    pub async fn look(&self) -> Look {
        let request = Request::new(Kind::Poll, Method::GET, self.path()).by(self.user);
        match self.crowd.api.ask(request).await {
            Ok(answer) if answer.status == 404 => Look::Unknown,
            Ok(answer) if answer.status == 200 => read(&answer.body).unwrap_or_else(|| {
                self.crowd.ledger.wrong("an entry that cannot be read", answer.to_string());
                Look::Nothing
            }),
            Ok(answer) => {
                self.crowd.ledger.wrong("a look was refused", answer.to_string());
                Look::Nothing
            }
            // It is in the figures. The visitor looks again.
            Err(_) => Look::Nothing,
        }
    }
}

fn read(entry: &Value) -> Option<Look> {
    let text = |field: &str| entry[field].as_str().map(str::to_owned);
    let status = text("status")?;
    Some(match status.as_str() {
        "waiting" => {
            let next = Duration::from_secs(entry["next_poll_seconds"].as_u64()?);
            Look::Waiting { number: entry["number"].as_u64(), next }
        }
        "admitted" => {
            let until = Timestamp::parse(&text("place_expires_at")?)?;
            Look::LetIn(Place { pass: text("pass")?, until })
        }
        _ => Look::Over { status, reason: text("reason").unwrap_or_default() },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_are_read_as_they_are_told() {
        let waiting = json!({ "status": "waiting", "next_poll_seconds": 7, "number": 3 });
        let Some(Look::Waiting { number: Some(3), next }) = read(&waiting) else { panic!() };
        assert_eq!(next.as_secs(), 7);
        let admitted = json!({
            "status": "admitted", "pass": "x.y.z", "place_expires_at": "2030-01-01T00:00:10Z",
        });
        assert!(matches!(read(&admitted), Some(Look::LetIn(place)) if place.pass == "x.y.z"));
        let over = json!({ "status": "expired", "reason": "all seats are sold" });
        let Some(Look::Over { reason, .. }) = read(&over) else { panic!() };
        assert_eq!(reason, "all seats are sold");
        assert!(read(&json!({ "status": "admitted" })).is_none());
    }
}
