//! Reading one item, or what lies under one partition key.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder, types::ReturnConsumedCapacity,
};

use crate::{
    client::Table,
    error::StoreError,
    item::{Item, ReadItem, SORT, key, text},
};

impl Table {
    pub fn query(&self, partition: &str, prefix: &str, consistent: bool) -> QueryFluentBuilder {
        let query = self
            .reader(consistent)
            .query()
            .table_name(&self.name)
            .consistent_read(consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .expression_attribute_values(":pk", text(partition));
        match prefix {
            "" => query.key_condition_expression("pk = :pk"),
            prefix => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":prefix", text(prefix)),
        }
    }

    /// One item by its key: one read unit for each 4 KB if consistent, half of that if not.
    pub async fn get(&self, key: Item, consistent: bool) -> Result<Option<Item>, StoreError> {
        let request = self.reader(consistent).get_item().table_name(&self.name);
        let found = request
            .set_key(Some(key))
            .consistent_read(consistent)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        Ok(found.item)
    }

    /// Everything, consistently, in key order.
    pub async fn query_all(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut pages = self.query(partition, prefix, true).into_paginator().send();
        while let Some(page) = pages.next().await {
            items.extend(page.map_err(StoreError::from_sdk)?.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// One page after the item with the sort key `after`, and the sort key that the next page
    /// comes after, if there may be one. It may lag behind by a moment.
    pub async fn query_page(
        &self,
        partition: &str,
        prefix: &str,
        limit: i32,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        self.page(false, partition, prefix, limit, after).await
    }

    /// The same as it is now, at twice the price.
    pub async fn query_page_now(
        &self,
        partition: &str,
        prefix: &str,
        limit: i32,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        self.page(true, partition, prefix, limit, after).await
    }

    /// A page of the whole table, in no order, and the keys of its last item if there may be more: for
    /// jobs that go through everything, at half a read unit for each 4 KB.
    pub async fn scan_page(
        &self,
        limit: i32,
        after: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let request = self.client.scan().table_name(&self.name).limit(limit);
        let page = request
            .set_exclusive_start_key(after)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    async fn page(
        &self,
        consistent: bool,
        partition: &str,
        prefix: &str,
        limit: i32,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        if after.is_some_and(|after| !after.starts_with(prefix)) {
            // Not a place in this list, so there is nothing behind it.
            return Ok((Vec::new(), None));
        }
        let start = after.map(|sort| key(partition.to_owned(), sort.to_owned()));
        let query = self.query(partition, prefix, consistent);
        let page = query.limit(limit).set_exclusive_start_key(start).send().await;
        let page = page.map_err(StoreError::from_sdk)?;
        let next = page
            .last_evaluated_key
            .as_ref()
            .map(|key: &HashMap<_, _>| key.text(SORT).map(str::to_owned))
            .transpose()?;
        Ok((page.items.unwrap_or_default(), next))
    }
}
