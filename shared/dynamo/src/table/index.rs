//! A page of an index. An index lags behind by a moment, and holds keys only.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use crate::{client::Table, error::StoreError, item::Item};

#[derive(Clone, Debug, Default)]
pub struct IndexQuery<'a> {
    pub index: &'a str,
    pub condition: String,
    pub names: Option<HashMap<String, String>>,
    pub values: Item,
    /// The keys of the entry before the first.
    pub start: Option<Item>,
    pub newest_first: bool,
    pub limit: i32,
}

impl Table {
    /// The entries of one page, and the keys of the last if there may be more: half a read unit for
    /// each 4 KB.
    pub async fn query_index(
        &self,
        query: IndexQuery<'_>,
    ) -> Result<(Vec<Item>, Option<Item>), StoreError> {
        let page = self
            .reader(false)
            .query()
            .table_name(&self.name)
            .index_name(query.index)
            .key_condition_expression(query.condition)
            .set_expression_attribute_names(query.names)
            .set_expression_attribute_values(Some(query.values))
            .set_exclusive_start_key(query.start)
            .scan_index_forward(!query.newest_first)
            .limit(query.limit)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(StoreError::from_sdk)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}
