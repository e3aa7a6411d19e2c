//! Invoices: put once, claimed by one processor at a time, decided once.

use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, number, text, uuid},
    table::{
        Change, Page,
        list::{List, Search},
    },
};
use marquee_kernel::{ids::UserId, time::Timestamp};
use marquee_messaging::outbox::ATTRIBUTE;
use marquee_shop_domain::{
    cart::{Cart, total},
    ids::InvoiceId,
    invoice::{Claim, Invoice, InvoiceStatus},
};
use uuid::Uuid;

use super::{ShopStore, items, keys};
use crate::events::{EventType, InvoiceEvent};

const BILL: &str = "bill";
const REFUSED: &str = "refused";
const CREATED: &str = "created";
const CLAIMED_BY: &str = "by";
const CLAIMED_UNTIL: &str = "until";

/// What a list of invoices shall have.
#[derive(Clone, Debug, Default)]
pub struct InvoiceFilter {
    pub user: Option<UserId>,
    pub status: Option<InvoiceStatus>,
    /// When they were changed last: from, and to before.
    pub updated_from: Option<Timestamp>,
    pub updated_to: Option<Timestamp>,
}

impl InvoiceFilter {
    fn fits(&self, invoice: &Invoice) -> bool {
        self.status.is_none_or(|status| invoice.status == status)
            && self.updated_from.is_none_or(|from| invoice.updated_at >= from)
            && self.updated_to.is_none_or(|to| invoice.updated_at < to)
    }
}

