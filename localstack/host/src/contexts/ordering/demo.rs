//! Demo data: a canteen's stock.

use marquee_lambda::Error;
use marquee_ordering::store::OrderingStore;

/// What the canteen has of each.
pub const MENU: [(&str, u64); 8] = [
    ("Burger", 100),
    ("Burrito", 100),
    ("Coffee", 1_000),
    ("Pizza", 100),
    ("Salad", 100),
    ("Sandwich", 100),
    ("Sushi", 50),
    ("Tea", 1_000),
];

/// Puts in what was never there: what orders have left of it stays as it is.
pub async fn load(store: &OrderingStore) -> Result<(), Error> {
    for (item, count) in MENU {
        let item = item.parse()?;
        if store.stock(&item).await?.is_none() {
            store.put_stock(&item, count).await?;
        }
    }
    Ok(())
}
