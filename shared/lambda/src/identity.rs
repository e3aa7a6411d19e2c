//! Who calls, and what they may do.
//!
//! With tokens, API Gateway has checked issuer, audience, time and signature before a function is
//! called; what the token says stands in the event. The function checks once more that it says
//! enough for the route, by the same table that the gateway's settings follow from.
//!
//! | claim | what it says |
//! |---|---|
//! | `sub` | the user: a UUID, or anything else, of which a UUID is made |
//! | `scope` | what the caller may do beside using things of their own, separated by spaces |
//! | `organizers` | for whom an organizer acts: identifiers, or `*` for all |

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lambda_http::request::RequestContext;
use marquee_kernel::ids::UserId;
use uuid::Uuid;

use crate::{
    config::{self, ConfigError},
    problem::{FORBIDDEN, Problem, UNAUTHENTICATED},
    route::{Access, Api},
};

/// How callers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Identity {
    /// By a token that the gateway has checked.
    Token,
    /// By the header `X-User-ID`, which is believed, and everybody may do everything: for a laptop.
    Header,
}

impl Identity {
    /// `IDENTITY`: `token`, also if it is not set, or `header`.
    ///
    /// # Errors
    /// If it is something else.
    pub fn from_env() -> Result<Self, ConfigError> {
        config::parsed_or("IDENTITY", Self::Token, "token or header")
    }
}

/// Users whose `sub` is no UUID are unlike those of any other name-based UUID.
const SUBJECTS: Uuid = Uuid::from_u128(0x6d61_7271_7565_6500_8000_7573_6572_0001);

/// The user that a token's `sub` names: the same for the same `sub`, always.
pub fn user_of(subject: &str) -> UserId {
    let uuid = subject.parse().unwrap_or_else(|_| Uuid::new_v5(&SUBJECTS, subject.as_bytes()));
    UserId::new(uuid)
}

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// `sub`, or what `X-User-ID` says.
    pub subject: Option<String>,
    rights: Rights,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rights {
    /// Nobody is asked: see [`Identity::Header`].
    All,
    /// Those of a token: scopes and organizers.
    Some { scopes: Vec<String>, organizers: Vec<String> },
}

impl Default for Rights {
    fn default() -> Self {
        Self::Some { scopes: Vec::new(), organizers: Vec::new() }
    }
}

/// The words of a claim. API Gateway writes a list as `[a b]`.
fn words(claim: Option<&String>) -> Vec<String> {
    let claim = claim.map(String::as_str).unwrap_or_default();
    let inside = claim.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(claim);
    inside.split_whitespace().map(str::to_owned).collect()
}

impl Caller {
    fn of_header(headers: &HeaderMap) -> Self {
        let named = headers.get("x-user-id").map(|value| value.to_str().unwrap_or_default());
        Self { subject: named.map(|name| name.trim().to_owned()), rights: Rights::All }
    }

    /// `None` if the gateway has let nobody in.
    fn of_context(context: Option<&RequestContext>) -> Option<Self> {
        let Some(RequestContext::ApiGatewayV2(context)) = context else { return None };
        let authorizer = context.authorizer.as_ref()?;
        // A signed request: the gateway has asked IAM whether its sender may call.
        if authorizer.iam.is_some() {
            let scopes = Access::Service.scope().map(str::to_owned).into_iter().collect();
            return Some(Self {
                subject: None,
                rights: Rights::Some { scopes, organizers: Vec::new() },
            });
        }
        let claims = &authorizer.jwt.as_ref()?.claims;
        let scopes = words(claims.get("scope"));
        let organizers = words(claims.get("organizers"));
        let subject = claims.get("sub").filter(|subject| !subject.is_empty()).cloned();
        Some(Self { subject, rights: Rights::Some { scopes, organizers } })
    }

    /// Whether the caller may do what this scope is for.
    pub fn may(&self, access: Access) -> bool {
        match (&self.rights, access.scope()) {
            (Rights::All, _) | (_, None) => true,
            (Rights::Some { scopes, .. }, Some(scope)) => scopes.iter().any(|own| own == scope),
        }
    }

    /// Whether it is this user who calls. With nobody asked, whoever says nothing may be.
    pub fn is(&self, user: UserId) -> bool {
        match (&self.subject, &self.rights) {
            (None, Rights::All) => true,
            (None, Rights::Some { .. }) => false,
            (Some(subject), Rights::All) => subject.parse() == Ok(user),
            (Some(subject), Rights::Some { .. }) => user_of(subject) == user,
        }
    }

    /// Whether a token says that the caller works here, and may see what is anybody's.
    pub fn works_here(&self) -> bool {
        !self.is_believed() && (self.may(Access::Staff) || self.may(Access::Door))
    }

    /// Whose things a list shall have that this caller asks for: of the user that is named, of the
    /// caller; `None` for everybody's, which staff see, and everybody where nobody is asked.
    ///
    /// # Errors
    /// 403 if the caller may not see that user's.
    pub fn whose(&self, named: Option<UserId>) -> Result<Option<UserId>, Problem> {
        let own = match (&self.subject, self.is_believed()) {
            (None, _) => None,
            (Some(subject), true) => subject.parse().ok(),
            (Some(subject), false) => Some(user_of(subject)),
        };
        match named {
            Some(_) if self.may(Access::Staff) || named == own => Ok(named),
            None if !self.is_believed() && self.may(Access::Staff) => Ok(None),
            None => Ok(own),
            Some(_) => {
                let scope = Access::Staff.scope().unwrap_or_default();
                let detail =
                    format!("this is another user's, and the token lacks the scope {scope}");
                Err(Problem::new(&FORBIDDEN, detail).with("scope", scope))
            }
        }
    }

