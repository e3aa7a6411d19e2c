//! Counting everything anew, a step at a time: `localstack/rebuild-aggregates` takes them all.

use axum::{Json, extract::State};
use marquee_lambda::{
    page::{PageRequest, encode_cursor, unknown_cursor},
    problem::Problem,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::AppState;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RebuildStep)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepView {
    /// Items of the table, whatever they are.
    looked_at: usize,
    /// To be sent as `cursor` for the next step; null after the last.
    next_cursor: Option<String>,
}

/// Count anew what games and users have: one step
///
/// The shop stays open meanwhile. Start without a `cursor`, and go on with each step's `nextCursor`.
#[utoipa::path(
    post, path = "/aggregator/rebuild", tag = "aggregator",
    params(("cursor" = Option<String>, Query)), responses((status = 200, body = StepView))
)]
pub(crate) async fn step(
    State(app): State<AppState>,
    page: PageRequest,
) -> Result<Json<StepView>, Problem> {
    let after = page.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|()| unknown_cursor())?;
    let step = app.store.rebuild(after.as_ref()).await?;
    let next_cursor = step.next.map(|place| encode_cursor(&place.to_string()));
    Ok(Json(StepView { looked_at: step.looked_at, next_cursor }))
}
