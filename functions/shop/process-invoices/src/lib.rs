//! `process-invoices`: charges invoices that wait.
//!
//! Any number of runs may be at it at once. Each claims an invoice before it charges, and decides it only
//! if the claim is still its own; the claim of a run that died is taken over when its lease is over.
//! Whoever charges asks for the same payment, so that an invoice is charged once. Where a payment came
//! to nothing, whatever stands of it is withdrawn before the invoice says so.

mod charge;

use std::{ops::Add, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use marquee_dynamo::error::StoreError;
use marquee_kernel::time::{Clock, Timestamp};
use marquee_lambda::{
    config::{self, ConfigError},
    schedule,
};
use marquee_payments::settlement::Payments;
use marquee_shop::store::ShopStore;
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Processor {
    pub store: ShopStore,
    pub payments: Payments,
    pub clock: Arc<dyn Clock>,
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// After how long a run looks again; `None`: it looks once.
    pub poll: Option<Duration>,
    /// After which a run begins nothing more.
    pub run_for: Duration,
    /// How long an invoice is a run's own. Longer than a provider and storage take together.
    pub lease: Duration,
    /// How old an open invoice may be before a run that finds it is an error, which rings.
    pub overdue_after: Duration,
}

impl Limits {
    /// `INVOICE_POLL_SECONDS`, `INVOICE_LEASE_SECONDS` and `INVOICE_OVERDUE_SECONDS`.
    ///
    /// # Errors
    /// If a variable cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        let poll = config::seconds_or("INVOICE_POLL_SECONDS", Duration::ZERO)?;
        let minute = Duration::from_secs(60);
        Ok(Self {
            poll: Some(poll).filter(|poll| !poll.is_zero()),
            run_for: Duration::from_secs(50),
            lease: config::seconds_or("INVOICE_LEASE_SECONDS", minute)?,
            overdue_after: config::seconds_or("INVOICE_OVERDUE_SECONDS", 60 * minute)?,
        })
    }
}

const PAGE_LEN: usize = 50;
/// In one look.
const PAGES_MAX: usize = 40;
const AT_ONCE: usize = 10;

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub paid: usize,
    pub rejected: usize,
    /// The provider did not answer: they wait for another try.
    pub postponed: usize,
    /// Others have claimed or decided them first.
    pub others: usize,
    /// Storage failed, or the provider refuses us: somebody may have to look.
    pub failed: usize,
    /// Open for too long, and still so: somebody has to look.
    pub overdue: usize,
    /// The bound was reached: there may be more.
    pub more: bool,
}

impl Add for Report {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            paid: self.paid + other.paid,
            rejected: self.rejected + other.rejected,
            postponed: self.postponed + other.postponed,
            others: self.others + other.others,
            failed: self.failed + other.failed,
            overdue: self.overdue + other.overdue,
            more: self.more || other.more,
        }
    }
}

impl schedule::Report for Report {
    fn failed(&self) -> usize {
        self.failed + self.overdue
    }
}

/// # Errors
/// If open invoices cannot be read.
pub async fn run(processor: &Processor, limits: Limits) -> Result<Report, StoreError> {
    let until = processor.clock.now() + limits.run_for;
    let mut report = Report::default();
    loop {
        let look = processor.look(limits, until).await?;
        report = Report { more: look.more, ..report + look };
        match limits.poll {
            Some(pause) if processor.clock.now() + pause < until => {
                tokio::time::sleep(pause).await;
            }
            _ => return Ok(report),
        }
    }
}

impl Processor {
    /// Goes through what is open now.
    async fn look(&self, limits: Limits, until: Timestamp) -> Result<Report, StoreError> {
        // Runs that look at the same moment begin at different invoices.
        let order = Uuid::new_v4();
        let (mut report, mut after) = (Report::default(), None);
        for _ in 0..PAGES_MAX {
            let now = self.clock.now();
            let (mut page, next) =
                self.store.claimable_invoices(now, after.as_deref(), PAGE_LEN).await?;
            page.sort_by_key(|invoice| Uuid::new_v5(&order, invoice.id.uuid().as_bytes()));
            let processed = page.into_iter().map(|invoice| self.process(invoice, limits, until));
            let processed = stream::iter(processed).buffer_unordered(AT_ONCE);
            report = processed.fold(report, async |sum, one| sum + one).await;
            after = next;
            if after.is_none() || report.more {
                return Ok(report);
            }
        }
        Ok(Report { more: true, ..report })
    }
}
