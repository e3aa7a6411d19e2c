use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::put};
use marquee_messaging::backends::rabbitmq::Endpoint;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc};

use super::*;

const QUICK: Patience =
    Patience { lasts: Duration::from_millis(500), pause: Duration::from_millis(10) };

/// What CloudFormation is told about a request of this type, with no broker to be had.
async fn told(request_type: &str) -> Value {
    let (tell, mut told) = mpsc::channel(1);
    let receive = |State(tell): State<mpsc::Sender<_>>, headers: HeaderMap, body: Bytes| async move {
        assert!(!headers.contains_key("content-type"), "the URL is signed without one");
        tell.send(body).await.expect("somebody listens");
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = Router::new().route("/answer", put(receive)).with_state(tell);
    tokio::spawn(async move { axum::serve(listener, app).await });

    let request = json!({
        "RequestType": request_type, "ResponseURL": format!("http://{address}/answer"),
        "StackId": "a stack", "RequestId": "a request", "LogicalResourceId": "Topology",
        "ResourceType": "Custom::Topology", "ResourceProperties": { "TopologyVersion": "1" },
    });
    let request = serde_json::from_value(request).expect("a request");
    let nowhere = RabbitMq::new(
        Endpoint::parse("amqp://127.0.0.1:1").expect("a url"),
        marquee_contexts::topology(),
    );
    handle(&nowhere, "test", None, QUICK, request).await.expect("told");
    serde_json::from_slice(&told.recv().await.expect("an answer")).expect("json")
}

#[tokio::test]
async fn a_failure_is_answered_with_its_reason() {
    for request_type in ["Create", "Update"] {
        let started = Instant::now();
        let answer = told(request_type).await;
        assert!(started.elapsed() >= QUICK.lasts, "a refused connection is no reason to give up");
        assert_eq!(answer["Status"], "FAILED");
        let reason = answer["Reason"].as_str().expect("a reason");
        assert!(reason.contains("no connection to amqp://127.0.0.1:1"), "{reason}");
        assert_eq!(answer["StackId"], "a stack");
        assert_eq!(answer["RequestId"], "a request");
        assert_eq!(answer["LogicalResourceId"], "Topology");
        assert_eq!(answer["PhysicalResourceId"], "marquee-topology");
    }
}

#[tokio::test]
async fn deleting_asks_no_broker() {
    assert_eq!(told("Delete").await["Status"], "SUCCESS");
}
