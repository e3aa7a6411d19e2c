//! The games themselves: the catalogue, achievements, and who plays what.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Marquee, eventually, text};

fn titles(games: &[Value]) -> Vec<String> {
    games.iter().map(|game| text(&game["title"])).collect()
}

#[tokio::test]
async fn games_are_found_by_a_part_of_their_title_and_by_price_page_by_page() {
    let marquee = Marquee::start().await;
    let mark = Uuid::new_v4().simple().to_string();
    let title = |n: u32| format!("The Quest-{mark}-{n}");
    for n in [3, 1, 2] {
        let game = json!({ "title": title(n), "basePrice": n * 10 });
        marquee.post("/games", &game).await.expect(201);
    }
    let path = format!("/games?title=qUEST-{}", mark.to_uppercase());
    let all = [title(1), title(2), title(3)];
    let mut seen = Vec::new();
    let listed = eventually(async || {
        seen = titles(&marquee.all(&path).await);
        seen == all
    });
    assert!(listed.await, "{seen:?}");
    for (query, expected) in [
        ("limit=1", &all[..]),
        ("limit=2", &all[..]),
        ("minPrice=15", &all[1..]),
        ("maxPrice=15", &all[..1]),
        ("minPrice=15&maxPrice=25.5", &all[1..2]),
        ("minPrice=35", &all[3..]),
    ] {
        let found = marquee.all(&format!("{path}&{query}")).await;
        assert_eq!(titles(&found), expected, "{query}");
    }
    let page = marquee.get("/games?limit=1").await;
    assert_eq!(page.expect(200).as_array().map(Vec::len), Some(1));
    let next = page.next_page().expect("a link");
    assert!(next.starts_with("/games?limit=1&cursor="), "{next}");
}

#[tokio::test]
async fn a_game_is_created_replaced_and_taken_off_sale() {
    let marquee = Marquee::start().await;
    let title = format!("Chess {}", Uuid::new_v4());
    let created = json!({ "title": title, "basePrice": 19.99 });
    let created = marquee.post("/games", &created).await.expect(201);
    assert_eq!((&created["title"], &created["basePrice"]), (&json!(title), &json!(19.99)));
    let path = format!("/games/{}", text(&created["id"]));
    assert_eq!(marquee.get(&path).await.expect(200), created);
    // The second is one that nobody has heard of.
    for path in [path, format!("/games/{}", Uuid::new_v4())] {
        let body = json!({ "title": format!("Go {}", Uuid::new_v4()), "basePrice": 5.5 });
        let put = marquee.put(&path, &body).await.expect(200);
        assert_eq!((&put["title"], &put["basePrice"]), (&body["title"], &json!(5.5)));
        assert_eq!(path, format!("/games/{}", text(&put["id"])));
        assert_eq!(marquee.get(&path).await.expect(200), put);
        let list = format!("/games?title={}", text(&put["title"]));
        let is_listed = eventually(async || marquee.all(&list).await.contains(&put));
        assert!(is_listed.await, "{list}");

        marquee.delete_as(Uuid::new_v4(), &path).await.expect_no_content();
        marquee.get(&path).await.problem(404, "not-found");
        let is_gone = eventually(async || marquee.all(&list).await.is_empty());
        assert!(is_gone.await, "{list}");
    }
}

#[tokio::test]
async fn a_game_created_with_an_idempotency_key_is_created_once() {
    let marquee = Marquee::start().await;
    let (key, mark) = (Uuid::new_v4().to_string(), Uuid::new_v4());
    let send = async |price: u32| {
        let body = json!({ "title": format!("Once {mark}"), "basePrice": price }).to_string();
        marquee.send(Method::POST, "/games", &[("idempotency-key", &key)], Some(body)).await
    };
    let first = send(1).await.expect(201);
    assert_eq!(send(1).await.expect(201), first);
    send(2).await.problem(422, "idempotency-key-reused");
    let path = format!("/games?title=once {mark}");
    let is_listed = eventually(async || marquee.all(&path).await.contains(&first));
    assert!(is_listed.await, "{path}");
    assert_eq!(marquee.all(&path).await.len(), 1, "{path}");
}

