//! A function behind API Gateway's HTTP API.

use std::panic::AssertUnwindSafe;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request},
    middleware,
    response::IntoResponse,
};
use futures_util::FutureExt;
use lambda_http::{Adapter, RequestExt, request::LambdaRequest};
use lambda_runtime::{Context, LambdaEvent};
use marquee_messaging::{message::attribute, trace::TraceContext};
use serde_json::Value;
use tower::{Service, ServiceExt, service_fn};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
};
use tracing::Instrument;

use crate::{
    Error,
    identity::{self, Identity},
    problem::{INTERNAL, MALFORMED_REQUEST, METHOD_NOT_ALLOWED, NOT_FOUND, Problem},
    route::Api,
};

/// What Lambda hands to a function.
const REQUEST_BYTES_MAX: usize = 6 * 1024 * 1024;

/// What a packet holds need not be made smaller.
const COMPRESS_FROM_BYTES: u16 = 1_400;

/// What is the same for every API: who may call, and the answers to an unknown path, a wrong method,
/// and the last resort.
pub fn finish(router: Router, api: Api, identity: Identity) -> Router {
    let admit =
        middleware::from_fn(move |request, next| identity::admit(api, identity, request, next));
    router
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(SizeAbove::new(COMPRESS_FROM_BYTES).and(NotForContentType::IMAGES)),
        )
        .fallback(|request: Request| async move {
            Problem::new(
                &NOT_FOUND,
                format!("there is nothing at {}; see /docs", request.uri().path()),
            )
        })
        .method_not_allowed_fallback(|request: Request| async move {
            let (method, path) = (request.method(), request.uri().path());
            Problem::new(&METHOD_NOT_ALLOWED, format!("{path} does not answer to {method}"))
        })
        .layer(admit)
}

pub async fn run(router: Router) -> Result<(), Error> {
    lambda_http::run(guarded(router)).await
}

/// Answers one API Gateway event (payload format 2.0), as the runtime would.
pub async fn invoke(router: Router, event: Value) -> Result<Value, Error> {
    let request: LambdaRequest = serde_json::from_value(event)?;
    let event = LambdaEvent::new(request, Context::default());
    // Not `oneshot`: the adapter is not `Send`, its answer is.
    let answer = Adapter::from(guarded(router)).call(event);
    let response = answer.await?;
    Ok(serde_json::to_value(response)?)
}

/// Turns a panic into an answer, so that it neither ends the environment nor says what it was.
fn guarded(
    router: Router,
) -> impl Service<
    lambda_http::Request,
    Response = axum::response::Response,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone {
    service_fn(move |request: lambda_http::Request| {
        let router = router.clone();
        async move {
            let trace = trace_of(&request);
            let span = tracing::info_span!("request", trace_id = trace.trace_id());
            if let Some(problem) = ambiguous_path(&request) {
                return Ok(problem.into_response());
            }
            let request = request.map(Body::new);
            let answer = AssertUnwindSafe(router.oneshot(request)).catch_unwind();
            match trace.scope(answer.instrument(span)).await {
                Ok(response) => response,
                Err(_) => {
                    Ok(Problem::new(&INTERNAL, "the request failed; it may be retried".into())
                        .into_response())
                }
            }
        }
    })
}

/// API Gateway hands over a decoded path, of which whatever follows a `#` or `?` that was encoded
/// would be lost: it would lead to a thing of a shorter name.
fn ambiguous_path(request: &lambda_http::Request) -> Option<Problem> {
    let path = request.raw_http_path();
    let detail = || format!("{path}: no name has # or ? in it");
    path.contains(['#', '?']).then(|| Problem::new(&MALFORMED_REQUEST, detail()))
}

/// The caller's trace goes on; else X-Ray's; else one begins.
fn trace_of(request: &lambda_http::Request) -> TraceContext {
    let header = request.headers().get(attribute::TRACEPARENT);
    let callers = header.and_then(|header| TraceContext::parse(header.to_str().ok()?));
    let xrays = || {
        let context = request.lambda_context_ref()?;
        TraceContext::from_xray(context.xray_trace_id.as_deref()?)
    };
    callers.or_else(xrays).map_or_else(TraceContext::begin, TraceContext::child)
}
