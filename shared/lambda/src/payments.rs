//! The payment provider that the environment names: `PAYMENT_PROVIDER` is `mock` or `stripe`.

use std::sync::Arc;

use marquee_dynamo::client::Table;
use marquee_payments::{
    mock::{MockMode, MockProvider},
    settlement::{Payments, RetryPauses},
    store::PaymentStore,
    stripe::{Stripe, webhook::Secrets},
};
use marquee_payments_domain::{charge::Currency, provider::Provider};
use serde::Deserialize;

use crate::{
    Error,
    config::{self, ConfigError},
    secrets,
};

/// Who takes the money, and how.
#[derive(Clone, Debug)]
pub struct PaymentSettings {
    pub provider: Arc<dyn Provider>,
    pub currency: Currency,
    pub pauses: RetryPauses,
    /// By which the provider's notifications are known to be its own. With none, none is believed.
    pub webhook_secrets: Arc<Secrets>,
}

/// What Stripe gives to whoever has an account there.
#[derive(Clone, Debug, Default, Deserialize)]
struct StripeKeys {
    secret_key: String,
    /// Several while one takes another's place.
    #[serde(default)]
    webhook_secrets: Vec<String>,
}

impl PaymentSettings {
    /// With Stripe's keys from `STRIPE_SECRET_KEY` and `STRIPE_WEBHOOK_SECRETS`, or both from the
    /// secret `STRIPE_SECRET_ARN`.
    ///
    /// # Errors
    /// If a variable or the secret cannot be read, or Stripe's keys are missing.
    pub async fn from_env() -> Result<Self, Error> {
        let secret = config::optional("STRIPE_SECRET_ARN");
        match (ProviderName::from_env()?, secret) {
            (ProviderName::Stripe, Some(arn)) => {
                let text = secrets::text(&arn).await?;
                let shape = r#"{"secret_key": "sk_…", "webhook_secrets": ["whsec_…"]}"#;
                let keys = serde_json::from_str(&text)
                    .map_err(|error| format!("secret {arn} is not {shape}: {error}"))?;
                Self::with_keys(|| Ok(keys))
            }
            _ => Self::from_variables(),
        }
    }

    /// As [`Self::from_env`], for whoever has no Secrets Manager.
    ///
    /// # Errors
    /// If a variable cannot be read, or Stripe's keys are missing.
    pub fn from_variables() -> Result<Self, Error> {
        Self::with_keys(|| {
            let webhook = config::optional("STRIPE_WEBHOOK_SECRETS").unwrap_or_default();
            let webhook = webhook.split(',').map(str::trim).filter(|secret| !secret.is_empty());
            let webhook_secrets = webhook.map(str::to_owned).collect();
            let secret_key = config::required("STRIPE_SECRET_KEY")?;
            Ok(StripeKeys { secret_key, webhook_secrets })
        })
    }

    fn with_keys(keys: impl FnOnce() -> Result<StripeKeys, ConfigError>) -> Result<Self, Error> {
        let (first, max) = (RetryPauses::STANDARD.first, RetryPauses::STANDARD.max);
        let first = config::seconds_or("PAYMENT_RETRY_SECONDS", first)?;
        let (provider, webhook_secrets): (Arc<dyn Provider>, _) = match ProviderName::from_env()? {
            ProviderName::Stripe => {
                let keys = keys()?;
                let url = config::optional("STRIPE_API_URL");
                let url = url.unwrap_or_else(|| "https://api.stripe.com".to_owned());
                (Arc::new(Stripe::new(&url, &keys.secret_key)?), keys.webhook_secrets)
            }
            ProviderName::Mock => (Arc::new(MockProvider { mode: mode_from_env()? }), Vec::new()),
        };
        Ok(Self {
            provider,
            currency: currency_from_env()?,
            pauses: RetryPauses { first, max: max.max(first) },
            webhook_secrets: Arc::new(Secrets::new(webhook_secrets)),
        })
    }

    /// Payments on record in this table.
    pub fn on(&self, table: Table) -> Payments {
        Payments {
            provider: Arc::clone(&self.provider),
            store: PaymentStore::new(table),
            currency: self.currency,
            pauses: self.pauses,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
enum ProviderName {
    #[default]
    Mock,
    Stripe,
}

impl ProviderName {
    fn from_env() -> Result<Self, ConfigError> {
        config::parsed_or("PAYMENT_PROVIDER", Self::default(), "mock or stripe")
    }
}

fn currency_from_env() -> Result<Currency, ConfigError> {
    let expected = "the code of a currency with two decimal places, as eur";
    config::parsed_or("PAYMENT_CURRENCY", Currency::default(), expected)
}

fn mode_from_env() -> Result<MockMode, ConfigError> {
    config::parsed_or("PAYMENT_MOCK", MockMode::default(), "approve, decline or timeout")
}
