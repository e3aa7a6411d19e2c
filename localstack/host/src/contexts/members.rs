//! Members, deployed here.

use marquee_members::store::MembersStore;
use on_member_message::OnMemberMessage;

use marquee_lambda::route::Api;

use super::{Deployed, Environment, HttpFunction};

pub(super) const APIS: &[Api] = &[members_api::API];

pub(super) fn deploy(environment: Environment<'_>) -> Deployed {
    let store = MembersStore::new(environment.table("members"));
    let members = members_api::AppState { store: store.clone() };
    let on_member_message = OnMemberMessage { store, replies: environment.broker.replies() };
    Deployed {
        http: vec![HttpFunction {
            api: members_api::API,
            router: members_api::router(members, environment.identity()),
        }],
        consumers: vec![environment.consumer(on_member_message::QUEUE, on_member_message)],
        scheduled: Vec::new(),
    }
}
