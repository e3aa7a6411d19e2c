//! Every route by everybody: the table of routes against what callers are answered.

use futures_util::{StreamExt, stream};
use marquee_lambda::route::{Access, Route};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{
    harness::Marquee,
    oidc::{Issuer, Token},
};

/// Scopes by the name of the caller who has them.
const ROLES: &[(&str, &str)] = &[
    ("user", ""),
    ("organizer", "marquee/organizer"),
    ("staff", "marquee/staff"),
    ("door", "marquee/door"),
    ("service", "marquee/service"),
    ("somebody of another system", "other/organizer organizer marquee"),
    ("everything", "marquee/organizer marquee/staff marquee/door marquee/service"),
];

struct Caller {
    name: &'static str,
    token: Option<String>,
    /// Of a token that is good.
    scopes: Option<&'static str>,
}

async fn callers(issuer: &Issuer) -> Vec<Caller> {
    let sub = Uuid::new_v4().to_string();
    let user = Token::of(&sub, "marquee/organizer marquee/staff marquee/door marquee/service");
    let other_issuer = user.clone().claiming(json!({ "iss": "http://elsewhere" }));
    let not_yet = user.clone().claiming(json!({ "nbf": 4_000_000_000_u64 }));
    let bad = [
        ("expired", Token { expires_in: -60, ..user.clone() }),
        ("another audience", Token { audience: "others".into(), ..user.clone() }),
        ("another issuer", other_issuer),
        ("not yet", not_yet),
    ];
    let mut callers = vec![
        Caller { name: "nobody", token: None, scopes: None },
        Caller { name: "garbage", token: Some("abc.def.ghi".into()), scopes: None },
    ];
    let good = issuer.token(&user).await;
    let (signed, _) = good.rsplit_once('.').expect("a signature");
    let forged = Some(format!("{signed}.{}", "A".repeat(342)));
    callers.push(Caller { name: "forged", token: forged, scopes: None });
    for (name, token) in bad {
        callers.push(Caller { name, token: Some(issuer.token(&token).await), scopes: None });
    }
    for (name, scope) in ROLES {
        let token = Token::of(&sub, scope).claiming(json!({ "organizers": ["*"] }));
        let token = Some(issuer.token(&token).await);
        callers.push(Caller { name, token, scopes: Some(scope) });
    }
    callers
}

/// A request that takes this route: a key is a method, or ANY, and a path.
fn requests(route: &Route) -> Vec<(Method, String, Access)> {
    let id = Uuid::nil().to_string();
    let path = route.path.replace("{proxy+}", &id).replace("{ticket_id}", &id);
    let path = if path == "$default" { "/nothing/here".to_owned() } else { path };
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let request = |method: Method| {
        let access = route.access(method.as_str());
        (method, path.clone(), access)
    };
    methods.map(request).to_vec()
}

/// What the caller must be answered; `None`: anything but a refusal.
fn expected(access: Access, caller: &Caller) -> Option<u16> {
    match (access, caller.scopes) {
        (Access::Everybody, _) => None,
        (_, None) => Some(401),
        (access, Some(scopes)) => match access.scope() {
            None => None,
            Some(scope) if scopes.split(' ').any(|own| own == scope) => None,
            Some(_) => Some(403),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_those_in_who_may_and_nobody_else() {
    let (marquee, issuer) = Marquee::start_with_tokens().await;
    let callers = callers(&issuer).await;
    let apis = marquee_host::contexts::apis();
    let routes = apis.iter().flat_map(|api| api.routes);
    let requests: Vec<_> = routes.flat_map(requests).collect();
    let all = requests.iter().flat_map(|request| callers.iter().map(move |who| (request, who)));
    let wrong: Vec<_> = stream::iter(all)
        .map(|((method, path, access), caller)| check(&marquee, method, path, *access, caller))
        .buffer_unordered(8)
        .filter_map(|wrong| async move { wrong })
        .collect()
        .await;
    assert!(requests.len() * callers.len() > 1_000, "{} requests", requests.len());
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

async fn check(
    marquee: &Marquee,
    method: &Method,
    path: &str,
    access: Access,
    caller: &Caller,
) -> Option<String> {
    let bearer = caller.token.as_ref().map(|token| format!("Bearer {token}"));
    // Beside a token, or in place of one, this header says nothing.
    let user = Uuid::new_v4().to_string();
    let mut headers = vec![("x-user-id", user.as_str())];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    let body = (*method != Method::GET).then(|| "{}".to_owned());
    let reply = marquee.send(method.clone(), path, &headers, body).await;
    let place = format!("{method} {path} ({access:?}) by {}: {}", caller.name, reply.status);
    match expected(access, caller) {
        Some(status) if reply.status != status => Some(format!("{place}, not {status}")),
        None if [401, 403].contains(&reply.status) => Some(format!("{place}, refused")),
        None if reply.status >= 500 => Some(place),
        Some(_) if marquee.deployed_prefix().is_none() => {
            explains(&reply, access).map(|why| place + &why)
        }
        _ => None,
    }
}

/// What is wrong with a refusal of ours. A gateway's own says less.
fn explains(reply: &crate::reply::Reply, access: Access) -> Option<String> {
    if !reply.header("www-authenticate").starts_with("Bearer") {
        return Some(", without WWW-Authenticate".into());
    }
    let named = reply.json()["scope"].as_str().map(str::to_owned);
    (reply.status == 403 && named.as_deref() != access.scope())
        .then(|| format!(", which names the scope {named:?}"))
}
