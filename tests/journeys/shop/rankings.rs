//! The views of the aggregator: who has most, in lists that others are in as well.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Marquee, eventually, text};

const GAMES: &str = "/aggregator/games?limit=500";
const USERS: &str = "/aggregator/users?limit=500";

/// Which entries, and their counts: players and achievements, or games and what they cost.
type Expected = (&'static str, String, [(&'static str, f64); 2]);

fn game(id: &str, players: f64, achievements: f64) -> Expected {
    (GAMES, id.to_owned(), [("userNumber", players), ("achievementNumber", achievements)])
}

fn user(id: Uuid, games: f64, bill: f64) -> Expected {
    (USERS, id.to_string(), [("gameValue", games), ("billValue", bill)])
}

impl Marquee {
    /// Waits until the views say so.
    async fn await_rankings(&self, expected: &[Expected]) {
        for (path, id, counts) in expected {
            let key = if *path == GAMES { "gameId" } else { "userId" };
            let mut seen = None;
            let counted = eventually(async || {
                let all = self.all(path).await;
                seen = all.into_iter().find(|entry| entry[key] == *id);
                let is = |(name, count): &(&str, f64)| {
                    seen.as_ref().is_some_and(|entry| entry[*name].as_f64() == Some(*count))
                };
                counts.iter().all(is)
            });
            assert!(counted.await, "{key} {id} has not {counts:?}: {seen:?}");
        }
    }

    /// Makes every view anew, and gives how many things were looked at for it.
    async fn rebuild_rankings(&self) -> u64 {
        let (mut looked_at, mut query) = (0, String::new());
        loop {
            let path = format!("/aggregator/rebuild{query}");
            let done = self.post(&path, &json!({})).await.expect(200);
            looked_at += done["lookedAt"].as_u64().expect("a count");
            match done["nextCursor"].as_str() {
                Some(cursor) => query = format!("?cursor={cursor}"),
                None => return looked_at,
            }
        }
    }
}

#[tokio::test]
async fn players_achievements_games_and_bills_are_counted_and_a_rebuild_finds_the_same() {
    let marquee = Marquee::start().await;
    let (one, other) = (marquee.new_game(10.0).await, marquee.new_game(15.5).await);
    let (buyer, second) = (Uuid::new_v4(), Uuid::new_v4());
    marquee.buy(buyer, &[&one, &other]).await;
    marquee.record_purchase(second, &one, 8.0).await.expect(201);
    let mut granted = Vec::new();
    for (game, user, title) in [
        (&one, buyer, "First"),
        (&one, second, "First"),
        (&other, buyer, "First"),
        (&other, buyer, "Second"),
        // Granted already.
        (&other, buyer, "Second"),
        (&other, buyer, "Third"),
    ] {
        let path = format!("/games/{game}/achievements");
        let item = json!({ "userId": user, "title": title });
        let item = marquee.post(&path, &item).await.expect(201);
        granted.push(format!("{path}/{}", text(&item["id"])));
    }
    let users = [user(buyer, 2.0, 25.5), user(second, 1.0, 8.0)];
    marquee.await_rankings(&[game(&one, 2.0, 2.0), game(&other, 1.0, 3.0)]).await;
    marquee.await_rankings(&users).await;
    marquee.delete_as(buyer, &granted[2]).await.expect_no_content();
    let games = [game(&one, 2.0, 2.0), game(&other, 1.0, 2.0)];
    marquee.await_rankings(&games).await;

    let looked_at = marquee.rebuild_rankings().await;
    assert!(looked_at > 0);
    marquee.come_to_rest().await;
    marquee.await_rankings(&games).await;
    marquee.await_rankings(&users).await;
}

#[tokio::test]
async fn the_most_come_first_page_by_page_and_others_than_the_known_orders_are_refused() {
    let marquee = Marquee::start().await;
    let games = [marquee.new_game(1.0).await, marquee.new_game(2.0).await];
    let (much, little) = (Uuid::new_v4(), Uuid::new_v4());
    marquee.record_purchase(much, &games[0], 1.0).await.expect(201);
    marquee.record_purchase(much, &games[1], 2.0).await.expect(201);
    marquee.record_purchase(little, &games[1], 99.0).await.expect(201);
    marquee.await_rankings(&[user(much, 2.0, 3.0), user(little, 1.0, 99.0)]).await;
    for (path, count) in [
        ("/aggregator/games?limit=5", "userNumber"),
        ("/aggregator/games?sortBy=players&limit=5", "userNumber"),
        ("/aggregator/games?sortBy=achievements&limit=5", "achievementNumber"),
        ("/aggregator/users?sortBy=games&limit=5", "gameValue"),
        ("/aggregator/users?sortBy=billValue&limit=5", "billValue"),
    ] {
        // Others buy meanwhile: an entry may have grown since its place in the list was read.
        let mut counts: Vec<f64> = Vec::new();
        let descending = eventually(async || {
            let all = marquee.all(path).await;
            counts = all.iter().map(|entry| entry[count].as_f64().expect("a number")).collect();
            counts.is_sorted_by(|a, b| a >= b)
        });
        assert!(descending.await, "{path}: {counts:?}");
    }
    let mut bills = Vec::new();
    let in_order = eventually(async || {
        bills = marquee.all("/aggregator/users?sortBy=billValue&limit=500").await;
        let place = |user: Uuid| bills.iter().position(|entry| entry["userId"] == user.to_string());
        place(little).is_some_and(|first| place(much).is_some_and(|second| first < second))
    });
    assert!(in_order.await, "99 is more than 3: {bills:?}");
    for (path, allowed) in [
        ("/aggregator/games?sortBy=price", ["players", "achievements"]),
        ("/aggregator/users?sortBy=players", ["games", "billValue"]),
    ] {
        let problem = marquee.get(path).await.problem(400, "malformed-request");
        assert_eq!(problem["field"], "sortBy", "{path}");
        for name in allowed {
            assert!(text(&problem["detail"]).contains(name), "{name}: {problem}");
        }
    }
}
