//! API Gateway's HTTP API: a request becomes an event of payload format 2.0, the function's answer
//! becomes a response.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    Error,
    clock::SystemClock,
    extract, http,
    identity::unauthenticated,
    problem::{INTERNAL, NOT_FOUND, Problem},
    route::{Access, Route},
};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{contexts::HttpFunction, tokens::Tokens};

/// The functions behind it, and whose tokens it takes, if anybody's.
#[derive(Debug)]
struct Gateway {
    functions: Vec<HttpFunction>,
    tokens: Option<Tokens>,
}

pub fn router(functions: Vec<HttpFunction>, tokens: Option<Tokens>) -> Router {
    Router::new().fallback(forward).with_state(Arc::new(Gateway { functions, tokens }))
}

async fn forward(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let Some((function, route)) = route(&gateway.functions, &path) else {
        let detail = format!("there is nothing at {path}");
        return Problem::new(&NOT_FOUND, detail).into_response();
    };
    let (parts, body) = request.into_parts();
    let claims = match gateway.claims(route, &parts).await {
        Ok(claims) => claims,
        Err(detail) => return unauthenticated(&detail),
    };
    let router = function.router.clone();
    let limited = Request::from_parts(parts.clone(), body);
    let body = match extract::body(limited, &()).await {
        Ok(body) => body,
        Err(problem) => return problem.into_response(),
    };
    let answer = async {
        let mut event = event(&parts, body, &route.key(), peer, SystemClock.now());
        if let Some(claims) = claims {
            event["requestContext"]["authorizer"] = authorizer(claims);
        }
        response(http::invoke(router, event).await?)
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, function = function.api.name, "no answer from a function");
            Problem::new(&INTERNAL, "the request failed on our side".into()).into_response()
        }
    }
}

impl Gateway {
    /// What the token of a request says, where one is asked for. As API Gateway, it does not look at a
    /// token where everybody may call.
    async fn claims(
        &self,
        route: &Route,
        request: &Parts,
    ) -> Result<Option<Map<String, Value>>, String> {
        let Some(tokens) = &self.tokens else { return Ok(None) };
        if route.access(request.method.as_str()) == Access::Everybody {
            return Ok(None);
        }
        let header = request.headers.get(header::AUTHORIZATION);
        let header = header.and_then(|value| value.to_str().ok()).unwrap_or_default().trim();
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            Some(_) => return Err("Authorization is not Bearer".into()),
            None => header,
        };
        if token.is_empty() {
            return Err("a token is missing; send it as Authorization: Bearer".into());
        }
        let claims = tokens.claims(token).await;
        claims.map(Some).map_err(|reason| format!("the token is not good: {reason}"))
    }
}

fn authorizer(claims: Map<String, Value>) -> Value {
    let scopes = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    let scopes: Vec<_> = scopes.split_whitespace().collect();
    json!({ "jwt": { "scopes": scopes, "claims": claims } })
}

/// The most particular route that fits, as API Gateway chooses.
pub fn route<'a>(
    functions: &'a [HttpFunction],
    path: &str,
) -> Option<(&'a HttpFunction, &'a Route)> {
    let of = |function: &'a HttpFunction| Some((function, function.api.route(path)?));
    functions.iter().filter_map(of).max_by_key(|(_, route)| route.fits(path))
}

/// A request as the function gets it.
pub fn event(parts: &Parts, body: Bytes, route: &str, peer: SocketAddr, now: Timestamp) -> Value {
    let (method, uri) = (parts.method.to_string(), &parts.uri);
    let mut headers = joined(&parts.headers);
    // As a gateway says them, whatever the client did.
    headers.insert("host".into(), "localhost".into());
    headers.insert("x-forwarded-proto".into(), "http".into());
    let user_agent = headers.get("user-agent").cloned().unwrap_or_default();
    let (body, is_base64) = match String::from_utf8(body.into()) {
        Ok(text) => (text, false),
        Err(binary) => (BASE64_STANDARD.encode(binary.as_bytes()), true),
    };
    // Decoded, as API Gateway hands it over.
    let path = percent_decode_str(uri.path()).decode_utf8_lossy().into_owned();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "localhost",
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": peer.ip(),
                "userAgent": user_agent,
            },
            "requestId": Uuid::new_v4(),
            "routeKey": route,
            "stage": "$default",
            "time": now.to_string(),
            "timeEpoch": now.millis(),
        },
        "isBase64Encoded": is_base64,
    });
    if !body.is_empty() {
        event["body"] = Value::String(body);
    }
    event
}

/// API Gateway joins a repeated header's values with commas.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        joined
            .entry(name.to_string())
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}

/// What a function has answered.
pub fn response(answer: Value) -> Result<Response<Body>, Error> {
    let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = StatusCode::from_u16(status.ok_or("an answer without a status")?)?;
    let body = match answer["body"].as_str().unwrap_or_default() {
        encoded if answer["isBase64Encoded"] == true => BASE64_STANDARD.decode(encoded)?,
        text => text.as_bytes().to_vec(),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let no_headers = Map::new();
    let headers = answer["headers"].as_object().unwrap_or(&no_headers);
    for (name, value) in headers {
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default())?;
        response.headers_mut().insert(HeaderName::try_from(name)?, value);
    }
    Ok(response)
}
