//! What a request needs to know before it can hold seats: the session, the fares, and where the
//! seats are. One request reads all of it that is not remembered; mostly that is nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use marquee_booking_domain::{
    ids::{PriceTierId, SessionId, SessionSeatId},
    seat_ref::SeatPlace,
    seating::SeatBlock,
    venue::{PriceTier, Session},
};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem},
};

use super::{
    BookingStore, block_item, cache::GivenIds, entity_items::Entity, keys, sessions::is_ready,
};

/// A seat of a session, with its labels.
#[derive(Clone, Debug)]
pub struct LocatedSeat {
    pub place: SeatPlace,
    pub block: Arc<SeatBlock>,
}

impl LocatedSeat {
    pub fn row_number(&self) -> &str {
        &self.block.row_number
    }

    pub fn seat_number(&self) -> &str {
        &self.block.seats[usize::from(self.place.position)].seat_number
    }
}

impl BookingStore {
    /// The session, once it is ready for sale.
    pub async fn session(&self, id: SessionId) -> Result<Option<Arc<Session>>, StoreError> {
        self.load(id, [], []).await?;
        Ok(self.cache.sessions.get(&id))
    }

    /// Reads into memory whatever of this is not there yet, in one request.
    pub async fn load(
        &self,
        session: SessionId,
        tiers: impl IntoIterator<Item = PriceTierId>,
        seats: impl IntoIterator<Item = SessionSeatId>,
    ) -> Result<(), StoreError> {
        let mut wanted = Vec::new();
        if self.cache.sessions.get(&session).is_none() {
            wanted.push(keys::entity(Session::KIND, &session.to_string()));
        }
        let tiers: HashSet<_> = tiers.into_iter().collect();
        for tier in tiers.into_iter().filter(|tier| self.cache.tiers.get(tier).is_none()) {
            wanted.push(keys::entity(PriceTier::KIND, &tier.to_string()));
        }
        let places = seats.into_iter().filter_map(|seat| SeatPlace::of(seat, session));
        let blocks: HashSet<_> = places.map(|place| place.block).collect();
        let unknown = |block: &u16| self.cache.blocks.get(&(session, *block)).is_none();
        wanted.extend(blocks.into_iter().filter(unknown).map(|block| keys::block(session, block)));
        for item in self.table.batch_get(wanted, true).await? {
            self.remember(session, &item)?;
        }
        Ok(())
    }

    /// The fare, once [`load`](Self::load)ed.
    pub fn price_tier(&self, id: PriceTierId) -> Option<Arc<PriceTier>> {
        self.cache.tiers.get(&id)
    }

    /// Where each seat is; `Err` names those that are not of this session.
    pub async fn locate(
        &self,
        session: SessionId,
        seats: &[SessionSeatId],
    ) -> Result<Result<Vec<LocatedSeat>, Vec<SessionSeatId>>, StoreError> {
        self.load(session, [], seats.iter().copied()).await?;
        let given = match seats.iter().all(|seat| SeatPlace::of(*seat, session).is_some()) {
            true => GivenIds::default(),
            false => self.given_ids(session).await?,
        };
        let (mut located, mut unknown) = (Vec::with_capacity(seats.len()), Vec::new());
        for &seat in seats {
            let place = SeatPlace::of(seat, session).or_else(|| given.get(&seat).copied());
            let found = place.and_then(|place| {
                let block = self.cache.blocks.get(&(session, place.block))?;
                let exists = usize::from(place.position) < block.seats.len();
                // A seat with an identifier of its own answers to no other.
                let own = block.session_seat_id(session, place.position) == seat;
                (exists && own).then_some(LocatedSeat { place, block })
            });
            match found {
                Some(found) => located.push(found),
                None => unknown.push(seat),
            }
        }
        Ok(if unknown.is_empty() { Ok(located) } else { Err(unknown) })
    }

    /// The seats of a session whose identifiers came from elsewhere. The one look-up that reads a
    /// whole hall: once, and only for such seats.
    async fn given_ids(&self, session: SessionId) -> Result<GivenIds, StoreError> {
        if let Some(known) = self.cache.given_ids.get(&session) {
            return Ok(known);
        }
        let mut given = HashMap::new();
        // Kept for good, so nothing that was just written may be missing.
        let items = self.table.query_all(&keys::session_partition(session), "").await?;
        let blocks = items.iter().map(block_item::read).collect::<Result<Vec<_>, _>>()?;
        for state in &blocks {
            for (&position, (id, _)) in &state.block.given_ids {
                given.insert(*id, SeatPlace { block: state.block.index, position });
            }
        }
        for state in blocks {
            let key = (session, state.block.index);
            self.cache.blocks.put(key, Arc::new(state.block));
        }
        let given = Arc::new(given);
        if self.cache.sessions.get(&session).is_some() {
            self.cache.given_ids.put(session, Arc::clone(&given));
        }
        Ok(given)
    }

    fn remember(&self, session: SessionId, item: &Item) -> Result<(), StoreError> {
        match item.text(keys::PARTITION)? {
            Session::KIND if is_ready(item) => {
                self.cache.sessions.put(session, Arc::new(Session::read(item)?));
            }
            Session::KIND => {}
            PriceTier::KIND => {
                let tier = PriceTier::read(item)?;
                self.cache.tiers.put(tier.id, Arc::new(tier));
            }
            _ => {
                let block = block_item::read(item)?.block;
                self.cache.blocks.put((session, block.index), Arc::new(block));
            }
        }
        Ok(())
    }
}
