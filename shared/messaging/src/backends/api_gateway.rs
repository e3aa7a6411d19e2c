//! Connections of an API Gateway WebSocket API, by its management API.

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::{
    Client, config::Builder, error::DisplayErrorContext, primitives::Blob,
};

use crate::sockets::{PostError, Posted, Sockets};

#[derive(Clone, Debug)]
pub struct ApiGatewaySockets {
    client: Client,
}

impl ApiGatewaySockets {
    /// `endpoint` is `https://<api>.<domain>/<stage>`. If the configuration has an endpoint of its own, it
    /// is an emulator's, where the API is found by its path.
    pub fn new(config: &SdkConfig, endpoint: &str) -> Self {
        let endpoint = reachable(endpoint, config.endpoint_url());
        let config = Builder::from(config).endpoint_url(endpoint).build();
        Self { client: Client::from_conf(config) }
    }
}

fn reachable(endpoint: &str, emulator: Option<&str>) -> String {
    let parts = endpoint.strip_prefix("https://").and_then(|rest| {
        let (host, stage) = rest.split_once('/')?;
        Some((host.split('.').next()?, stage))
    });
    match (emulator, parts) {
        (Some(emulator), Some((api, stage))) => {
            format!("{}/_aws/execute-api/{api}/{stage}", emulator.trim_end_matches('/'))
        }
        _ => endpoint.to_owned(),
    }
}

#[async_trait]
impl Sockets for ApiGatewaySockets {
    async fn post(&self, connection: &str, text: &str) -> Result<Posted, PostError> {
        let request = self.client.post_to_connection().connection_id(connection);
        match request.data(Blob::new(text)).send().await {
            Ok(_) => Ok(Posted::Sent),
            Err(error) => match error.as_service_error() {
                Some(refused) if refused.is_gone_exception() => Ok(Posted::Gone),
                _ => Err(PostError(DisplayErrorContext(error).to_string())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_finds_the_api_by_its_path() {
        let endpoint = "https://a1b2c3.execute-api.eu-central-1.amazonaws.com/live";
        assert_eq!(reachable(endpoint, None), endpoint);
        assert_eq!(
            reachable(endpoint, Some("http://127.0.0.1:4566/")),
            "http://127.0.0.1:4566/_aws/execute-api/a1b2c3/live"
        );
    }
}
