//! What must hold when all is over: what was paid for is there, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::{
    Told,
    items::{self, Cart, Invoice, InvoiceStatus, Item, Line, Purchase},
    money,
    views::Counts,
};
use crate::{watch::attribute, world::World};

pub(super) async fn check(world: &World, told: &Told) -> Result<(), String> {
    let items = items::all(&world.watch.image())?;
    let carts =
        items.iter().filter_map(|i| if let Item::Cart(cart) = i { Some(cart) } else { None });
    let invoices: BTreeMap<_, _> = items.iter().filter_map(invoice).collect();
    let purchases: Vec<_> = items.iter().filter_map(purchase).collect();
    for cart in carts {
        bought(cart, &invoices, &purchases)?;
    }
    paid(world, &invoices)?;
    kept_word(&items, &purchases, told)?;
    shown(world, &items, &purchases).await
}

fn invoice(item: &Item) -> Option<((Uuid, u32), &Invoice)> {
    let Item::Invoice(invoice) = item else { return None };
    Some(((invoice.user, invoice.number), invoice))
}

fn purchase(item: &Item) -> Option<&Purchase> {
    let Item::Purchase(purchase) = item else { return None };
    Some(purchase)
}

/// Each payment of a cart has one invoice, which is decided, and what is paid is bought.
fn bought(
    cart: &Cart,
    invoices: &BTreeMap<(Uuid, u32), &Invoice>,
    purchases: &[&Purchase],
) -> Result<(), String> {
    let user = cart.user;
    for number in 1..=cart.number {
        let invoice = invoices.get(&(user, number));
        let Some(invoice) = invoice else { return Err(format!("{user}-{number}: no invoice")) };
        let due: &[Line] = match invoice.status {
            InvoiceStatus::Ok => &invoice.lines,
            InvoiceStatus::Rejected => &[],
            InvoiceStatus::Wait | InvoiceStatus::Process => {
                return Err(format!("invoice {user}-{number} is open: {invoice:?}"));
            }
        };
        let by_it = |it: &&&Purchase| it.user == user && it.number == Some(number);
        let got: Vec<Line> = purchases.iter().filter(by_it).map(|it| it.line).collect();
        if got.len() != due.len() || !due.iter().all(|line| got.contains(line)) {
            return Err(format!("invoice {user}-{number}: {due:?} is paid, {got:?} is bought"));
        }
    }
    match invoices.keys().filter(|(of, _)| *of == user).count() == cart.number as usize {
        true => Ok(()),
        false => Err(format!("user {user} has more invoices than payments: {cart:?}")),
    }
}

/// The provider has what is paid, and holds nothing.
fn paid(world: &World, invoices: &BTreeMap<(Uuid, u32), &Invoice>) -> Result<(), String> {
    let mut taken = money::taken(&world.provider);
    for ((user, number), invoice) in invoices {
        let is_paid = invoice.status == InvoiceStatus::Ok;
        let due = if is_paid { invoice.cents } else { 0 };
        let there = taken.remove(&invoice.thing()).unwrap_or_default();
        if there != (money::Taken { kept: due, held: 0 }) {
            let (status, thing) = (invoice.status, invoice.thing());
            return Err(format!(
                "invoice {user}-{number} ({thing}) is {status}: {due} cents are due, the provider \
                 has {there:?}"
            ));
        }
    }
    match taken.iter().next() {
        Some((thing, there)) => Err(format!("the provider has {there:?} for {thing}, unknown")),
        None => Ok(()),
    }
}