    /// Whether nobody is asked who they are.
    pub fn is_believed(&self) -> bool {
        self.rights == Rights::All
    }

    /// Refuses an organizer who does not act for this one; `None` is all of them.
    ///
    /// # Errors
    /// 403, which says nothing of whether there is such an organizer.
    pub fn check_organizer(&self, organizer: Option<Uuid>) -> Result<(), Problem> {
        let Rights::Some { organizers, .. } = &self.rights else { return Ok(()) };
        let named = |own: &String| own == "*" || organizer.is_some_and(|id| own.parse() == Ok(id));
        if organizers.iter().any(named) {
            return Ok(());
        }
        let detail = match organizer {
            Some(id) => format!("the token's claim organizers does not name {id}"),
            None => "this is for all organizers, and the token's claim organizers is not *".into(),
        };
        Err(Problem::new(&FORBIDDEN, detail))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Lets those in who may call, and tells the handler who they are.
pub(crate) async fn admit(
    api: Api,
    identity: Identity,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match identity {
        Identity::Header => Some(Caller::of_header(request.headers())),
        Identity::Token => Caller::of_context(request.extensions().get::<RequestContext>()),
    };
    let access = api.access(request.method().as_str(), request.uri().path());
    match check(access, caller.as_ref()) {
        Ok(()) => {
            request.extensions_mut().insert(caller.unwrap_or_default());
            next.run(request).await
        }
        Err(Refusal::Unauthenticated(detail)) => unauthenticated(detail),
        Err(Refusal::Lacks(scope)) => forbidden(scope),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Unauthenticated(&'static str),
    /// A scope.
    Lacks(&'static str),
}

fn check(access: Access, caller: Option<&Caller>) -> Result<(), Refusal> {
    match (access, caller) {
        (Access::Everybody, _) => Ok(()),
        (_, None) => {
            Err(Refusal::Unauthenticated("a token is missing; send it as Authorization: Bearer"))
        }
        (Access::User, Some(caller)) if caller.subject.is_none() && !caller.is_believed() => {
            Err(Refusal::Unauthenticated("the token has no sub, and so names no user"))
        }
        (access, Some(caller)) if caller.may(access) => Ok(()),
        (access, Some(_)) => Err(Refusal::Lacks(access.scope().unwrap_or_default())),
    }
}

/// 401, as the gateway answers who brings no token or one that is not good.
pub fn unauthenticated(detail: &str) -> Response {
    let challenge = r#"Bearer realm="marquee""#;
    challenged(Problem::new(&UNAUTHENTICATED, detail.to_owned()), challenge)
}

fn forbidden(scope: &'static str) -> Response {
    let detail = format!("the token lacks the scope {scope}");
    let challenge =
        format!(r#"Bearer realm="marquee", error="insufficient_scope", scope="{scope}""#);
    challenged(Problem::new(&FORBIDDEN, detail).with("scope", scope), &challenge)
}

fn challenged(problem: Problem, challenge: &str) -> Response {
    let mut response = problem.into_response();
    if let Ok(challenge) = HeaderValue::from_str(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(text: &str) -> Vec<String> {
        words(Some(&text.to_owned()))
    }

    #[test]
    fn a_list_is_read_however_the_gateway_writes_it() {
        assert_eq!(claim("[a b]"), ["a", "b"]);
        assert_eq!(claim("marquee/staff marquee/door"), ["marquee/staff", "marquee/door"]);
        assert_eq!(claim("*"), ["*"]);
        assert_eq!(claim("[]"), [""; 0]);
        assert_eq!(words(None), [""; 0]);
    }

    #[test]
    fn a_subject_is_the_same_user_each_time_and_a_uuid_is_itself() {
        let uuid = "123e4567-e89b-12d3-a456-426614174000";
        assert_eq!(user_of(uuid).to_string(), uuid);
        assert_eq!(user_of("auth0|5f7"), user_of("auth0|5f7"));
        assert_ne!(user_of("auth0|5f7"), user_of("auth0|5f8"));
        assert_eq!(user_of("auth0|5f7").to_string(), "bb91ce31-aef7-5d7e-b38f-576bcb28ca15");
    }

    #[test]
    fn an_organizer_acts_for_those_that_the_token_names() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let caller = |organizers: &str| Caller {
            subject: Some("olga".into()),
            rights: Rights::Some { scopes: Vec::new(), organizers: claim(organizers) },
        };
        let one = caller(&own.to_string());
        assert!(one.check_organizer(Some(own)).is_ok());
        assert!(one.check_organizer(Some(other)).is_err());
        assert!(one.check_organizer(None).is_err(), "what is for all of them");
        assert!(caller("*").check_organizer(None).is_ok());
        assert!(caller("").check_organizer(Some(own)).is_err());
    }
}
