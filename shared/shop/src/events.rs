//! What the steps of a purchase tell one another, on exchange `shop_events`.
//!
//! An event names what it is about, and says nothing that moves money or games: whoever hears it reads
//! the item that decides. So one that is late, repeated or made up changes nothing.

use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_shop_domain::ids::{GameId, InvoiceId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    InvoiceRequested,
    InvoiceOk,
    InvoiceRejected,
    CartApproved,
    PurchaseRecorded,
    GameChanged,
    GameUsersChanged,
    GameAchievementsChanged,
}

impl EventType {
    pub const fn routing_key(self) -> &'static str {
        match self {
            Self::InvoiceRequested => "invoice.requested",
            Self::InvoiceOk => "invoice.ok",
            Self::InvoiceRejected => "invoice.rejected",
            Self::CartApproved => "cart.approved",
            Self::PurchaseRecorded => "purchase.recorded",
            Self::GameChanged => "game.changed",
            Self::GameUsersChanged => "game.users_changed",
            Self::GameAchievementsChanged => "game.achievements_changed",
        }
    }
}

/// Of `invoice.…` and `cart.approved`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvoiceEvent {
    pub event_type: &'static str,
    /// `<user>-<number>`.
    pub invoice_id: String,
    /// RFC 3339 with milliseconds.
    pub occurred_at: String,
}

impl InvoiceEvent {
    pub fn new(event_type: EventType, invoice: InvoiceId, at: Timestamp) -> Self {
        Self {
            event_type: event_type.routing_key(),
            invoice_id: invoice.to_string(),
            occurred_at: at.to_rfc3339_millis(),
        }
    }

    /// Which invoice it is about, whoever published it.
    ///
    /// # Errors
    /// Says what keeps the body from being such an event: it will never be one.
    pub fn read(body: &[u8]) -> Result<InvoiceId, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            invoice_id: String,
        }
        let body: Body = parse("an invoice", body)?;
        let id = body.invoice_id.parse();
        id.map_err(|error| format!("not an event of an invoice: invoiceId {error}"))
    }
}

/// Of `purchase.recorded`: one purchase, from which the others that were paid for with it are found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PurchaseEvent {
    pub event_type: &'static str,
    pub user_id: Uuid,
    pub game_id: Uuid,
    /// RFC 3339 with milliseconds.
    pub occurred_at: String,
}

impl PurchaseEvent {
    pub fn new(user: UserId, game: GameId, at: Timestamp) -> Self {
        Self {
            event_type: EventType::PurchaseRecorded.routing_key(),
            user_id: user.uuid(),
            game_id: game.uuid(),
            occurred_at: at.to_rfc3339_millis(),
        }
    }

    /// # Errors
    /// Says what keeps the body from being such an event: it will never be one.
    pub fn read(body: &[u8]) -> Result<(UserId, GameId), String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            user_id: Uuid,
            game_id: Uuid,
        }
        let Body { user_id, game_id } = parse("a purchase", body)?;
        Ok((UserId::new(user_id), GameId::new(game_id)))
    }
}

/// Of `game.…`: what is counted of these games has changed, and of the user, if one is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GamesEvent {
    pub event_type: &'static str,
    pub games: Vec<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
    /// RFC 3339 with milliseconds.
    pub occurred_at: String,
}

/// What a consumer takes from a [`GamesEvent`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedGames {
    pub games: Vec<GameId>,
    pub user: Option<UserId>,
}

/// More games than any event of ours has.
const GAMES_MAX: usize = 100;

impl GamesEvent {
    pub fn new(
        event_type: EventType,
        games: impl IntoIterator<Item = GameId>,
        user: Option<UserId>,
        at: Timestamp,
    ) -> Self {
        Self {
            event_type: event_type.routing_key(),
            games: games.into_iter().map(GameId::uuid).collect(),
            user_id: user.map(UserId::uuid),
            occurred_at: at.to_rfc3339_millis(),
        }
    }

    /// # Errors
    /// Says what keeps the body from being such an event: it will never be one.
    pub fn read(body: &[u8]) -> Result<ChangedGames, String> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            games: Vec<Uuid>,
            user_id: Option<Uuid>,
        }
        let Body { games, user_id } = parse("games", body)?;
        if games.is_empty() || games.len() > GAMES_MAX {
            return Err(format!("not an event of games: games must be 1 to {GAMES_MAX}"));
        }
        let games = games.into_iter().map(GameId::new).collect();
        Ok(ChangedGames { games, user: user_id.map(UserId::new) })
    }
}

fn parse<'a, T: Deserialize<'a>>(what: &str, body: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| format!("not an event of {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_published_can_be_read() {
        let (user, game) = (UserId::new(Uuid::from_u128(1)), GameId::new(Uuid::from_u128(2)));
        let at = Timestamp::from_millis(1_763_229_600_250);
        let invoice = InvoiceId { user, number: 3 };
        let event = InvoiceEvent::new(EventType::InvoiceOk, invoice, at);
        let body = serde_json::to_vec(&event).expect("json");
        assert_eq!(InvoiceEvent::read(&body), Ok(invoice));
        let body = serde_json::to_value(PurchaseEvent::new(user, game, at)).expect("json");
        assert_eq!(
            body,
            json!({
                "eventType": "purchase.recorded", "userId": user.uuid(), "gameId": game.uuid(),
                "occurredAt": "2025-11-15T18:00:00.250Z",
            })
        );
        assert_eq!(PurchaseEvent::read(body.to_string().as_bytes()), Ok((user, game)));
        let event = GamesEvent::new(EventType::GameUsersChanged, [game], Some(user), at);
        let body = serde_json::to_vec(&event).expect("json");
        let changed = ChangedGames { games: vec![game], user: Some(user) };
        assert_eq!(GamesEvent::read(&body), Ok(changed));
    }

    #[test]
    fn what_is_no_event_says_why() {
        for body in [json!({}), json!({ "invoiceId": 1 }), json!({ "invoiceId": "1" }), json!([])] {
            let error = InvoiceEvent::read(body.to_string().as_bytes()).expect_err("no event");
            assert!(error.starts_with("not an event of"), "{body}: {error}");
        }
        assert!(PurchaseEvent::read(b"\xff").is_err());
        assert!(GamesEvent::read(b"{\"games\": []}").is_err());
    }
}