/// What clients were told is so.
fn kept_word(items: &[Item], purchases: &[&Purchase], told: &Told) -> Result<(), String> {
    let owned: BTreeSet<_> = purchases.iter().map(|it| (it.user, it.line.game)).collect();
    if let Some((user, game)) = told.owns.difference(&owned).next() {
        return Err(format!("user {user} was told that game {game} is theirs, and it is not"));
    }
    let given = purchases.iter().filter(|it| it.number.is_none());
    for Purchase { user, line, .. } in given {
        if !told.gifts.contains(&(*user, line.game)) {
            return Err(format!("nobody gave game {} to user {user}", line.game));
        }
    }
    let mut achievements = BTreeSet::new();
    let mut plays = BTreeSet::new();
    for item in items {
        match item {
            Item::Achievement(entry) => _ = achievements.insert(entry.id),
            Item::History(entry) if !entry.bought => _ = plays.insert(entry.id),
            _ => {}
        }
    }
    for (id, is) in &told.achievements {
        if achievements.contains(id) != *is {
            return Err(format!("achievement {id}: told {is}, and it is otherwise"));
        }
    }
    match told.plays.difference(&plays).next() {
        Some(id) => Err(format!("entry {id} of a play history is gone")),
        None => Ok(()),
    }
}

/// What the APIs show is what is there.
async fn shown(world: &World, items: &[Item], purchases: &[&Purchase]) -> Result<(), String> {
    let staff = Uuid::from_u128(1);
    let list = async |path: &str, user: Uuid| {
        let reply = world.ask("GET", path, user, Value::Null).await;
        let shown = reply.as_ref().and_then(|reply| reply.body.as_array());
        shown.cloned().ok_or_else(|| format!("GET {path}: {reply:?}"))
    };
    let counts = Counts::of(items);
    for user in counts.users.keys() {
        let games = list("/purchase-history/games", *user).await?;
        let mut games: Vec<_> = games.iter().filter_map(|game| game["id"].as_str()).collect();
        games.sort_unstable();
        let theirs = purchases.iter().filter(|it| it.user == *user);
        let theirs: BTreeSet<_> = theirs.map(|it| it.line.game.to_string()).collect();
        if !games.iter().copied().eq(theirs.iter().map(String::as_str)) {
            return Err(format!("user {user} has {theirs:?} and is shown {games:?}"));
        }
    }
    for (path, id, number, many) in [
        ("/aggregator/games?sortBy=players", "gameId", "userNumber", counts.games.len()),
        (
            "/aggregator/games?sortBy=achievements",
            "gameId",
            "achievementNumber",
            counts.games.len(),
        ),
        ("/aggregator/users?sortBy=games", "userId", "gameValue", counts.users.len()),
        ("/aggregator/users?sortBy=billValue", "userId", "billValue", counts.users.len()),
    ] {
        let lines = list(path, staff).await?;
        let numbers: Vec<_> = lines.iter().map(|line| line[number].as_f64()).collect();
        let ids: BTreeSet<_> = lines.iter().filter_map(|line| line[id].as_str()).collect();
        if !numbers.is_sorted_by(|more, less| more >= less)
            || (ids.len(), lines.len()) != (many, many)
        {
            return Err(format!("GET {path}: {many} lines in order, and not {lines:?}"));
        }
    }
    Ok(())
}

/// All that is there. A view may be written anew with the same numbers: which count it has them from is
/// left out.
pub(super) fn table(world: &World) -> Vec<Value> {
    let image = world.watch.image();
    let told = |item: &Value| {
        let mut item = item.clone();
        if attribute::text(&item, "pk").is_some_and(|partition| partition.starts_with("V#")) {
            forget_versions(&mut item);
        }
        item
    };
    image.items("shop").map(told).collect()
}

fn forget_versions(item: &mut Value) {
    if let Some(attributes) = item.as_object_mut() {
        attributes.remove("v");
    }
    let counts = item.pointer_mut("/counts/L").and_then(Value::as_array_mut);
    for count in counts.into_iter().flatten() {
        if let Some(attributes) = count.pointer_mut("/M").and_then(Value::as_object_mut) {
            attributes.remove("v");
        }
    }
}

/// # Errors
/// The first item that is not as it was.
pub(super) fn nothing_has_changed(world: &World, known: &[Value]) -> Result<(), String> {
    let now = table(world);
    match known.iter().zip(&now).find(|(before, after)| before != after) {
        Some((before, after)) => Err(format!("old messages changed {before} to {after}")),
        None if known.len() != now.len() => Err("old messages made or removed items".into()),
        None => Ok(()),
    }
}
