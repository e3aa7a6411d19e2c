//! What stands beside the contexts.

use marquee_lambda::route::Api;

use super::{Deployed, HttpFunction};

pub(super) const APIS: &[Api] = &[docs_api::API];

pub(super) fn deploy() -> Deployed {
    let docs = HttpFunction { api: docs_api::API, router: docs_api::router() };
    Deployed { http: vec![docs], ..Deployed::default() }
}
