//! Reading one item, or what lies under one partition key.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, ReturnConsumedCapacity},
};

use super::{SORT, key};
use crate::{
    dynamo::Table,
    error::StoreError,
    item::{Item, ReadItem, text},
};

/// A condition on items after they are read, so that a page may be short of its limit.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) attribute: &'static str,
    pub(crate) equals: AttributeValue,
}

impl Table {
    pub(crate) fn query(&self, partition: &str, prefix: &str) -> QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(&self.name)
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
    pub(crate) async fn get(
        &self,
        key: Item,
        consistent: bool,
    ) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.name);
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
    pub(crate) async fn query_all(
        &self,
        partition: &str,
        prefix: &str,
    ) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let query = self.query(partition, prefix).consistent_read(true);
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            items.extend(page.map_err(StoreError::from_sdk)?.items.unwrap_or_default());
        }
        Ok(items)
    }

    /// One page after the item with the sort key `after`, and the sort key that the next page
    /// comes after, if there may be one.
    pub(crate) async fn query_page(
        &self,
        partition: &str,
        prefix: &str,
        limit: i32,
        after: Option<&str>,
        filter: Option<Filter>,
    ) -> Result<(Vec<Item>, Option<String>), StoreError> {
        if after.is_some_and(|after| !after.starts_with(prefix)) {
            // Not a place in this list, so there is nothing behind it.
            return Ok((Vec::new(), None));
        }
        let start = after.map(|sort| key(partition.to_owned(), sort.to_owned()));
        let mut query = self.query(partition, prefix).limit(limit).set_exclusive_start_key(start);
        if let Some(Filter { attribute, equals }) = filter {
            query = query
                .filter_expression("#filter = :filter")
                .expression_attribute_names("#filter", attribute)
                .expression_attribute_values(":filter", equals);
        }
        let page = query.send().await.map_err(StoreError::from_sdk)?;
        let next = page
            .last_evaluated_key
            .as_ref()
            .map(|key: &HashMap<_, _>| key.text(SORT).map(str::to_owned))
            .transpose()?;
        Ok((page.items.unwrap_or_default(), next))
    }
}
