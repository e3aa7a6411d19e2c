//! `docs-api`: the API's description, a page to try it, and what each problem type means. It also
//! answers for every path that no other function has: `/` leads to the page, all else is a problem.
//!
//! `openapi.json` is generated from the handlers and kept beside the code; `tests/tidy` fails when
//! the two part. Nothing here needs the internet: the page's scripts are part of the binary.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::Path,
    http::header,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use marquee_lambda::{
    http,
    identity::Identity,
    problem::{INTERNAL, Problem, ProblemType},
    route::{Access, Api, DEFAULT, Route, route},
};
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

pub const API: Api = Api { name: "docs-api", routes: ROUTES, tags: &[], openapi };

/// What API Gateway passes on to it, and who may call there.
const ROUTES: &[Route] = &[
    route("/docs", Access::Everybody),
    route("/docs/", Access::Everybody),
    route("/docs/{proxy+}", Access::Everybody),
    route("/openapi.json", Access::Everybody),
    route("/problems", Access::Everybody),
    route("/problems/{proxy+}", Access::Everybody),
    route(DEFAULT, Access::Everybody),
];

/// It describes the others.
fn openapi() -> OpenApi {
    OpenApi::default()
}

/// The description as it is served.
pub const OPENAPI: &str = include_str!("../openapi.json");

pub fn router() -> Router {
    // To a name of its own: not every gateway passes on a slash at the end.
    let to_page = get(|| async { Redirect::permanent("/docs/index.html") });
    let router = Router::new()
        .route("/", get(|| async { Redirect::temporary("/docs/index.html") }))
        .route("/docs", to_page.clone())
        .route("/docs/", to_page)
        .route("/docs/{file}", get(page))
        .route("/openapi.json", get(description))
        .route("/problems", get(problems))
        .route("/problems/{slug}", get(problem));
    http::finish(router, API, Identity::Token)
}

async fn page(Path(file): Path<String>) -> Result<Response, Problem> {
    let config = Config::from("/openapi.json").try_it_out_enabled(true).validator_url("none");
    let file = utoipa_swagger_ui::serve(&file, Arc::new(config))
        .map_err(|error| Problem::new(&INTERNAL, error.to_string()))?
        .ok_or_else(|| Problem::not_found("page"))?;
    Ok(([(header::CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response())
}

async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn problems() -> Json<Vec<Value>> {
    Json(marquee_contexts::problems().map(describe).collect())
}

async fn problem(Path(slug): Path<String>) -> Result<Json<Value>, Problem> {
    let kind = marquee_contexts::problems().find(|kind| kind.slug == slug);
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
