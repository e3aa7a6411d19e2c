//! Routes: each API's, and what its template asks of who calls them.

use std::collections::{BTreeMap, BTreeSet};

use marquee_lambda::route::{Access, Api, Route};
use serde_json::{Value, json};

use super::{
    Resource,
    functions::{by_package, overrides, variables},
    list, names, of_kind, templates, texts,
};

/// The condition that API Gateway checks tokens.
const TAKES_TOKENS: &str = "TakesTokens";

/// What a template says of who may call: `AuthorizationType`, `AuthorizerId`, `AuthorizationScopes`.
type Authorization = [Value; 3];

fn authorization(access: Access) -> Authorization {
    let (kind, with_tokens) = match access {
        // What says nothing is open.
        Access::Everybody => return [Value::Null, Value::Null, Value::Null],
        Access::User | Access::Organizer | Access::Staff | Access::Door => {
            (json!([TAKES_TOKENS, "JWT", "NONE"]), TAKES_TOKENS)
        }
        Access::Service => (json!("InternalAuthorization"), "ServicesBringTokens"),
    };
    // `!If [condition, value, !Ref AWS::NoValue]`
    let only = |value: Value| json!([with_tokens, value, "AWS::NoValue"]);
    let authorizer = only(json!({ "Fn::ImportValue": "${Environment}-marquee-AuthorizerId" }));
    let scopes = access.scope().map_or(Value::Null, |scope| only(json!([scope])));
    [kind, authorizer, scopes]
}

fn declared(route: &Resource) -> Authorization {
    ["AuthorizationType", "AuthorizerId", "AuthorizationScopes"]
        .map(|property| route.properties[property].clone())
}

/// Those of the HTTP API, or of the WebSocket API.
fn routes_of(websocket: bool) -> Vec<Resource> {
    let of_websocket =
        |route: &Resource| texts(&route.properties["ApiId"]).concat().contains("WebSocketApi");
    let routes = of_kind("AWS::ApiGatewayV2::Route").map(|(_, route)| route);
    routes.filter(|route| of_websocket(route) == websocket).collect()
}

fn routes() -> Vec<Resource> {
    routes_of(false)
}

/// The routes that lead to an API.
fn leading_to<'a>(api: &Api, routes: &'a [Resource]) -> Vec<&'a Resource> {
    let deployed = &by_package()[api.name];
    let leads_here = |integration: &Resource| {
        let called = &integration.properties["IntegrationUri"];
        deployed.iter().any(|(id, _)| names(called, id))
    };
    let integrations = of_kind("AWS::ApiGatewayV2::Integration");
    let integrations = integrations.filter(|(_, integration)| leads_here(integration));
    let integrations: Vec<_> = integrations.map(|(name, _)| name).collect();
    let [integration] = &integrations[..] else {
        panic!("{} needs one integration and has {integrations:?}", api.name)
    };
    let leads_there = |route: &&Resource| names(&route.properties["Target"], integration);
    routes.iter().filter(leads_there).collect()
}

#[test]
fn routes_are_those_of_each_api_and_ask_for_what_these_say() {
    let routes = routes();
    let mut checked = 0;
    for api in marquee_host::contexts::apis() {
        let own = leading_to(&api, &routes);
        checked += own.len();
        let key = |route: &Resource| route.properties["RouteKey"].as_str().map(str::to_owned);
        let found = own.iter().map(|route| (key(route).expect("a key"), declared(route)));
        let found: BTreeMap<_, _> = found.collect();
        let expected = api.routes.iter().flat_map(Route::keys);
        let expected: BTreeMap<_, _> =
            expected.map(|(key, access)| (key, authorization(access))).collect();
        assert_eq!(found, expected, "{}: the template against its ROUTES", api.name);
    }
    assert_eq!(checked, routes.len(), "a route leads to no API, or two routes have one key");
}

#[test]
fn whatever_comes_by_a_websocket_goes_to_the_function_that_checks_the_token() {
    let routes = routes_of(true);
    let key = |route: &Resource| route.properties["RouteKey"].as_str().map(str::to_owned);
    let keys: BTreeSet<_> = routes.iter().filter_map(key).collect();
    let expected = ["$connect", "$default", "$disconnect"].map(str::to_owned);
    assert_eq!(keys, BTreeSet::from(expected));
    for route in routes {
        assert_eq!(route.properties["AuthorizationType"], "NONE");
        assert!(names(&route.properties["Target"], "QueueSocketIntegration"), "{route:?}");
    }
    let (_, integration) = of_kind("AWS::ApiGatewayV2::Integration")
        .find(|(id, _)| id == "QueueSocketIntegration")
        .expect("the integration");
    let uri = &texts(&integration.properties["IntegrationUri"])[0];
    // As a WebSocket API wants it; an HTTP API takes the function's ARN.
    assert!(uri.ends_with(":lambda:path/2015-03-31/functions/${QueueSocket.Arn}/invocations"));
}

