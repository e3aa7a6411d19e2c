//! What must hold when all is over: the books balance.

use std::collections::BTreeMap;

use marquee_kernel::time::Clock;
use serde_json::Value;
use uuid::Uuid;

use super::{
    Fact, Told,
    oracle::{Cell, State, cells, reservations},
};
use crate::{
    mix::Fault,
    watch::{Image, attribute},
    world::World,
};

pub(crate) async fn check(world: &World, told: &[Told]) -> Result<(), String> {
    let image = world.watch.image();
    let statuses = statuses(&image);
    for Told { user, reservation, fact } in told {
        let id: Uuid = reservation.parse().map_err(|_| format!("{reservation:?} is no id"))?;
        let status = statuses.get(&id).map(String::as_str);
        let right = match fact {
            Fact::Held => status.is_some(),
            Fact::Confirmed => status == Some("confirmed"),
            Fact::Cancelled => status == Some("cancelled"),
        };
        if !right {
            return Err(format!("user {user} was told {fact:?}; {reservation} is {status:?}"));
        }
    }
    if let Some((id, status)) = statuses.iter().find(|(_, status)| *status == "active") {
        return Err(format!("reservation {id} is still {status}, long after its hold"));
    }
    seats(&image, &statuses, world.clock.now().millis())?;
    money(world, &image, &statuses)
}

/// The reservations' statuses in small letters.
fn statuses(image: &Image) -> BTreeMap<Uuid, String> {
    let status = |item: &Value| {
        let status = attribute::text(item, "status")?.to_lowercase();
        Some((attribute::uuid(item, "id")?, status))
    };
    reservations(image).filter_map(status).collect()
}

/// Each seat that is sold is in one confirmed reservation, and each seat of one is sold.
pub(crate) fn seats(
    image: &Image,
    statuses: &BTreeMap<Uuid, String>,
    now: i64,
) -> Result<(), String> {
    let mut sold: BTreeMap<Uuid, usize> = BTreeMap::new();
    let blocks = image
        .items("booking")
        .filter(|item| attribute::text(item, "sk").is_some_and(|sort| sort.starts_with("B#")));
    for block in blocks {
        for (seat, Cell { state, until, owner }) in cells(block) {
            let status = statuses.get(&owner).map(String::as_str);
            match (state, status) {
                (State::Sold, Some("confirmed")) => *sold.entry(owner).or_default() += 1,
                (State::Held, status) if status != Some("confirmed") && until < now => {
                    return Err(format!("seat {seat} is still held by {owner}, {status:?}"));
                }
                _ => return Err(format!("seat {seat} is {state:?} by {owner}, {status:?}")),
            }
        }
    }
    for item in reservations(image) {
        let Some(id) = attribute::uuid(item, "id") else { continue };
        let seats = item["seats"]["L"].as_array().map_or(0, Vec::len);
        let owned = sold.get(&id).copied().unwrap_or_default();
        if statuses.get(&id).map(String::as_str) == Some("confirmed") && owned != seats {
            return Err(format!("reservation {id} is confirmed: {seats} seats, {owned} sold"));
        }
    }
    Ok(())
}

/// What the provider has taken is what confirmed reservations cost, of each one.
fn money(world: &World, image: &Image, statuses: &BTreeMap<Uuid, String>) -> Result<(), String> {
    let mut kept: BTreeMap<Uuid, u64> = BTreeMap::new();
    for (payment, entry) in world.provider.entries() {
        // Nobody looks for an event that no seat waits for (docs/contexts/booking.md).
        let unheard = world.setting.mix.has(Fault::RecordLost)
            && matches!(
                statuses.get(&entry.thing).map(String::as_str),
                Some("cancelled" | "expired")
            );
        if entry.is_held() && !unheard {
            return Err(format!(
                "payment {payment} for {} is neither taken nor let go",
                entry.thing
            ));
        }
        *kept.entry(entry.thing).or_default() += entry.captured - entry.refunded;
    }
    for item in reservations(image) {
        let Some(id) = attribute::uuid(item, "id") else { continue };
        let seats = item["seats"]["L"].as_array().map_or(0, Vec::len) as u64;
        let confirmed = statuses.get(&id).map(String::as_str) == Some("confirmed");
        let due = if confirmed { seats * 1_025 } else { 0 };
        let taken = kept.remove(&id).unwrap_or_default();
        if taken != due {
            let status = &statuses[&id];
            return Err(format!("reservation {id} is {status}: {due} cents due, {taken} taken"));
        }
    }
    match kept.into_iter().find(|(_, cents)| *cents > 0) {
        Some((thing, cents)) => Err(format!("{cents} cents were taken for {thing}, unknown")),
        None => Ok(()),
    }
}