#[tokio::test]
async fn what_is_no_game_is_refused_by_the_field_that_is_wrong() {
    let marquee = Marquee::start().await;
    for (body, field) in [
        (json!({ "basePrice": 1 }), "title"),
        (json!({ "title": " ", "basePrice": 1 }), "title"),
        (json!({ "title": "It" }), "basePrice"),
        (json!({ "title": "It", "basePrice": -1 }), "basePrice"),
        (json!({ "title": "It", "basePrice": "much" }), "basePrice"),
    ] {
        let problem = marquee.post("/games", &body).await.problem(422, "invalid-field");
        assert_eq!(problem["field"], field, "{body}");
    }
    for path in ["/games?minPrice=cheap", "/games?maxPrice=-1", "/games?limit=0"] {
        marquee.get(path).await.problem(400, "malformed-request");
    }
}

#[tokio::test]
async fn an_achievement_is_granted_once_and_can_be_taken_away() {
    let marquee = Marquee::start().await;
    let path = format!("/games/{}/achievements", marquee.new_game(1.0).await);
    let (user, other) = (Uuid::new_v4(), Uuid::new_v4());
    let grant = async |user: Uuid, title: &str| {
        marquee.post(&path, &json!({ "userId": user, "title": title })).await.expect(201)
    };
    let first = grant(user, "First blood").await;
    assert_eq!((&first["userId"], &first["title"]), (&json!(user), &json!("First blood")));
    assert!(text(&first["grantedAt"]).ends_with('Z'), "{first}");
    assert_eq!(grant(user, "First blood").await, first, "it is the same");
    let second = grant(user, "No hands").await;
    let others = grant(other, "First blood").await;
    assert_ne!(others["id"], first["id"]);

    let own = marquee.all_as(user, &format!("{path}?userId={user}")).await;
    assert_eq!(own.len(), 2, "{own:?}");
    assert!(own.contains(&first) && own.contains(&second), "{own:?}");
    let everybodys = marquee.all_as(user, &path).await;
    assert_eq!(everybodys.len(), 3, "{everybodys:?}");
    for limit in [1, 2] {
        let paged = marquee.all_as(user, &format!("{path}?limit={limit}")).await;
        assert_eq!(paged.len(), 3, "pages of {limit}: {paged:?}");
    }

    let item = format!("{path}/{}", text(&first["id"]));
    assert_eq!(marquee.get_as(user, &item).await.expect(200), first);
    marquee.delete_as(user, &item).await.expect_no_content();
    marquee.delete_as(user, &item).await.problem(404, "not-found");
    marquee.get_as(user, &item).await.problem(404, "not-found");
    assert_eq!(marquee.all_as(user, &format!("{path}?userId={user}")).await, [second]);
}

#[tokio::test]
async fn only_who_has_a_game_plays_it() {
    let marquee = Marquee::start().await;
    let (owner, other) = (Uuid::new_v4(), Uuid::new_v4());
    let game = marquee.new_game(5.0).await;
    marquee.record_purchase(owner, &game, 5.0).await.expect(201);
    let path = format!("/games/{game}/playHistory");
    let half_an_hour = json!({ "minutes": 30 });
    let refused = marquee.post_as(other, &path, &half_an_hour).await;
    refused.problem(409, "game-not-owned");
    let without = marquee.post_as(owner, &path, &json!({})).await;
    assert_eq!(without.problem(422, "invalid-field")["field"], "minutes");

    let played = marquee.post_as(owner, &path, &half_an_hour).await.expect(201);
    assert_eq!((&played["kind"], &played["minutes"]), (&json!("PLAYED"), &json!(30)));
    assert_eq!((&played["gameId"], &played["userId"]), (&json!(game), &json!(owner)));
    let item = format!("{path}/{}", text(&played["id"]));
    assert_eq!(marquee.get_as(owner, &item).await.expect(200), played);

    let history = marquee.await_play_history(owner, &game, 2).await;
    assert!(history.contains(&played), "{history:?}");
    let bought = history.iter().find(|entry| entry["kind"] == "PURCHASED");
    let bought = bought.unwrap_or_else(|| panic!("no purchase: {history:?}"));
    assert!(bought.get("minutes").is_none_or(Value::is_null), "{bought}");
    assert!(marquee.play_history(other, &game).await.is_empty());
    let unknown = marquee.get_as(owner, &format!("{path}/{}", Uuid::new_v4())).await;
    unknown.problem(404, "not-found");
}
