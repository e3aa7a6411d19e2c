//! The tally: it begins a batch, and closes it.

use super::super::items::{Batch, Room, Tally};

/// A room that was not looked at makes up for this much of its rate.
const CATCH_UP_MILLIS: i64 = 15_000;
/// What rounding may come to.
const ROUNDED_MILLIS: i64 = 50;

/// A batch begins: all whom it lets in count as inside, and the line moves on by as many. `settings` are
/// those since the tally changed last: whoever composed the batch has read one of them.
pub(super) fn begins(
    old: &Tally,
    new: &Tally,
    batch: &Batch,
    settings: &[Room],
) -> Result<(), String> {
    let count = batch.who.len() as u64;
    let right = batch.first == old.serving + 1
        && (new.serving, new.inside) == (old.serving + count, old.inside + count)
        && (new.sold, new.admitted) == (old.sold, old.admitted + count);
    if !right {
        return Err(format!("a batch begins wrongly: {old:?} -> {new:?}"));
    }
    if count == 0 {
        return Ok(());
    }
    let lets_in = settings.iter().filter(|room| room.lets_in());
    let most = lets_in.map(|room| room.inside_max(old.sold)).max();
    match most {
        None => Err(format!("a batch lets in {count}, and the room lets in nobody")),
        Some(most) if new.inside > most => {
            Err(format!("{} are inside, at most {most} may be", new.inside))
        }
        Some(_) => Ok(()),
    }
}

/// A batch is closed: the tally is what there is.
pub(super) fn closes(old: &Tally, new: &Tally, is: &Tally) -> Result<(), String> {
    let told = (new.serving, new.inside, new.sold, new.admitted);
    let counted = (old.serving, is.inside, is.sold, is.admitted);
    match told == counted {
        true => Ok(()),
        false => Err(format!(
            "serving, inside, sold and let in are {counted:?}, and the tally says {told:?}"
        )),
    }
}

/// In no time have more been let in than the rate gives.
pub(super) fn keeps_rate(admitted: &[i64], rate: u64) -> Result<(), String> {
    let Some(last) = admitted.last() else { return Ok(()) };
    let interval = 60_000 / i64::try_from(rate.max(1)).unwrap_or(i64::MAX);
    for (count, first) in (1..).zip(admitted.iter().rev()) {
        let time = last - first;
        if count > (time + CATCH_UP_MILLIS.max(interval) + ROUNDED_MILLIS) / interval {
            return Err(format!("{count} are let in within {time} ms, at {rate} a minute"));
        }
    }
    Ok(())
}
