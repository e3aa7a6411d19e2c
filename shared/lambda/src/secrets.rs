//! Secrets Manager.

use aws_sdk_secretsmanager::{Client, error::DisplayErrorContext};

use crate::{Error, aws};

/// The text of a secret.
///
/// # Errors
/// If it cannot be read, or is not text.
pub async fn text(arn: &str) -> Result<String, Error> {
    let secret = Client::new(&aws::config().await).get_secret_value().secret_id(arn).send().await;
    let secret = secret
        .map_err(|error| format!("secret {arn} cannot be read: {}", DisplayErrorContext(error)))?;
    Ok(secret.secret_string.ok_or_else(|| format!("secret {arn} is not text"))?)
}