/// The code makes an emulator's address of it, by the parts.
#[test]
fn who_posts_is_told_where_and_may() {
    for (id, function) in by_package().into_values().flatten() {
        let told = variables(&function).find(|(name, _)| *name == "SOCKET_ENDPOINT");
        let may = texts(&function.properties["Policies"])
            .iter()
            .any(|text| text == "execute-api:ManageConnections");
        assert_eq!(told.is_some(), may, "{id}");
        if let Some((_, endpoint)) = told {
            let expected = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live";
            assert_eq!(texts(endpoint).first().map(String::as_str), Some(expected), "{id}");
        }
    }
}

#[test]
fn no_template_asks_for_a_scope_that_no_route_has() {
    let asked = routes().into_iter().flat_map(|route| {
        let scopes = list(&route.properties["AuthorizationScopes"]);
        scopes.into_iter().filter(|text| text.contains('/'))
    });
    let apis = marquee_host::contexts::apis();
    let keys = apis.iter().flat_map(|api| api.routes).flat_map(Route::keys);
    let known = keys.filter_map(|(_, access)| access.scope().map(str::to_owned));
    assert_eq!(asked.collect::<BTreeSet<_>>(), known.collect::<BTreeSet<_>>());
}

#[test]
fn every_api_that_knows_its_users_is_told_how() {
    for api in marquee_host::contexts::apis() {
        for (id, function) in &by_package()[api.name] {
            let told = variables(function).find(|(name, _)| *name == "IDENTITY");
            let told = told.map(|(_, value)| value.clone());
            let asks = |(_, access): (String, Access)| access != Access::Everybody;
            let asks = api.routes.iter().flat_map(Route::keys).any(asks);
            let expected = asks.then(|| json!("Identity"));
            assert_eq!(told, expected, "{id}");
        }
    }
}

/// Without a word, nobody's header is believed.
#[test]
fn a_deployment_takes_tokens_unless_it_says_otherwise() {
    let templates = templates();
    for (path, template) in &templates {
        assert!(path == "infra/platform.yaml" || template["Parameters"]["JwtIssuer"].is_null());
        let identity = &template["Parameters"]["Identity"];
        if identity.is_null() {
            continue;
        }
        assert_eq!(identity["Default"], "token", "{path}");
        assert_eq!(identity["AllowedValues"], json!(["token", "header"]), "{path}");
        assert_eq!(template["Conditions"][TAKES_TOKENS], json!(["Identity", "token"]), "{path}");
    }
    let platform = &templates["infra/platform.yaml"];
    let rule = &platform["Rules"]["TokensNeedIssuer"];
    assert_eq!(rule["RuleCondition"], json!(["Identity", "token"]));
    let both = json!([[["JwtIssuer", ""]], [["JwtAudience", ""]]]); // neither is empty
    assert_eq!(rule["Assertions"][0]["Assert"], both);
    for made in [&platform["Resources"]["JwtAuthorizer"], &platform["Outputs"]["AuthorizerId"]] {
        assert_eq!(made["Condition"], TAKES_TOKENS, "{made}");
    }
    for environment in ["aws-sqs", "aws-rabbitmq"] {
        let open = overrides(environment).into_iter().find(|value| {
            value.starts_with("Identity=") || value.starts_with("InternalAuthorization=")
        });
        assert_eq!(open, None, "{environment} in samconfig.toml");
    }
}

#[test]
fn services_sign_their_requests_unless_they_are_to_bring_tokens() {
    for (path, template) in templates() {
        let internal = &template["Parameters"]["InternalAuthorization"];
        if internal.is_null() {
            continue;
        }
        assert_eq!(internal["Default"], "AWS_IAM", "{path}");
        assert_eq!(internal["AllowedValues"], json!(["AWS_IAM", "JWT", "NONE"]), "{path}");
        let bring_tokens = json!(["InternalAuthorization", "JWT"]);
        assert_eq!(template["Conditions"]["ServicesBringTokens"], bring_tokens, "{path}");
        let rule = &template["Rules"]["ServicesNeedIssuer"];
        assert_eq!(rule["RuleCondition"], bring_tokens, "{path}");
        assert_eq!(rule["Assertions"][0]["Assert"], json!(["Identity", "token"]), "{path}");
    }
}