impl ShopStore {
    /// Puts the invoice of the cart's payment on record, to be processed; `false` if it is there. Two
    /// write units, one of them for the list.
    pub async fn request_invoice(&self, cart: &Cart, now: Timestamp) -> Result<bool, StoreError> {
        let id = cart.invoice().ok_or_else(|| StoreError::permanent("a cart without payment"))?;
        let mut written = keys::invoice(id);
        written.extend(item([
            (items::STATUS, Some(text(InvoiceStatus::Wait.into_str()))),
            (items::ITEMS, Some(items::games(&cart.items))),
            (BILL, Some(number(total(&cart.items)))),
            (CREATED, Some(instant(now))),
            (items::UPDATED, Some(instant(now))),
            (keys::LIST, Some(text(keys::OPEN.of(id.uuid())))),
            (keys::AT, Some(text(keys::position(now, id)))),
        ]));
        written.extend(
            items::means(&cart.means)
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?))),
        );
        Ok(self.table.put_new(written).await?.is_none())
    }

    /// One consistent read.
    pub async fn invoice(&self, id: InvoiceId) -> Result<Option<Invoice>, StoreError> {
        self.table.get(keys::invoice(id), true).await?.as_ref().map(read).transpose()
    }

    /// Up to `count` invoices that may be claimed, those that wait longest first. With nothing open it
    /// costs half a read unit for each of two partitions.
    pub async fn claimable_invoices(
        &self,
        now: Timestamp,
        after: Option<&str>,
        count: usize,
    ) -> Result<(Vec<Invoice>, Option<String>), StoreError> {
        let list = List { to: Some(keys::until(now)), ..keys::OPEN.listed() };
        let entries = self.table.entries(&list, after, count).await?;
        let last = entries.last().map(|entry| entry.position.clone());
        let last = last.filter(|_| entries.len() == count);
        let found =
            self.table.batch_get(entries.into_iter().map(|e| e.key).collect(), true).await?;
        let mut invoices = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        invoices.retain(|invoice| invoice.can_be_claimed(now));
        invoices.sort_unstable_by_key(|invoice| invoice.created_at);
        Ok((invoices, last))
    }

    /// Claims an invoice, so that nobody else processes it until then; `false` if somebody else has it
    /// or it is done. One write unit.
    pub async fn claim_invoice(
        &self,
        invoice: &Invoice,
        claim: Claim,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        // As it was read: whoever claims it in between has changed this.
        let seen = invoice.claim.map(|seen| uuid(seen.by));
        let change = Change::default()
            .set(items::STATUS, text(InvoiceStatus::Process.into_str()))
            .set(CLAIMED_BY, uuid(claim.by))
            .set(CLAIMED_UNTIL, instant(claim.until))
            .set(items::UPDATED, instant(now))
            .only_if(items::STATUS, Some(text(invoice.status.into_str())))
            .only_if(CLAIMED_BY, seen);
        match self.table.update(change.of(keys::invoice(invoice.id))).await? {
            Ok(()) => Ok(true),
            // The answer of the write itself was lost.
            Err(found) => Ok(found.optional_uuid(CLAIMED_BY) == Some(claim.by)),
        }
    }

    /// Decides an invoice, and tells of it; `false` if the claim is not this one any more. Three write
    /// units, two of them for the lists.
    pub async fn decide_invoice(
        &self,
        id: InvoiceId,
        by: Uuid,
        result: Result<(), &str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (status, kind, list) = match result {
            Ok(()) => (InvoiceStatus::Ok, EventType::InvoiceOk, keys::OK),
            Err(_) => (InvoiceStatus::Rejected, EventType::InvoiceRejected, keys::REJECTED),
        };
        let event = items::event(id.uuid(), kind, &InvoiceEvent::new(kind, id, now));
        let change = Change::default()
            .set(items::STATUS, text(status.into_str()))
            .put(items::REASON, result.err().map(text))
            .set(items::UPDATED, instant(now))
            .set(keys::LIST, text(list.of(id.uuid())))
            .set(keys::AT, text(keys::position(now, id)))
            .set(ATTRIBUTE, event)
            .remove(CLAIMED_UNTIL)
            .only_if(items::STATUS, Some(text(InvoiceStatus::Process.into_str())))
            .only_if(CLAIMED_BY, Some(uuid(by)));
        match self.table.update(change.of(keys::invoice(id))).await? {
            Ok(()) => Ok(true),
            // The answer of the write itself was lost.
            Err(found) => Ok(found.optional_uuid(CLAIMED_BY) == Some(by)
                && found.optional_text(items::STATUS) == Some(status.into_str())),
        }
    }

    /// Puts on record that an invoice cannot be paid, before anything of its payment is withdrawn:
    /// whoever claims it from now on charges nothing. `false` if the claim is not this one any more.
    pub async fn refuse_invoice(
        &self,
        id: InvoiceId,
        by: Uuid,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let change = Change::default()
            .set(REFUSED, text(reason))
            .only_if(items::STATUS, Some(text(InvoiceStatus::Process.into_str())))
            .only_if(CLAIMED_BY, Some(uuid(by)));
        Ok(self.table.update(change.of(keys::invoice(id))).await?.is_ok())
    }

    /// Lets go of an invoice until `again`: the provider did not answer. `false` if the claim is not this
    /// one any more.
    pub async fn postpone_invoice(
        &self,
        invoice: &Invoice,
        by: Uuid,
        reason: &str,
        again: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let change = Change::default()
            .set(items::STATUS, text(InvoiceStatus::Wait.into_str()))
            .set(items::REASON, text(reason))
            .set(items::TRIES, number(invoice.tries + 1))
            .set(items::UPDATED, instant(now))
            .set(keys::AT, text(keys::position(again, invoice.id)))
            .remove(CLAIMED_UNTIL)
            .only_if(items::STATUS, Some(text(InvoiceStatus::Process.into_str())))
            .only_if(CLAIMED_BY, Some(uuid(by)));
        match self.table.update(change.of(keys::invoice(invoice.id))).await? {
            Ok(()) => Ok(true),
            // The answer of the write itself was lost.
            Err(found) => Ok(found.optional_uuid(CLAIMED_BY) == Some(by)),
        }
    }

    /// A page of invoices, newest first: of one user, or of everybody by when they were last changed. It
    /// may be short, or empty, though there are more.
    pub async fn invoices(
        &self,
        filter: &InvoiceFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<Invoice>, StoreError> {
        if let Some(user) = filter.user {
            let partition = keys::partition_of_user(user);
            let limit = limit.try_into().unwrap_or(i32::MAX);
            let (found, next) =
                self.table.query_page(&partition, keys::INVOICE, limit, after).await?;
            let mut items = found.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            items.retain(|invoice| filter.fits(invoice));
            return Ok(Page { items, next });
        }
        // The place of an open one is when it is to be looked at, and not its last change.
        let (open, done) = (keys::OPEN.all(), [keys::OK.all(), keys::REJECTED.all()].concat());
        let (partitions, by_change) = match filter.status {
            Some(status) if status.is_open() => (open, false),
            Some(InvoiceStatus::Ok) => (keys::OK.all(), true),
            Some(_) => (keys::REJECTED.all(), true),
            None => ([open, done].concat(), false),
        };
        let bound = |at: Option<Timestamp>| at.filter(|_| by_change).map(keys::at);
        let list = List {
            from: bound(filter.updated_from),
            to: bound(filter.updated_to),
            ..List::new(super::schema::LISTED, partitions).descending()
        };
        let fits = |invoice: &Invoice| filter.fits(invoice);
        let is_filter =
            filter.status.is_some() || filter.updated_from.is_some() || filter.updated_to.is_some();
        let fits = is_filter.then_some(&fits as _);
        self.table.search(&list, &Search { fits, ..Search::all(read) }, limit, after).await
    }
}

pub(super) fn read(item: &Item) -> Result<Invoice, StoreError> {
    let user = keys::id_in(item.text(keys::PARTITION)?, "U#").map(UserId::new);
    let number = item.text(keys::SORT)?.strip_prefix(keys::INVOICE);
    let number = number.and_then(|number| number.parse::<u32>().ok());
    let (Some(user), Some(number)) = (user, number) else {
        return Err(StoreError::unreadable("an invoice's id"));
    };
    let claim = match (item.optional_uuid(CLAIMED_BY), item.instant(CLAIMED_UNTIL)) {
        (Some(by), Ok(until)) => Some(Claim { by, until }),
        // It was claimed, and let go of.
        (Some(by), Err(_)) => Some(Claim { by, until: Timestamp::from_millis(0) }),
        (None, _) => None,
    };
    Ok(Invoice {
        id: InvoiceId { user, number: u32::MAX - number },
        items: items::read_games(item)?,
        bill: item.number(BILL)?,
        means: items::read_means(item)?,
        status: item.parsed(items::STATUS)?,
        reason: item.optional_text(items::REASON).map(str::to_owned),
        claim,
        refused: item.optional_text(REFUSED).map(str::to_owned),
        tries: item.optional_number(items::TRIES).unwrap_or_default(),
        created_at: item.instant(CREATED)?,
        updated_at: item.instant(items::UPDATED)?,
    })
}
