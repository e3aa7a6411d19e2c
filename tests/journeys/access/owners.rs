//! What belongs to somebody is theirs: others do not learn whether it exists.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    harness::{Marquee, eventually, payment, text, wanted},
    oidc::{Issuer, Token},
    reply::Reply,
};

/// Somebody with a token.
struct Person<'a> {
    marquee: &'a Marquee,
    bearer: String,
}

impl<'a> Person<'a> {
    async fn new(marquee: &'a Marquee, issuer: &Issuer, token: Token) -> Self {
        Self { marquee, bearer: format!("Bearer {}", issuer.token(&token).await) }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Reply {
        let headers = [("authorization", self.bearer.as_str())];
        let body = (!body.is_null()).then(|| body.to_string());
        self.marquee.send(method, path, &headers, body).await
    }

    async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &Value::Null).await
    }

    async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, body).await
    }
}

/// A session that its organizer has set up, and one seat of it.
async fn session(organizer: &Person<'_>, seats: u16) -> (String, Vec<String>, String) {
    let create = async |path: &str, body: Value, id: &str| {
        text(&organizer.post(path, &body).await.expect(201)[id])
    };
    let location = create("/api/v1/locations", json!({ "name": "L" }), "location_id").await;
    let halls = format!("/api/v1/locations/{location}/halls");
    let hall = create(&halls, json!({ "name": "H" }), "hall_id").await;
    let plan = json!({ "row_count": 1, "seats_per_row": seats });
    organizer.post(&format!("/api/v1/halls/{hall}/seats"), &plan).await.expect(201);
    let seller = create("/api/v1/organizers", json!({ "name": "O" }), "organizer_id").await;
    let event = json!({ "title": "E", "organizer_id": seller });
    let event = create("/api/v1/events", event, "event_id").await;
    let session = json!({
        "event_id": event, "hall_id": hall, "base_price": 10,
        "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
    });
    let session = create("/api/v1/sessions", session, "session_id").await;
    let seats = organizer.get(&format!("/api/v1/sessions/{session}/seats")).await.expect(200);
    let seats = seats.as_array().expect("a list").iter();
    (session, seats.map(|seat| text(&seat["session_seat_id"])).collect(), seller)
}

fn all_organizers() -> Token {
    Token::of("boss", "marquee/organizer").claiming(json!({ "organizers": "*" }))
}

#[tokio::test]
async fn reservations_and_tickets_are_their_owners_and_the_doors_and_staff_see_tickets() {
    let (marquee, issuer) = Marquee::start_with_tokens().await;
    let boss = Person::new(&marquee, &issuer, all_organizers()).await;
    let (session, seats, _) = session(&boss, 1).await;
    // No UUID, and the same user each time.
    let sub = format!("auth0|{}", Uuid::new_v4());
    let owner = Person::new(&marquee, &issuer, Token::of(&sub, "")).await;
    let again = Person::new(&marquee, &issuer, Token::of(&sub, "")).await;
    let other = Person::new(&marquee, &issuer, Token::of("somebody", "")).await;
    let staff = Person::new(&marquee, &issuer, Token::of("s", "marquee/staff")).await;
    let door = Person::new(&marquee, &issuer, Token::of("d", "marquee/door")).await;

    let held =
        owner.post("/api/v1/reservations", &wanted(&session, &[&seats[0]])).await.expect(201);
    let path = format!("/api/v1/reservations/{}", text(&held["id"]));
    let nothing = other.get(&path).await.problem(404, "not-found");
    let missing = other.get(&format!("/api/v1/reservations/{}", Uuid::new_v4())).await;
    assert_eq!(nothing, missing.problem(404, "not-found"), "no hint that it exists");
    other.send(Method::DELETE, &path, &Value::Null).await.problem(404, "not-found");
    other.post(&format!("{path}/payment"), &json!({})).await.problem(404, "not-found");
    let pay = json!({ "payment_id": payment() });
    other.post(&format!("{path}/confirm"), &pay).await.problem(404, "not-found");
    again.post(&format!("{path}/confirm"), &pay).await.expect(200);

    let ticket = format!("/api/v1/tickets/{}", text(&held["items"][0]["id"]));
    let all = format!("/api/v1/tickets/user/{}", text(&held["user_id"]));
    for path in [&ticket, &format!("{ticket}/qr"), &all] {
        assert_eq!(other.get(path).await.status, 404, "{path}");
        for who in [&owner, &again, &staff, &door] {
            assert_eq!(who.get(path).await.status, 200, "{path}");
        }
    }
    let check_in = format!("{ticket}/check-in");
    for who in [&owner, &other, &staff] {
        assert_eq!(who.post(&check_in, &json!({ "gate": "A" })).await.status, 403);
    }
    door.post(&check_in, &json!({ "gate": "A" })).await.expect(200);
}

