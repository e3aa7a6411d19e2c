//! Batches of visitors who are let in, and of those whose place is over.
//!
//! A batch is begun by one write of the tally, which counts all whom it may let in as inside, and names
//! them. Then each entry is changed. Then one write counts what came of it: whoever was not let in does not
//! count any more, nor whoever is out. Only one batch of a room is done at a time, by anybody who finds
//! it; so there are never more inside than the tally says.

use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_dynamo::{error::StoreError, table::Change};
use marquee_messaging::publisher::Publisher;
use marquee_passes::request::BookingRequest;
use marquee_waiting_room_domain::{
    ids::{EntryId, SessionId},
    lot::Lot,
    tally::Tally,
};

use super::{
    WaitingRoomStore,
    batch::{BATCH, Batch, is},
    keys,
    op::{Effect, Stamp, Wanting},
    rooms::{OpenRoom, changed},
};

/// Changes under way at a time.
const CHANGES_AT_ONCE: usize = 25;

fn request(session: SessionId, number: u64, wanting: Wanting) -> BookingRequest {
    let Wanting { user, place, until, wish } = wanting;
    BookingRequest::new(session.uuid(), user, (place, until), number, wish)
}

/// In the order of their numbers.
async fn publish_all(
    publisher: &dyn Publisher,
    requests: impl Iterator<Item = BookingRequest>,
) -> Result<(), StoreError> {
    let batch: Vec<_> = requests.map(|request| request.outgoing("admit-visitors")).collect();
    if batch.is_empty() {
        return Ok(());
    }
    let failed = publisher.publish(&batch).await.into_iter().find_map(Result::err);
    failed.map_or(Ok(()), |error| Err(StoreError::transient(error.to_string())))
}

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
        Ok(Some(OpenRoom { tally, version, batch: Some(batch), ..room }))
    }

    /// Does a room's batch, or what is left of it: two write units for each visitor who is let in, and as
    /// many for one who is out; asks booking for the seats that they want; and counts it. Anybody may have done it meanwhile, or do it at the same
    /// time. What it comes to, and who is let in.
    pub(super) async fn finish(
        &self,
        room: &OpenRoom,
        batch: &Batch,
        lot: &Lot,
        publisher: &dyn Publisher,
    ) -> Result<(Effect, Vec<EntryId>), StoreError> {
        let session = room.room.session;
        let Batch { id, at, until, over, .. } = *batch;
        let stamp = Stamp { batch: id, session, at, until, over };
        let admits = (batch.first..).zip(batch.who.clone());
        let admits = admits.map(|(number, entry)| async move {
            let (effect, wanting) = self.admit(entry, lot.slot_of(number), stamp).await?;
            let request = wanting.map(|wanting| request(session, number, wanting));
            Ok::<_, StoreError>((effect, request))
        });
        let admits = stream::iter(admits).buffered(CHANGES_AT_ONCE);
        let (effects, requests): (Vec<_>, Vec<_>) =
            admits.try_collect::<Vec<_>>().await?.into_iter().unzip();
        let let_in = batch.who.iter().zip(&effects).filter(|(_, effect)| effect.admitted > 0);
        let let_in = let_in.map(|(entry, _)| *entry).collect();
        let effect = effects.into_iter().fold(Effect::default(), std::ops::Add::add);
        // Before the batch is closed: whoever finds it open publishes them again.
        publish_all(publisher, requests.into_iter().flatten()).await?;
        let add = async |sum: Effect, one: Effect| Ok(sum + one);
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
        Ok((effect, let_in))
    }
}
