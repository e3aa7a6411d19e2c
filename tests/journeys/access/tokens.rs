//! Tokens over time: keys that change, and a host that cannot ask whose they are.

use marquee_host::{
    Host,
    settings::{Oidc, Settings},
};
use reqwest::Method;
use serde_json::json;

use crate::{
    harness::{Marquee, eventually},
    oidc::{AUDIENCE, Issuer, Token},
};

#[tokio::test]
async fn a_host_learns_an_issuers_new_key_and_forgets_the_old_one() {
    let issuer = Issuer::start().await;
    let marquee = Marquee::start_here(|settings| settings.oidc = Some(issuer.settings())).await;
    let ask = async |token: &str| {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        marquee.send(Method::GET, "/orders", &headers, None).await.status
    };
    let old = issuer.token(&Token::of("olga", "")).await;
    assert_eq!(ask(&old).await, 200);
    issuer.rotate().await;
    let new = issuer.token(&Token::of("olga", "")).await;
    assert!(eventually(async || ask(&new).await == 200).await, "the new key is never learnt");
    assert_eq!(ask(&old).await, 401);
}

#[tokio::test]
async fn a_token_without_an_end_and_one_of_another_algorithm_are_no_tokens() {
    let issuer = Issuer::start().await;
    let marquee = Marquee::start_here(|settings| settings.oidc = Some(issuer.settings())).await;
    let endless = Token::of("olga", "").claiming(json!({ "exp": null }));
    let endless = format!("Bearer {}", issuer.token(&endless).await);
    // {"alg":"none","kid":"x"}, with what the other says
    let claims = endless.split('.').nth(1).expect("claims");
    let unsigned = format!("Bearer eyJhbGciOiJub25lIiwia2lkIjoieCJ9.{claims}.");
    for token in [&endless, &unsigned] {
        let headers = [("authorization", token.as_str())];
        let reply = marquee.send(Method::GET, "/orders", &headers, None).await;
        reply.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn what_a_client_says_of_the_gateway_is_not_believed() {
    let marquee = Marquee::start_here(|_| {}).await;
    let headers = [("x-forwarded-proto", "a b"), ("host", "[")];
    marquee.send(Method::GET, "/orders", &headers, None).await.expect(200);
}

#[tokio::test]
async fn a_host_does_not_start_without_its_issuer() {
    let mut settings = Settings::from_env().expect("settings");
    let issuer = "http://127.0.0.1:1".to_owned();
    settings.oidc = Some(Oidc { issuer, audience: AUDIENCE.into() });
    let error = Host::start(settings).await.expect_err("nobody answers there").to_string();
    assert!(error.contains("http://127.0.0.1:1/.well-known/openid-configuration"), "{error}");
}
