//! Stock, and putting it in.

use marquee_dynamo::{
    error::StoreError,
    item::{ReadItem, item, names, number, uuid},
    table::{ConditionalUpdate, Page},
};
use marquee_ordering_domain::{names::ItemName, stock::Stock};
use uuid::Uuid;

use super::{OrderingStore, items, keys};

impl OrderingStore {
    /// One consistent read. `None` for an item that nobody ever put in.
    pub async fn stock(&self, item: &ItemName) -> Result<Option<Stock>, StoreError> {
        let found = self.table.get(keys::stock(item), true).await?;
        found.as_ref().map(items::read_stock).transpose()
    }

    /// Sets what can be ordered of an item; what orders have of it stays theirs. The stock as it
    /// is afterwards.
    ///
    /// The write is made once, even if its answer is lost and it is sent again: a reservation may
    /// have come in between, whose stock would be there twice.
    pub async fn put_stock(&self, name: &ItemName, available: u64) -> Result<Stock, StoreError> {
        let before = self.table.get(keys::stock(name), true).await?;
        let seen = before.as_ref().map(|before| before.uuid(items::PUT)).transpose()?;
        let mut named = names([items::AVAILABLE, items::RESERVED, items::PUT]);
        let condition = match seen {
            Some(_) => "#put = :seen",
            None => {
                named.insert("#pk".to_owned(), keys::PARTITION.to_owned());
                "attribute_not_exists(#pk)"
            }
        };
        let put = ConditionalUpdate {
            key: keys::stock(name),
            update: "SET #available = :available, #put = :put, \
                     #reserved = if_not_exists(#reserved, :none)"
                .into(),
            condition: condition.into(),
            names: Some(named),
            values: item([
                (":available", Some(number(available))),
                (":none", Some(number(0))),
                (":put", Some(uuid(Uuid::new_v4()))),
                (":seen", seen.map(uuid)),
            ]),
        };
        // Refused, this was done already and its answer lost; or somebody else put stock in at the
        // same moment, and theirs counts as the later.
        let _ = self.table.update(put).await?;
        let after = self.stock(name).await?;
        after.ok_or_else(|| StoreError::unreadable("stock that was just put in"))
    }

    /// Items in alphabetical order.
    pub async fn inventory(
        &self,
        limit: i32,
        after: Option<&str>,
    ) -> Result<Page<(ItemName, Stock)>, StoreError> {
        let (found, next) = self.table.query_page(keys::INVENTORY, "", limit, after).await?;
        let read = |item: &marquee_dynamo::item::Item| {
            let name = item.text(keys::SORT)?.parse();
            let name = name.map_err(|_| StoreError::unreadable("an item's name"))?;
            Ok((name, items::read_stock(item)?))
        };
        Ok(Page { items: found.iter().map(read).collect::<Result<_, StoreError>>()?, next })
    }
}