#[tokio::test]
async fn an_organizer_sets_up_what_belongs_to_those_that_the_token_names() {
    let (marquee, issuer) = Marquee::start_with_tokens().await;
    let boss = Person::new(&marquee, &issuer, all_organizers()).await;
    let (session, _, seller) = session(&boss, 1).await;
    let token = |organizers: Value| {
        Token::of("olga", "marquee/organizer").claiming(json!({ "organizers": organizers }))
    };
    let own = Person::new(&marquee, &issuer, token(json!([Uuid::new_v4(), seller]))).await;
    let foreign = Person::new(&marquee, &issuer, token(json!([Uuid::new_v4()]))).await;
    let none = Person::new(&marquee, &issuer, Token::of("olga", "marquee/organizer")).await;

    let event = json!({ "title": "E", "organizer_id": seller });
    own.post("/api/v1/events", &event).await.expect(201);
    let tier = json!({ "name": "Free", "multiplier": 0, "session_id": session });
    own.post("/api/v1/price-tiers", &tier).await.expect(201);
    let unknown = json!({ "title": "E", "organizer_id": Uuid::new_v4() });
    for who in [&foreign, &none] {
        who.post("/api/v1/events", &event).await.problem(403, "forbidden");
        // Whether there is such an organizer is not said.
        who.post("/api/v1/events", &unknown).await.problem(403, "forbidden");
        who.post("/api/v1/price-tiers", &tier).await.problem(403, "forbidden");
        who.post("/api/v1/admin/price-tiers", &tier).await.problem(403, "forbidden");
    }
    // What is everybody's takes one who acts for all.
    let of_all = json!({ "name": "Free", "multiplier": 0 });
    own.post("/api/v1/price-tiers", &of_all).await.problem(403, "forbidden");
    own.post("/api/v1/organizers", &json!({ "name": "New" })).await.problem(403, "forbidden");
    boss.post("/api/v1/price-tiers", &of_all).await.expect(201);
}

#[tokio::test]
async fn a_place_in_a_waiting_room_is_its_visitors_and_the_room_its_organizers() {
    let (marquee, issuer) = Marquee::start_with_tokens_and_consumers().await;
    let boss = Person::new(&marquee, &issuer, all_organizers()).await;
    let (session, _, seller) = session(&boss, 1).await;
    let session = boss.get(&format!("/api/v1/sessions/{session}")).await.expect(200);
    let session = json!({
        "event_id": session["event_id"], "hall_id": session["hall_id"], "base_price": 10,
        "start_time": session["start_time"], "end_time": session["end_time"],
        "waiting_room": true,
    });
    let session = boss.post("/api/v1/sessions", &session).await.expect(201);
    let room = format!("/api/v1/queue/{}", text(&session["session_id"]));
    let there = eventually(async || boss.get(&room).await.status == 200);
    assert!(there.await, "there is never a room");

    let token = |organizers: Value| {
        Token::of("olga", "marquee/organizer").claiming(json!({ "organizers": organizers }))
    };
    let own = Person::new(&marquee, &issuer, token(json!([Uuid::new_v4(), seller]))).await;
    let foreign = Person::new(&marquee, &issuer, token(json!([Uuid::new_v4()]))).await;
    let none = Person::new(&marquee, &issuer, Token::of("olga", "marquee/organizer")).await;
    let settings = json!({ "capacity": 0 });
    for who in [&own, &boss] {
        who.send(Method::PUT, &room, &settings).await.expect(200);
        assert_eq!(who.get(&room).await.expect(200)["capacity"], 0);
    }
    for who in [&foreign, &none] {
        who.send(Method::PUT, &room, &json!({})).await.problem(403, "forbidden");
        who.get(&room).await.problem(403, "forbidden");
    }
    assert_eq!(own.get(&room).await.expect(200)["capacity"], 0);

    // No UUID, and the same user each time.
    let sub = format!("auth0|{}", Uuid::new_v4());
    let owner = Person::new(&marquee, &issuer, Token::of(&sub, "")).await;
    let again = Person::new(&marquee, &issuer, Token::of(&sub, "")).await;
    let other = Person::new(&marquee, &issuer, Token::of("somebody", "")).await;
    let entries = format!("{room}/entries");
    let entry = text(&owner.post(&entries, &Value::Null).await.expect(202)["id"]);
    let path = format!("{entries}/{entry}");
    let known = eventually(async || owner.get(&path).await.status == 200);
    assert!(known.await, "never in the line");
    assert_eq!(again.get(&path).await.expect(200)["status"], "waiting");
    let nothing = other.get(&path).await.problem(404, "not-found");
    let missing = other.get(&format!("{entries}/{}", Uuid::new_v4())).await;
    assert_eq!(nothing, missing.problem(404, "not-found"), "no hint that it exists");
    for who in [&other, &boss] {
        who.send(Method::DELETE, &path, &Value::Null).await.problem(404, "not-found");
    }
    again.send(Method::DELETE, &path, &Value::Null).await.expect_no_content();
}

