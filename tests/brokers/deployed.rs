//! A stack deployed with `Broker=rabbitmq` and `BrokerEndpoint`: its deployment declares the topology
//! on that broker, and its relay publishes there. `MARQUEE_RABBITMQ_URL` is its API.

use marquee_testkit::{http, rabbitmq::VirtualHost, server};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

struct Api {
    http: Client,
    base: String,
    /// Of somebody who may do everything.
    token: String,
}

/// The stack takes tokens of this provider.
async fn token() -> String {
    let issuer = server("OIDC_ISSUER");
    let claims = json!({
        "grant_type": "client_credentials", "sub": Uuid::new_v4(), "aud": "marquee",
        "scope": "marquee/organizer", "claims": { "organizers": "*" },
    });
    let issued = Client::new().post(format!("{issuer}/token")).json(&claims).send().await;
    let issued: Value = issued.expect("an answer").json().await.expect("json");
    issued["access_token"].as_str().expect("a token").to_owned()
}

impl Api {
    async fn post(&self, path: &str, body: &Value, id: &str) -> String {
        let request = self.http.post(format!("{}{path}", self.base)).body(body.to_string());
        let request = request.bearer_auth(&self.token);
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let answer: Value = response.json().await.expect("json");
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer[id].as_str().unwrap_or_default().to_owned()
    }

    /// A session with one seat: its id, and the seat's.
    async fn session(&self) -> (String, String) {
        let named = json!({ "name": "Here" });
        let location = self.post("/api/v1/locations", &named, "location_id").await;
        let halls = format!("/api/v1/locations/{location}/halls");
        let hall = self.post(&halls, &named, "hall_id").await;
        let plan = json!({ "row_count": 1, "seats_per_row": 1 });
        self.post(&format!("/api/v1/halls/{hall}/seats"), &plan, "").await;
        let organizer = self.post("/api/v1/organizers", &named, "organizer_id").await;
        let event = json!({ "title": "It", "organizer_id": organizer });
        let event = self.post("/api/v1/events", &event, "event_id").await;
        let session = json!({
            "event_id": event, "hall_id": hall, "base_price": 40,
            "start_time": "2030-01-01T19:00:00Z", "end_time": "2030-01-01T22:00:00Z",
        });
        let session = self.post("/api/v1/sessions", &session, "session_id").await;
        let seats = format!("{}/api/v1/sessions/{session}/seats", self.base);
        let seats: Value =
            self.http.get(seats).send().await.expect("sent").json().await.expect("json");
        (session, seats[0]["session_seat_id"].as_str().expect("a seat").to_owned())
    }
}

#[tokio::test]
async fn a_deployment_declares_the_topology_and_its_relay_publishes_to_it() {
    let base = server("MARQUEE_RABBITMQ_URL");
    let (amqp, management) = (server("AMQP_URL"), server("RABBITMQ_MANAGEMENT_URL"));
    let broker = VirtualHost::named("stack", &amqp, &management);
    // Nothing but the deployment declares anything on this virtual host.
    let queues = broker.manage(Method::GET, "queues/stack", None).await;
    let queue = |name: &str| queues.as_array().expect("a list").iter().any(|q| q["name"] == name);
    for name in ["event_service_queue", "event_service_queue_dlq", "retry_1000ms"] {
        assert!(queue(name), "{name} is not declared");
    }

    let api = Api { http: http::client(&base), base, token: token().await };
    let (session, seat) = api.session().await;
    let wanted = json!({ "session_id": session, "seats": [{ "session_seat_id": seat }] });
    let reservation = api.post("/api/v1/reservations", &wanted, "id").await;
    let path = format!("/api/v1/reservations/{reservation}/confirm");
    api.post(&path, &json!({ "payment_id": Uuid::new_v4() }), "id").await;
    let message = broker.client().await.take("event_service_queue", 1).await.remove(0);
    let event: Value = serde_json::from_slice(&message.data).expect("json");
    assert_eq!(event["event_type"], "reservation.confirmed");
    assert_eq!(event["reservation_id"], json!(reservation));
}
