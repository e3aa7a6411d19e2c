//! Batches of visitors who are let in, and of those whose place is over.
//!
//! A batch is begun by one write of the tally, which counts all whom it may let in as inside, and names
//! them. Then each entry is changed. Then one write counts what came of it: whoever was not let in does not
//! count any more, nor whoever is out. Only one batch of a room is done at a time, by anybody who finds
//! it; so there are never more inside than the tally says.

use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_dynamo::{error::StoreError, table::Change};
use marquee_waiting_room_domain::{lot::Lot, tally::Tally};

use super::{
    WaitingRoomStore,
    batch::{BATCH, Batch, is},
    keys,
    op::{Effect, Stamp},
    rooms::{OpenRoom, changed},
};

/// Changes under way at a time.
const CHANGES_AT_ONCE: usize = 25;

impl WaitingRoomStore {
    /// Begins a batch, if nobody else has changed the room's tally since: a write unit for each KB, of
    /// which there is one for some 50 visitors. The room as it is then.
    pub(super) async fn begin(
        &self,
        room: OpenRoom,
        batch: Batch,
    ) -> Result<Option<OpenRoom>, StoreError> {
        let mut tally = room.tally.admit(batch.admits(), &room.room, batch.at);
        tally.serving += batch.who.len() as u64;
        let change = changed(&room, &tally).set(BATCH, batch.write()).only_if(BATCH, None);
        let session = room.room.session;
        match self.table.update(change.of(keys::tally(session))).await? {
            Ok(()) => {}
            // The answer of the write itself was lost.
            Err(found) if is(&found, batch.id) => {}
            Err(_) => return Ok(None),
        }
        let version = room.version + 1;
        Ok(Some(OpenRoom { room: room.room, tally, version, batch: Some(batch) }))
    }

    /// Does a room's batch, or what is left of it: two write units for each visitor who is let in, and as
    /// many for one who is out; and counts it. Anybody may have done it meanwhile, or do it at the same
    /// time.
    pub(super) async fn finish(
        &self,
        room: &OpenRoom,
        batch: &Batch,
        lot: &Lot,
    ) -> Result<Effect, StoreError> {
        let session = room.room.session;
        let Batch { id, at, until, over, .. } = *batch;
        let stamp = Stamp { batch: id, session, at, until, over };
        let admits = (batch.first..).zip(batch.who.clone());
        let admits = admits.map(|(number, entry)| self.admit(entry, lot.slot_of(number), stamp));
        let admits = stream::iter(admits).buffer_unordered(CHANGES_AT_ONCE);
        let add = async |sum: Effect, one: Effect| Ok(sum + one);
        let effect = admits.try_fold(Effect::default(), add).await?;
        let ops = stream::iter(batch.ops.clone().into_iter().map(|op| self.apply(op, stamp)));
        let effect = ops.buffer_unordered(CHANGES_AT_ONCE).try_fold(effect, add).await?;
        let refused = batch.admits().saturating_sub(effect.admitted);
        let tally = room.tally.give_back(refused, &room.room);
        let tally = Tally {
            inside: tally.inside.saturating_sub(effect.freed),
            sold: tally.sold + effect.sold,
            ..tally
        };
        let change: Change = changed(room, &tally).remove(BATCH);
        // Somebody else may have counted the same.
        let _ = self.table.update(change.of(keys::tally(session))).await?;
        Ok(effect)
    }
}
