//! Stripe, over its HTTP API: PaymentIntents with manual capture.
//!
//! Each payment is an intent, bound by its metadata to what it pays for when it is made, and put on
//! record with Stripe's name for it. The buyer pays in the browser with the intent's `client_secret`,
//! or names a payment method with the confirmation.
//!
//! Every POST carries a key of ours, so that one whose answer was lost is not done twice. Stripe
//! answers a key for a day as it first answered it, errors included: so each try has a key of its
//! own, and what a try finds done already counts as done. For what happens after that day the intent's
//! own status answers.

mod client;
pub mod webhook;

use std::collections::HashMap;

use async_trait::async_trait;
use marquee_payments_domain::{
    charge::Charge,
    provider::{Begun, Known, Provider, ProviderError, Standing},
};
use serde::Deserialize;
use uuid::Uuid;

use client::Client;

/// What an intent's metadata calls the payment, and what that pays for.
pub const PAYMENT: &str = "marquee_payment";
pub const KIND: &str = "marquee_kind";
pub const THING: &str = "marquee_id";

/// What we read of a PaymentIntent.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Intent {
    id: String,
    amount: u64,
    currency: String,
    status: String,
    client_secret: Option<String>,
    #[serde(default)]
    metadata: HashMap<String, String>,
    last_payment_error: Option<client::ApiError>,
}

#[derive(Debug, Deserialize)]
struct Refunds {
    data: Vec<Refund>,
}

#[derive(Debug, Deserialize)]
struct Refund {
    amount: u64,
    status: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Stripe {
    client: Client,
}

impl Stripe {
    /// # Errors
    /// If no HTTP client can be made.
    pub fn new(url: &str, secret_key: &str) -> Result<Self, reqwest::Error> {
        Ok(Self { client: Client::new(url, secret_key)? })
    }

    async fn intent(&self, known: &Known) -> Result<Option<Intent>, ProviderError> {
        let Some(reference) = &known.reference else { return Ok(None) };
        let intent: Intent = self.client.get(&format!("/v1/payment_intents/{reference}")).await?;
        match is_bound(&intent, &known.charge) {
            true => Ok(Some(intent)),
            false => Err(ProviderError::OtherPurpose),
        }
    }

    async fn required(&self, known: &Known) -> Result<Intent, ProviderError> {
        self.intent(known).await?.ok_or(ProviderError::Unknown)
    }

    async fn create(&self, charge: &Charge) -> Result<Intent, ProviderError> {
        let form = [
            ("amount", charge.amount.cents().to_string()),
            ("currency", charge.currency.as_str().to_owned()),
            ("capture_method", "manual".to_owned()),
            ("payment_method_types[]", "card".to_owned()),
            (&format!("metadata[{PAYMENT}]"), charge.payment.to_string()),
            (&format!("metadata[{KIND}]"), charge.purpose.kind.to_owned()),
            (&format!("metadata[{THING}]"), charge.purpose.id.to_string()),
        ];
        let path = "/v1/payment_intents";
        match self.client.post(path, &format!("{}-begin", charge.payment), &form).await {
            // That key would be answered so for a day. Another intent does no harm: nobody pays for
            // one that is not on record.
            Err(ProviderError::Unavailable(_)) => {
                let key = format!("{}-begin-{}", charge.payment, Uuid::new_v4());
                self.client.post(path, &key, &form).await
            }
            answered => answered,
        }
    }

    /// A step of an intent that is one way only: what Stripe refuses because it is there already is
    /// done.
    async fn step(&self, known: &Known, name: &str, done: &str) -> Result<(), ProviderError> {
        let intent = self.required(known).await?;
        if intent.status == done {
            return Ok(());
        }
        let path = format!("/v1/payment_intents/{}/{name}", intent.id);
        match self.client.post::<Intent>(&path, &key(known, name), &[]).await {
            Ok(_) => Ok(()),
            Err(error) => match self.required(known).await {
                Ok(intent) if intent.status == done => Ok(()),
                _ => Err(error),
            },
        }
    }
}

fn key(known: &Known, step: &str) -> String {
    format!("{}-{step}-{}", known.charge.payment, known.tries)
}

fn is_bound(intent: &Intent, charge: &Charge) -> bool {
    let is = |name, value: &str| intent.metadata.get(name).is_some_and(|found| found == value);
    is(KIND, charge.purpose.kind)
        && is(THING, &charge.purpose.id.to_string())
        && intent.amount == charge.amount.cents()
        && intent.currency == charge.currency.as_str()
}

/// Whether the money is reserved: what stands in the way, if it is not.
fn authorised(intent: &Intent) -> Result<(), ProviderError> {
    let incomplete = |detail: &str| ProviderError::Incomplete {
        detail: detail.to_owned(),
        client_secret: intent.client_secret.clone(),
    };
    match intent.status.as_str() {
        "requires_capture" | "succeeded" => Ok(()),
        "canceled" => Err(ProviderError::Over),
        "requires_action" => Err(incomplete("the buyer has to confirm it with the bank")),
        "processing" => Err(incomplete("the provider is working on it")),
        _ => match &intent.last_payment_error {
            Some(error) => Err(ProviderError::Declined(error.message.clone())),
            None => Err(incomplete("the buyer has not paid yet")),
        },
    }
}

#[async_trait]
impl Provider for Stripe {
    fn names_payments(&self) -> bool {
        true
    }

