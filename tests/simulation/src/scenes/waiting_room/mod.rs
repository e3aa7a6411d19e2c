//! Waiting room: visitors who join, look, reserve with passes or ask for seats, and lose patience, in
//! front of a session with few seats.

mod items;
mod known;
mod misuse;
mod oracle;
mod purchase;
mod record;
mod rest;
mod seller;
mod visitor;

use std::{
    cell::{OnceCell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    MINUTE, Scene,
    booking::{self, Hall},
};
use crate::{mix::Fault, world::World};

/// On AWS a run of `admit-visitors` looks each second; it is enough that somebody does now and then.
pub(super) const SCHEDULES: &[(&str, Duration)] = &[
    ("admit-visitors", Duration::from_secs(30)),
    ("push-positions", Duration::from_secs(4 * 60)),
    ("expire-reservations", Duration::from_secs(2 * 60)),
    ("settle-payments", Duration::from_secs(3 * 60)),
    ("reconcile-outbox", Duration::from_secs(3 * 60)),
];

/// What is done in worlds like these, as the journal counts it.
pub(super) const WORK: &[&str] = &[
    "joined",
    "let in",
    "reserved",
    "booked on request",
    "bought",
    "cancelled",
    "left",
    "rooms set up",
];

/// Whether the context promises to get over such a fault. A lost `session.created` is not published again,
/// so the room is there before anything goes wrong.
pub(super) fn survives(_: Fault) -> bool {
    true
}

/// Whether a dead letter is one that had to be.
pub(super) fn explains(_: &str, _: &str) -> bool {
    false
}

type Standings = BTreeMap<Uuid, Option<(String, items::Status)>>;

/// A session behind a room, and what its visitors were told.
#[derive(Debug, Default)]
pub struct WaitingRoom {
    set_up: OnceCell<SetUp>,
    known: known::Known,
    record: record::Record,
    /// Who was where when all was over for the first time.
    at_first: RefCell<Option<Standings>>,
}

#[derive(Debug)]
struct SetUp {
    hall: Hall,
    seller: seller::Seller,
    visitors: Vec<Uuid>,
    /// How long it takes until the first visits of all have begun.
    rush: Duration,
}

#[async_trait(?Send)]
impl Scene for WaitingRoom {
    async fn open(&self, world: &Rc<World>) -> Result<(), String> {
        world.watch.add(booking::oracle::Seats::new(&world.setting.mix));
        world.watch.add(oracle::OneRoom::new(self.known.clone(), &world.setting.mix));
        let (rows, seats) = (1 + world.chance.below(2), 4 + world.chance.below(3));
        let hall = booking::put_on_sale(world, rows, seats, seller::session(world)).await?;
        let visitors: Vec<_> = (0..world.setting.clients).map(|_| world.chance.uuid()).collect();
        let seller = seller::Seller::open(world, &hall.session, &self.known, &visitors).await?;
        let rush = Duration::from_secs(*world.chance.one_of(&[1, 5, 60]));
        drop(self.set_up.set(SetUp { hall, seller, visitors, rush }));
        Ok(())
    }

    async fn client(&self, world: &Rc<World>, number: usize) {
        let Some(SetUp { hall, seller, visitors, rush }) = self.set_up.get() else { return };
        let visitor = visitor::Visitor {
            world,
            known: &self.known,
            record: &self.record,
            hall,
            user: visitors[number],
        };
        match number {
            0 => drop(futures_util::join!(visitor.come(*rush), seller.sell(world))),
            _ => visitor.come(*rush).await,
        }
    }

    async fn at_rest(&self, world: &Rc<World>) -> Result<(), String> {
        let Some(SetUp { hall, seller, .. }) = self.set_up.get() else { return Ok(()) };
        if self.at_first.borrow().is_none() {
            seller.open_again(world).await?;
        }
        let is = rest::settle(world, &hall.session, &self.known, &self.record).await?;
        let standings = is.standings();
        let Some(before) = self.at_first.replace(Some(standings.clone())) else { return Ok(()) };
        // By clocks that are off, an old message may be younger than the end of a visit.
        match before == standings || world.setting.mix.has(Fault::Skew) {
            true => Ok(()),
            false => Err(format!("old messages change who is where: {before:?} -> {standings:?}")),
        }
    }

    fn settles_within(&self) -> Duration {
        MINUTE
    }
}
