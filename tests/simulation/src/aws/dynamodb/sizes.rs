//! Sizes: how large items are, and what is too large.
//!
//! dynoxide refuses by itself what one item, one key, one page or one batch must not exceed. Here is what it
//! leaves: a request as a whole, and transactions whose items are large already.

use serde_json::Value;

use super::refusals::{self, Answer};

/// "API Reference", common errors: a request is at most 16 MB.
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;
/// "TransactWriteItems": the aggregate size of the items in the transaction cannot exceed 4 MB.
const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;

/// # Errors
/// The refusal.
pub fn check_request(body: &str) -> Result<(), Answer> {
    if body.len() > REQUEST_BYTES_MAX { Err(refusals::too_large()) } else { Ok(()) }
}

/// # Errors
/// The refusal, if the items that a transaction works on are larger than all of a transaction may be.
pub fn check_transaction(sizes: impl Iterator<Item = usize>) -> Result<(), Answer> {
    if sizes.sum::<usize>() > TRANSACTION_BYTES_MAX {
        return Err(refusals::invalid(
            "Collection size of items exceeded, which can also be caused by the aggregate size of the items in \
             the transaction exceeding the 4MB limit",
        ));
    }
    Ok(())
}

/// "DynamoDB item sizes and formats": names and values; 3 bytes and one for each element for a list or a map.
pub fn item_size(item: &Value) -> usize {
    let attributes = item.as_object().into_iter().flatten();
    attributes.map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|typed| typed.iter().next()) else {
        return 0;
    };
    let elements = || value.as_array().into_iter().flatten();
    match kind.as_str() {
        "L" => 3 + elements().map(|element| 1 + value_size(element)).sum::<usize>(),
        "M" => {
            let entries = value.as_object().into_iter().flatten();
            3 + entries.map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
        }
        "SS" | "NS" | "BS" => elements().map(|element| text_size(&kind[..1], element)).sum(),
        _ => text_size(kind, value),
    }
}

fn text_size(kind: &str, value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    match kind {
        "S" => text.len(),
        "N" => dynoxide::types::number_size(text),
        "B" => text.len() / 4 * 3 - text.bytes().rev().take_while(|byte| *byte == b'=').count(),
        _ => 1,
    }
}
