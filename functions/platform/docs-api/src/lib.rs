//! `docs-api`: the API's description, a page to try it, and what each problem type means.
//!
//! `openapi.json` is generated from the handlers and kept beside the code; `tests/tidy` fails when
//! the two part. Nothing here needs the internet: the page's scripts are part of the binary.

use axum::{
    Json, Router,
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use marquee_lambda::{
    http,
    problem::{ALL, Problem, ProblemType},
};
use serde_json::{Value, json};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// The description as it is served.
pub const OPENAPI: &str = include_str!("../openapi.json");

pub fn router() -> Router {
    let page = SwaggerUi::new("/docs")
        .config(Config::from("/openapi.json").try_it_out_enabled(true).validator_url("none"));
    let router = Router::new()
        .route("/openapi.json", get(openapi))
        .route("/problems", get(problems))
        .route("/problems/{slug}", get(problem))
        .merge(page);
    http::finish(router)
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn problems() -> Json<Vec<Value>> {
    Json(ALL.iter().map(|kind| describe(kind)).collect())
}

async fn problem(Path(slug): Path<String>) -> Result<Json<Value>, Problem> {
    let kind = ALL.iter().find(|kind| kind.slug == slug);
    kind.map(|kind| Json(describe(kind))).ok_or_else(|| Problem::not_found("problem type"))
}

fn describe(kind: &ProblemType) -> Value {
    json!({
        "type": format!("/problems/{}", kind.slug),
        "title": kind.title,
        "status": kind.status,
        "advice": kind.advice,
    })
}
