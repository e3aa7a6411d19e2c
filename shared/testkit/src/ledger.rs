//! A payment provider that counts every cent, and on which things go wrong.
//!
//! It refuses what a real one refuses: a payment for something else or of another amount, taking what
//! was not reserved, giving back more than was taken.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use marquee_payments_domain::{
    charge::Charge,
    provider::{Begun, Known, Provider, ProviderError, Standing},
};
use uuid::Uuid;

/// What becomes of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    None,
    /// It never arrives.
    Lost,
    /// It is done, and the answer never arrives.
    AnswerLost,
    Declined,
    /// Whoever asks is never heard of again, before the call is done or after.
    Killed {
        done: bool,
    },
}

/// Decides by the name of the call: `authorise`, `capture`, `void`, `refund`, `look_up`.
pub type Plan = dyn Fn(&str) -> Trouble + Send + Sync;

/// A payment as the provider has it; amounts in cents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub thing: Uuid,
    pub amount: u64,
    /// Reserved at some time.
    pub authorised: bool,
    pub captured: u64,
    pub refunded: u64,
    pub voided: bool,
}

impl Entry {
    fn standing(&self) -> Standing {
        match self {
            Self { voided: true, .. } => Standing::Voided,
            Self { captured: 1.., refunded: 0, .. } => Standing::Captured,
            Self { captured: 1.., .. } => Standing::Refunded,
            Self { authorised: true, .. } => Standing::Authorised,
            _ => Standing::Open,
        }
    }

    /// Money that is reserved and neither taken nor let go.
    pub fn is_held(&self) -> bool {
        self.standing() == Standing::Authorised
    }
}

/// By the payment's name.
type Entries = BTreeMap<String, Entry>;

#[derive(Clone)]
pub struct Ledger {
    entries: Arc<Mutex<Entries>>,
    plan: Arc<Plan>,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ledger").field(&self.entries()).finish()
    }
}

impl Ledger {
    pub fn new(plan: impl Fn(&str) -> Trouble + Send + Sync + 'static) -> Self {
        Self { entries: Arc::default(), plan: Arc::new(plan) }
    }

    /// Every payment by its name.
    pub fn entries(&self) -> Entries {
        self.locked().clone()
    }

    fn locked(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The buyer pays at the provider, with nobody of ours asking for it.
    pub fn pay(&self, charge: &Charge) {
        let mut entries = self.locked();
        let entry = entries.entry(charge.payment.to_string()).or_insert_with(|| bound_to(charge));
        entry.authorised |= !entry.voided;
    }

    /// As if the payment had never been made.
    pub fn forget(&self, payment: &str) {
        self.locked().remove(payment);
    }

    /// Somebody takes the money by hand, at the provider.
    pub fn capture_by_hand(&self, payment: &str) {
        if let Some(entry) = self.locked().get_mut(payment) {
            entry.captured = entry.amount;
        }
    }

    /// Somebody withdraws the payment by hand, at the provider.
    pub fn void_by_hand(&self, payment: &str) {
        if let Some(entry) = self.locked().get_mut(payment) {
            entry.voided = true;
        }
    }

    fn has_authorised(&self, known: &Known) -> bool {
        let entries = self.locked();
        entries.get(known.charge.payment.as_str()).is_some_and(|entry| entry.authorised)
    }

    async fn call<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Entries) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        match (self.plan)(name) {
            Trouble::None => act(&mut self.locked()),
            Trouble::Lost => Err(ProviderError::TimedOut),
            Trouble::AnswerLost => {
                let _ = act(&mut self.locked());
                Err(ProviderError::TimedOut)
            }
            Trouble::Declined => Err(ProviderError::Declined(None)),
            Trouble::Killed { done } => {
                if done {
                    let _ = act(&mut self.locked());
                }
                std::future::pending().await
            }
        }
    }
}

fn bound_to(charge: &Charge) -> Entry {
    Entry { thing: charge.purpose.id, amount: charge.amount.cents(), ..Entry::default() }
}

/// The payment, if it is for just this.
fn entry<'a>(entries: &'a mut Entries, known: &Known) -> Result<&'a mut Entry, ProviderError> {
    let charge = &known.charge;
    let entry = entries.get_mut(charge.payment.as_str()).ok_or(ProviderError::Unknown)?;
    match entry.thing == charge.purpose.id && entry.amount == charge.amount.cents() {
        true => Ok(entry),
        false => Err(ProviderError::OtherPurpose),
    }
}

#[async_trait]
impl Provider for Ledger {
    fn names_payments(&self) -> bool {
        false
    }

    async fn begin(&self, _: &Charge, _: Option<&str>) -> Result<Begun, ProviderError> {
        Ok(Begun::default())
    }

    async fn authorise(&self, known: &Known, _: Option<&str>) -> Result<(), ProviderError> {
        let authorise = |entries: &mut Entries| {
            let name = known.charge.payment.to_string();
            entries.entry(name).or_insert_with(|| bound_to(&known.charge));
            let entry = entry(entries, known)?;
            if entry.voided || entry.refunded > 0 {
                return Err(ProviderError::Over);
            }
            entry.authorised = true;
            Ok(())
        };
        match self.call("authorise", authorise).await {
            // What was approved is not declined afterwards.
            Err(ProviderError::Declined(_)) if self.has_authorised(known) => {
                authorise(&mut self.locked())
            }
            asked => asked,
        }
    }

    async fn capture(&self, known: &Known) -> Result<(), ProviderError> {
        self.call("capture", |entries| {
            let entry = entry(entries, known)?;
            match entry.standing() {
                Standing::Authorised => entry.captured = entry.amount,
                Standing::Captured => {}
                other => return Err(ProviderError::Refused(format!("capture of {other:?}"))),
            }
            Ok(())
        })
        .await
    }

    async fn void(&self, known: &Known) -> Result<(), ProviderError> {
        self.call("void", |entries| {
            let entry = entry(entries, known)?;
            if entry.captured > 0 {
                return Err(ProviderError::Refused("void of what was captured".into()));
            }
            entry.voided = true;
            Ok(())
        })
        .await
    }

    async fn refund(&self, known: &Known) -> Result<(), ProviderError> {
        self.call("refund", |entries| {
            let entry = entry(entries, known)?;
            if entry.captured == 0 {
                return Err(ProviderError::Refused("refund of what was not captured".into()));
            }
            entry.refunded = entry.captured;
            Ok(())
        })
        .await
    }

    async fn look_up(&self, known: &Known) -> Result<Standing, ProviderError> {
        self.call("look_up", |entries| match entry(entries, known) {
            Ok(entry) => Ok(entry.standing()),
            Err(ProviderError::Unknown) => Ok(Standing::Unknown),
            Err(error) => Err(error),
        })
        .await
    }
}
