//! The description of the API, and the page to try it.

use serde_json::Value;

use crate::harness::{Marquee, text};

#[tokio::test]
async fn the_description_covers_every_path_of_the_user_flow() {
    let marquee = Marquee::start().await;
    let description = marquee.get("/openapi.json").await.expect(200);
    assert!(text(&description["openapi"]).starts_with("3.1"));
    for (path, method) in [
        ("/api/v1/sessions/{session_id}/seat-map", "get"),
        ("/api/v1/reservations", "post"),
        ("/api/v1/reservations/{reservation_id}/confirm", "post"),
        ("/api/v1/tickets/user/{user_id}", "get"),
        ("/api/v1/tickets/{ticket_id}/qr", "get"),
    ] {
        assert!(description["paths"][path][method].is_object(), "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_and_all_it_loads_come_from_here() {
    let marquee = Marquee::start().await;
    for path in ["/", "/docs", "/docs/"] {
        let page = marquee.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let page = String::from_utf8(page.bytes).expect("text");
        assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
    }
    for script in ["swagger-ui-bundle.js", "swagger-ui.css", "swagger-initializer.js"] {
        let reply = marquee.get(&format!("/docs/{script}")).await;
        assert_eq!(reply.status, 200, "{script}");
    }
}

#[tokio::test]
async fn every_problem_type_is_explained_where_its_type_points() {
    let marquee = Marquee::start().await;
    let all = marquee.get("/problems").await.expect(200);
    for kind in all.as_array().expect("a list") {
        let explained: Value = marquee.get(&text(&kind["type"])).await.expect(200);
        assert_eq!(&explained, kind);
    }
}
