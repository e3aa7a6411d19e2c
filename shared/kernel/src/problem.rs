//! Kinds of errors, as callers are told them (RFC 9457). Each context has its own; those that any
//! function can answer with are here.

/// A kind of error: what its `type`, `title` and `status` are, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemType {
    /// The last part of its `type`. Clients switch on it: it never changes.
    pub slug: &'static str,
    pub status: u16,
    pub title: &'static str,
    pub advice: &'static str,
}

/// A rule that said no, and how a caller is told.
pub trait AsProblem: std::fmt::Display {
    fn problem(&self) -> &'static ProblemType;
    /// A member of the problem beside `detail`, by its name.
    fn member(&self) -> Option<(&'static str, String)> {
        None
    }
}

/// Declares kinds of problems, and `ALL` of them.
#[macro_export]
macro_rules! problem_types {
    ($($name:ident = $slug:literal, $status:literal, $title:literal, $advice:literal;)+) => {
        $(pub static $name: $crate::problem::ProblemType = $crate::problem::ProblemType {
            slug: $slug,
            status: $status,
            title: $title,
            advice: $advice,
        };)+

        /// All of this module.
        pub static ALL: &[&$crate::problem::ProblemType] = &[$(&$name),+];
    };
}

problem_types! {
    MALFORMED_BODY = "malformed-body", 400, "Malformed body",
        "The body is not JSON. The detail says at which line and column.";
    PAYLOAD_TOO_LARGE = "payload-too-large", 413, "Payload too large",
        "The body is larger than a function takes. Send less at a time.";
    MALFORMED_REQUEST = "malformed-request", 400, "Malformed request",
        "A header, path or query parameter is missing or cannot be read; `field` names it.";
    INVALID_FIELD = "invalid-field", 422, "Invalid field",
        "A field is missing or has a value that cannot be; `field` is its path in the body.";
    UNAUTHENTICATED = "unauthenticated", 401, "Not authenticated",
        "Send a token of the issuer that this system knows, as `Authorization: Bearer …`.";
    FORBIDDEN = "forbidden", 403, "Not allowed",
        "The token is good, and does not say enough: `scope`, if there, names the scope that it lacks.";
    TOO_MANY_REQUESTS = "too-many-requests", 429, "Too many requests",
        "You ask for more than one caller may have in a minute. Wait as long as `Retry-After` says.";
    NOT_FOUND = "not-found", 404, "Not found",
        "There is no such thing, or it is not yours.";
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "Method not allowed",
        "The path exists, but does not answer to this method.";
    ALREADY_EXISTS = "already-exists", 409, "Already exists",
        "Something with this name is there already.";
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused", 422, "Idempotency key reused",
        "This Idempotency-Key came before with another request. Use a new one.";
    REQUEST_IN_PROGRESS = "request-in-progress", 409, "Request in progress",
        "The same request is being answered at this moment. Try again shortly.";
    BUSY = "busy", 503, "Busy",
        "Storage was busy or not reachable. Nothing is wrong with the request: try again.";
    INTERNAL = "internal", 500, "Internal error",
        "A defect on our side. It has been logged.";
}