    async fn begin(
        &self,
        charge: &Charge,
        reference: Option<&str>,
    ) -> Result<Begun, ProviderError> {
        if charge.amount.is_zero() {
            return Ok(Begun::default());
        }
        let intent: Intent = match reference {
            Some(reference) => self.client.get(&format!("/v1/payment_intents/{reference}")).await?,
            None => self.create(charge).await?,
        };
        Ok(Begun { reference: Some(intent.id), client_secret: intent.client_secret })
    }

    async fn authorise(&self, known: &Known, method: Option<&str>) -> Result<(), ProviderError> {
        let intent = self.required(known).await?;
        let found = authorised(&intent);
        let (Err(_), Some(method)) = (&found, method) else { return found };
        if intent.status == "canceled" {
            return found;
        }
        // A buyer may try the same card again, and be answered anew. Of two tries at once Stripe takes
        // one, since after that the intent waits for no payment method.
        let key = format!("{}-confirm-{}", known.charge.payment, Uuid::new_v4());
        let path = format!("/v1/payment_intents/{}/confirm", intent.id);
        let form = [("payment_method", method.to_owned())];
        match self.client.post::<Intent>(&path, &key, &form).await {
            Ok(intent) => authorised(&intent),
            Err(error @ ProviderError::Declined(_)) => Err(error),
            Err(error) => match (authorised(&self.required(known).await?), error) {
                (Ok(()), _) => Ok(()),
                // A payment method that there is not, or that cannot be used here.
                (Err(_), ProviderError::Refused(why)) => Err(ProviderError::Declined(Some(why))),
                (Err(_), error) => Err(error),
            },
        }
    }

    async fn capture(&self, known: &Known) -> Result<(), ProviderError> {
        self.step(known, "capture", "succeeded").await
    }

    async fn void(&self, known: &Known) -> Result<(), ProviderError> {
        self.step(known, "cancel", "canceled").await
    }

    async fn refund(&self, known: &Known) -> Result<(), ProviderError> {
        let intent = self.required(known).await?;
        let before = self.refunds(&intent).await?;
        if before.is_done(&intent) {
            return Ok(());
        }
        // One that is under way may still fail: then it is made again.
        if before.under_way > 0 {
            return Err(ProviderError::Unavailable("the refund is under way".into()));
        }
        let form = [("payment_intent", intent.id.clone())];
        let asked = self.client.post::<Refund>("/v1/refunds", &key(known, "refund"), &form).await;
        match asked {
            Ok(refund) if refund.status.as_deref() == Some("succeeded") => Ok(()),
            Ok(refund) => {
                Err(ProviderError::Unavailable(format!("the refund is {:?}", refund.status)))
            }
            Err(error) => match self.refunds(&intent).await {
                Ok(refunds) if refunds.is_done(&intent) => Ok(()),
                _ => Err(error),
            },
        }
    }

    async fn look_up(&self, known: &Known) -> Result<Standing, ProviderError> {
        let Some(intent) = self.intent(known).await? else { return Ok(Standing::Unknown) };
        Ok(match intent.status.as_str() {
            "requires_capture" => Standing::Authorised,
            "succeeded" if self.refunds(&intent).await?.is_done(&intent) => Standing::Refunded,
            "succeeded" => Standing::Captured,
            "canceled" => Standing::Voided,
            _ => Standing::Open,
        })
    }
}

impl Stripe {
    async fn refunds(&self, intent: &Intent) -> Result<Refunded, ProviderError> {
        let path = format!("/v1/refunds?payment_intent={}&limit=100", intent.id);
        let refunds: Refunds = self.client.get(&path).await?;
        let mut sums = Refunded { done: 0, under_way: 0 };
        for refund in refunds.data {
            match refund.status.as_deref() {
                Some("succeeded") => sums.done += refund.amount,
                Some("pending" | "requires_action") => sums.under_way += refund.amount,
                _ => {}
            }
        }
        Ok(sums)
    }
}

/// What has gone back of an intent.
#[derive(Clone, Copy, Debug)]
struct Refunded {
    done: u64,
    under_way: u64,
}

impl Refunded {
    /// We only ever refund the whole.
    fn is_done(self, intent: &Intent) -> bool {
        self.done >= intent.amount
    }
}
