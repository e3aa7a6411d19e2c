//! Entries: what may become of a visitor, and by whom.

use uuid::Uuid;

use super::{
    super::items::{Batch, Entry, Op, Slot, Status},
    lines::Lines,
};

/// How long a place that is over still counts.
const GRACE_MILLIS: i64 = 10_000;

/// The room around an entry that changes.
pub(super) struct Around<'a> {
    pub(super) lines: &'a Lines,
    pub(super) batch: Option<&'a Batch>,
    /// All up to this number have had their turn, but for those in the batch.
    pub(super) serving: u64,
    /// The number of a slot, if it is known.
    pub(super) number_of: &'a dyn Fn(&Slot) -> Option<u64>,
    /// Now, if the machines' clocks are right.
    pub(super) now: Option<i64>,
}

impl Around<'_> {
    pub(super) fn check(&self, id: Uuid, old: &Entry, new: &Entry) -> Result<(), String> {
        match (&old.standing, &new.standing) {
            (None, None) => {}
            (Some(_), None) => return Err("it has lost its slot".into()),
            (None, Some((slot, Status::Waiting))) => self.joins(id, slot)?,
            (Some((before, status)), Some((slot, Status::Waiting))) if before != slot => {
                self.joins(id, slot)?;
                if status.is_live() || old.inside {
                    return Err(format!("{status} in {before}, it comes to wait in {slot}"));
                }
                if old.ended >= new.joined {
                    return Err("who joined before the end of the entry is back".into());
                }
            }
            (Some((before, from)), Some((slot, to))) => {
                if before != slot || !may_become(*from, *to) {
                    return Err(format!("{from} in {before} becomes {to} in {slot}"));
                }
            }
            (None, Some((slot, status))) => return Err(format!("new, and {status} in {slot}")),
        }
        self.place(id, old, new)?;
        if old.inside && !new.inside {
            self.goes_out(id, old, new)?;
        }
        for (reservation, by) in &new.sold {
            if !old.sold.contains_key(reservation) {
                let sold = |op: &Op| op.kind == "s" && op.reservation == Some(*reservation);
                self.by_batch(id, *by, sold)?;
            }
        }
        Ok(())
    }

    /// Whoever comes to stand in a slot is named there, and has not missed the turn.
    fn joins(&self, id: Uuid, slot: &Slot) -> Result<(), String> {
        let who = self.lines.who(slot);
        if who != Some(id) {
            return Err(format!("it gets slot {slot}, in which stands {who:?}"));
        }
        let Some(number) = (self.number_of)(slot) else { return Ok(()) };
        let comes = self.batch.is_some_and(|batch| number >= batch.first);
        match number > self.serving || comes {
            true => Ok(()),
            false => Err(format!(
                "it gets slot {slot}, number {number}, and the line is at {}",
                self.serving
            )),
        }
    }

    fn place(&self, id: Uuid, old: &Entry, new: &Entry) -> Result<(), String> {
        let (before, after) = (old.status(), new.status());
        if after == Some(Status::Admitted) && before != after {
            let batch = self.batch.filter(|batch| Some(batch.id) == new.in_by);
            let Some(batch) = batch else {
                return Err(format!("{:?} lets it in, which is not the batch", new.in_by));
            };
            if batch.number_of(id).is_none() {
                return Err(format!("batch {} lets it in, and does not name it", batch.id));
            }
            if !new.inside || new.place.is_none() || new.until != Some(batch.until) {
                return Err(format!("it is let in without a place: {new:?}"));
            }
            return Ok(());
        }
        if !old.inside && new.inside {
            return Err(format!("it comes to be inside as {after:?}"));
        }
        let same = old.place == new.place || after == Some(Status::Waiting);
        let shorter = after == Some(Status::Admitted) && new.until < old.until;
        match same && !shorter {
            true => Ok(()),
            false => Err(format!("its place changes: {old:?} -> {new:?}")),
        }
    }

    fn goes_out(&self, id: Uuid, old: &Entry, new: &Entry) -> Result<(), String> {
        let ends = |op: &Op| op.kind == "t" || op.place == old.place;
        let op = self.by_batch(id, new.out_by, ends)?;
        let over = self.batch.map(|batch| batch.over);
        if op.kind == "t" {
            if old.until > over {
                return Err(format!("its place is over at {:?}, not by {over:?}", old.until));
            }
            let early = self.now.zip(old.until).filter(|(now, until)| *now < until + GRACE_MILLIS);
            if let Some((now, until)) = early {
                return Err(format!("at {now} its place is over, that is until {until}"));
            }
        }
        Ok(())
    }

    /// The change of the batch that is being done.
    fn by_batch(
        &self,
        entry: Uuid,
        by: Option<Uuid>,
        fits: impl Fn(&Op) -> bool,
    ) -> Result<&Op, String> {
        let batch = self.batch.filter(|batch| Some(batch.id) == by);
        let mut ops = batch.into_iter().flat_map(|batch| &batch.ops);
        ops.find(|op| op.entry == Some(entry) && fits(op))
            .ok_or_else(|| format!("{by:?} changes it, and the batch is {:?}", self.batch))
    }
}

fn may_become(from: Status, to: Status) -> bool {
    from == to
        || match from {
            Status::Waiting => matches!(to, Status::Admitted | Status::Left),
            Status::Admitted => !to.is_live(),
            Status::Expired | Status::Left => to == Status::Served,
            Status::Served => false,
        }
}
