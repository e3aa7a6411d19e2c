//! What must hold when all is over: nobody is lost, the line has moved on, and the books balance.

use std::{collections::BTreeMap, time::Duration};

use marquee_kernel::time::Clock;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    items::{Entry, Room, Status, Tally},
    known::Known,
    record::Record,
};
use crate::{
    mix::Fault,
    scenes::booking::{
        oracle::{reservations, status_of},
        rest,
    },
    watch::{Image, attribute},
    world::World,
};

/// How far clocks are off at most.
const OFF_MILLIS: i64 = 300_000;
/// Lost events are found again, held seats are free, and clocks agree: all within this time.
const SETTLED_WITHIN: Duration = Duration::from_secs(20 * 60);
/// Besides the place or the hold itself.
const TURN_MAX: Duration = Duration::from_secs(3 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// What there is of the room.
#[derive(Debug)]
pub(super) struct AsItIs {
    image: Image,
    room: Room,
    tally: Tally,
    entries: BTreeMap<Uuid, Entry>,
    is_over: bool,
}

impl AsItIs {
    pub(super) fn see(world: &World, session: &str) -> Result<Self, String> {
        let image = world.watch.image();
        let partition = format!("R#{session}");
        let room = image.item("waiting-room", &partition, "ROOM").and_then(Room::read);
        let room = room.ok_or("there is no room")?;
        let tally = image.item("waiting-room", &partition, "TALLY").map(Tally::read);
        let tally = tally.unwrap_or_default();
        let entries = image.items("waiting-room").filter_map(|item| {
            let id = attribute::text(item, "pk")?.strip_prefix("E#")?.parse().ok()?;
            Some((id, Entry::read(item)))
        });
        let entries = entries.collect();
        // Of a machine whose clock is behind, they are over later.
        let is_over = room.sales_end <= world.clock.now().millis() + OFF_MILLIS;
        Ok(Self { image, room, tally, entries, is_over })
    }

    /// How long it depends on whose clock is asked whether sales are over.
    fn is_unclear_for(&self, world: &World) -> Duration {
        let clear_at = self.room.sales_end + OFF_MILLIS + 1;
        let left = if self.is_over { clear_at - world.clock.now().millis() } else { 0 };
        Duration::from_millis(u64::try_from(left).unwrap_or_default())
    }

    /// Who is where, to be compared.
    pub(super) fn standings(&self) -> BTreeMap<Uuid, Option<(String, Status)>> {
        let standing = |entry: &Entry| {
            entry.standing.as_ref().map(|(slot, status)| (slot.to_string(), *status))
        };
        self.entries.iter().map(|(id, entry)| (*id, standing(entry))).collect()
    }

    /// Seats of confirmed reservations.
    fn sold(&self) -> u64 {
        let confirmed = reservations(&self.image).filter(|item| {
            attribute::text(item, "status")
                .is_some_and(|status| status.eq_ignore_ascii_case("confirmed"))
        });
        let seats = |item: &Value| item["seats"]["L"].as_array().map_or(0, Vec::len);
        confirmed.map(seats).sum::<usize>() as u64
    }

    /// Everybody in line may have to be let in, one after the other.
    fn settles_within(&self, world: &World) -> Duration {
        let live = |entry: &&Entry| entry.inside || entry.status().is_some_and(Status::is_live);
        let turns = u32::try_from(self.entries.values().filter(live).count()).unwrap_or(u32::MAX);
        SETTLED_WITHIN + (world.hold_for + TURN_MAX) * turns
    }

    /// Nobody waits in an open room with seats left, and nobody stays inside.
    fn has_moved_on(&self) -> Result<(), String> {
        if self.is_over {
            return Ok(());
        }
        if let Some(batch) = &self.tally.batch {
            return Err(format!("batch {} is still open", batch.id));
        }
        if let Some((id, _)) = self.entries.iter().find(|(_, entry)| entry.inside) {
            return Err(format!("entry {id} is still inside"));
        }
        if self.tally.inside > 0 {
            return Err(format!("{} are inside, and nobody is", self.tally.inside));
        }
        let goes_on = self.room.lets_in() && self.tally.sold < self.room.seats;
        let waits = |(_, entry): &(&Uuid, &Entry)| entry.status() == Some(Status::Waiting);
        match self.entries.iter().find(waits).filter(|_| goes_on) {
            None => Ok(()),
            Some((id, entry)) => Err(format!(
                "entry {id} still waits in {:?}, and the line is at {}",
                entry.standing, self.tally.serving
            )),
        }
    }

    /// Whoever was told to wait was in line after that, and whoever left stays away.
    fn loses_nobody(&self, known: &Known, record: &Record, skewed: bool) -> Result<(), String> {
        for (user, visits) in record.visitors() {
            let Some(id) = visits.entry else { continue };
            let entry = self.entries.get(&id);
            let status = entry.and_then(Entry::status);
            if !visits.taken.is_empty() && status.is_none() {
                return Err(format!("user {user} was told to wait, and has no entry {id}"));
            }
            if entry.and_then(|entry| entry.user).is_some_and(|of| of != user) {
                return Err(format!("entry {id} of user {user} is {entry:?}"));
            }
            // By clocks that are off, joining may be older than the end of the visit before.
            let lost = visits.taken.iter().find(|at| !known.lived_at_or_after(id, **at));
            if let Some(at) = lost.filter(|_| !skewed && !visits.may_leave) {
                return Err(format!("user {user} was told to wait at {at}; entry {id}: {entry:?}"));
            }
            let back = visits.left_at.filter(|left| known.came_after(id, *left));
            if let Some(left) = back.filter(|_| !skewed) {
                return Err(format!("user {user} had left at {left}; entry {id}: {entry:?}"));
            }
        }
        Ok(())
    }

    /// Whoever was let in and had asked for seats is booked, or told why not.
    fn answers_wishes(&self, world: &World, known: &Known) -> Result<(), String> {
        let published = world.broker.delivered();
        let was_told = |key: &str, place: Uuid| {
            let place = place.to_string();
            let mut of_key = published.iter().filter(|outgoing| outgoing.routing_key == key);
            of_key.any(|outgoing| outgoing.message.text().contains(&place))
        };
        for (place, given) in known.wanted() {
            let made =
                reservations(&self.image).any(|item| attribute::uuid(item, "place") == Some(place));
            if !was_told("booking.requested", place) {
                return Err(format!("nobody asked for the seats of place {place}, {given:?}"));
            }
            if !made && !was_told("reservation.refused", place) {
                return Err(format!("place {place} was neither booked nor refused, {given:?}"));
            }
        }
        Ok(())
    }

    /// Served is who has bought, from the place that the entry names.
    fn serves_who_bought(&self) -> Result<(), String> {
        for (id, entry) in &self.entries {
            if entry.status() != Some(Status::Served) {
                continue;
            }
            let bought = |item: &Value| {
                attribute::uuid(item, "place") == entry.place
                    && attribute::uuid(item, "id").is_some_and(|reservation| {
                        let status = status_of(&self.image, reservation);
                        status.is_some_and(|status| status.eq_ignore_ascii_case("confirmed"))
                    })
            };
            if !reservations(&self.image).any(bought) {
                return Err(format!("entry {id} is served, and has bought nothing: {entry:?}"));
            }
        }
        Ok(())
    }

    /// Everybody is told what there is.
    async fn is_told(&self, world: &World, record: &Record) -> Result<(), String> {
        let queue = format!("/api/v1/queue/{}", self.room.session);
        let told = world.must("GET", &format!("{queue}/status"), Value::Null).await?;
        let left = self.room.seats.saturating_sub(self.tally.sold);
        let is = [self.tally.serving, self.tally.inside, left];
        let says = ["serving", "inside", "seats_left"].map(|name| told[name].as_u64());
        if says != is.map(Some) {
            return Err(format!("serving, inside and seats left are {is:?}; the status is {told}"));
        }
        for (user, visits) in record.visitors() {
            let Some((id, entry)) = visits.entry.and_then(|id| self.entries.get_key_value(&id))
            else {
                continue;
            };
            let Some((slot, status)) = &entry.standing else { continue };
            let path = format!("{queue}/entries/{id}");
            let reply = world.ask("GET", &path, user, Value::Null).await;
            let reply = reply.ok_or_else(|| format!("{path} is not answered"))?;
            let says = reply.text("status");
            let lets_through = reply.text("slot").is_empty() && says == "admitted";
            let over = self.is_over || left == 0;
            let right = reply.text("slot") == slot.to_string()
                && (says == status.to_string() || over && says == "expired");
            if !(right || lets_through) {
                return Err(format!("user {user}: {:?}, and is told {}", entry, reply.body));
            }
        }
        Ok(())
    }
}

/// Waits until everything is as it must be; what is wrong, if it does not come to that.
pub(super) async fn settle(
    world: &World,
    session: &str,
    known: &Known,
    record: &Record,
) -> Result<AsItIs, String> {
    world.pass(AsItIs::see(world, session)?.is_unclear_for(world)).await;
    let until = Instant::now() + AsItIs::see(world, session)?.settles_within(world);
    loop {
        let is = AsItIs::see(world, session)?;
        match check(world, &is, known, record).await {
            Ok(()) => return Ok(is),
            Err(error) if until < Instant::now() => return Err(error),
            Err(_) => world.pass(LOOK_EVERY).await,
        }
    }
}

async fn check(world: &World, is: &AsItIs, known: &Known, record: &Record) -> Result<(), String> {
    is.has_moved_on()?;
    let sold = is.sold();
    // Once sales are over, nobody finishes a batch that was left open.
    if is.tally.sold != sold && !(is.is_over && is.tally.batch.is_some()) {
        return Err(format!("{sold} seats are sold, and the tally says {}", is.tally.sold));
    }
    is.loses_nobody(known, record, world.setting.mix.has(Fault::Skew))?;
    is.answers_wishes(world, known)?;
    is.serves_who_bought()?;
    rest::check(world, &record.told()).await?;
    is.is_told(world, record).await
}
