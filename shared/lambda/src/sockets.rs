//! Those who are connected to the WebSocket API that the environment names.

use std::sync::Arc;

use marquee_messaging::{backends::api_gateway::ApiGatewaySockets, sockets::Sockets};

use crate::{Error, aws, config};

/// By `SOCKET_ENDPOINT`: `https://<api>.<domain>/<stage>`.
///
/// # Errors
/// If the variable is missing.
pub async fn from_env() -> Result<Arc<dyn Sockets>, Error> {
    let endpoint = config::required("SOCKET_ENDPOINT")?;
    Ok(Arc::new(ApiGatewaySockets::new(&aws::config().await, &endpoint)))
}