#[tokio::test]
async fn a_student_orders_in_no_other_name_and_sees_no_others_orders() {
    let (marquee, issuer) = Marquee::start_with_tokens().await;
    let name = format!("S-{}", Uuid::new_v4());
    let student = Person::new(&marquee, &issuer, Token::of(&name, "")).await;
    let other = Person::new(&marquee, &issuer, Token::of("S-other", "")).await;
    let staff = Person::new(&marquee, &issuer, Token::of("cook", "marquee/staff")).await;
    let item = format!("Soup {}", Uuid::new_v4());
    let stock = format!("/inventory/{item}").replace(' ', "%20");
    // A gateway that asks for the scope refuses with a body of its own.
    let refused = student.send(Method::PUT, &stock, &json!({ "stock": 5 })).await;
    assert_eq!(refused.status, 403);
    staff.send(Method::PUT, &stock, &json!({ "stock": 5 })).await.expect(200);

    let order = json!({ "item": item, "qty": 1 });
    let placed = student.post("/order", &order).await.expect(201);
    assert_eq!(placed["student_id"], name);
    let in_anothers_name = json!({ "item": item, "qty": 1, "student_id": name });
    other.post("/order", &in_anothers_name).await.problem(403, "forbidden");
    student.post("/order", &in_anothers_name).await.expect(201);
    staff.post("/order", &in_anothers_name).await.expect(201);

    let path = format!("/orders/{}", text(&placed["order_id"]));
    student.get(&path).await.expect(200);
    staff.get(&path).await.expect(200);
    other.get(&path).await.problem(404, "not-found");
    let listed = async |who: &Person<'_>, query: &str| {
        let orders = who.get(&format!("/orders{query}")).await.expect(200);
        orders.as_array().expect("a list").iter().filter(|o| o["student_id"] == name).count()
    };
    assert_eq!(listed(&student, "").await, 3);
    assert_eq!(listed(&other, "").await, 0);
    let query = format!("?student_id={name}");
    assert_eq!(listed(&staff, &query).await, 3);
    other.get(&format!("/orders{query}")).await.problem(403, "forbidden");
    other.get("/notifications").await.expect(200);
    let cancel = json!({ "status": "CANCELLED" });
    let refused = student.send(Method::PATCH, &format!("{path}/status"), &cancel).await;
    assert_eq!(refused.status, 403);
    staff.send(Method::PATCH, &format!("{path}/status"), &cancel).await.expect(200);
}

#[tokio::test]
async fn carts_invoices_purchases_and_play_are_their_users_and_staff_see_them() {
    let (marquee, issuer) = Marquee::start_with_tokens().await;
    let boss = Person::new(&marquee, &issuer, all_organizers()).await;
    let user = Uuid::new_v4();
    let owner = Person::new(&marquee, &issuer, Token::of(&user.to_string(), "")).await;
    let other = Token::of(&format!("other than {user}"), "");
    let other = Person::new(&marquee, &issuer, other).await;
    let staff = Person::new(&marquee, &issuer, Token::of("s", "marquee/staff")).await;
    let new_game = async |title: &str| {
        let game = json!({ "title": format!("{title} {user}"), "basePrice": 5 });
        text(&boss.post("/games", &game).await.expect(201)["id"])
    };
    let (in_cart, owned) = (new_game("Wanted").await, new_game("Owned").await);

    let item = json!({ "gameId": in_cart });
    let item = owner.post("/shoppingCart/items", &item).await.expect(201);
    let purchase = json!({ "userId": user, "gameId": owned, "price": 5 });
    staff.post("/purchase-history", &purchase).await.expect(201);
    let history = format!("/games/{owned}/playHistory");
    let played = owner.post(&history, &json!({ "minutes": 5 })).await.expect(201);
    for path in [
        format!("/shoppingCartItems/{}", text(&item["id"])),
        format!("/purchase-history/games/{owned}"),
        format!("{history}/{}", text(&played["id"])),
    ] {
        owner.get(&path).await.expect(200);
        other.get(&path).await.problem(404, "not-found");
    }
    other.get(&format!("/invoices/{user}-1")).await.problem(404, "not-found");
    for path in ["/shoppingCart", "/purchase-history", "/invoices", &history] {
        let of_owner = format!("{path}?userId={user}");
        let others = other.get(&of_owner).await;
        assert!([403, 404].contains(&others.status), "{of_owner}: {}", others.json());
        for who in [&owner, &staff] {
            assert_eq!(who.get(&of_owner).await.status, 200, "{of_owner}");
        }
    }
    for path in ["/purchase-history", "/invoices", &history] {
        assert_eq!(other.get(path).await.expect(200), json!([]), "{path}");
    }
}

#[tokio::test]
async fn one_caller_cannot_crowd_out_the_others() {
    let (marquee, issuer) = Marquee::start_with_tokens().await;
    let name = format!("S-{}", Uuid::new_v4());
    let student = Person::new(&marquee, &issuer, Token::of(&name, "")).await;
    let order = json!({ "item": "Nothing", "qty": 1 });
    let refused = async {
        for _ in 0..200 {
            let reply = student.post("/order", &order).await;
            if reply.status != 201 {
                return Some(reply);
            }
        }
        None
    };
    let refused = refused.await.expect("it ends");
    let problem = refused.problem(429, "too-many-requests");
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{problem}");
    let other = Person::new(&marquee, &issuer, Token::of(&format!("{name}-2"), "")).await;
    other.post("/order", &order).await.expect(201);
}
