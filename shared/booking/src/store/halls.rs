//! Seating plans of halls.

use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use futures_util::{StreamExt, TryStreamExt, stream};
use marquee_booking_domain::{
    ids::HallId,
    seating::{HallRow, HallSeat, SEATS_PER_ROW_MAX},
};
use marquee_dynamo::{
    error::StoreError,
    idempotency::{IdempotencyHash, Match},
    item::{Item, ReadItem},
};

use super::{BookingStore, block_item, keys};

/// Rows written at once; a table takes more, a function's connection gains nothing by it.
pub(super) const WRITES_AT_ONCE: usize = 16;
/// Tries at adding a seat to a row that others add to.
const TRIES_MAX: u32 = 30;
/// Before each try, and so much more before each further one.
const TRY_PAUSE: Duration = Duration::from_millis(5);
const REQUESTS: &str = "seat-requests";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsOutcome {
    Added,
    /// These rows are there already.
    RowsExist(Vec<String>),
    KeyReused,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatOutcome {
    /// The seat now stands so many places into its row.
    Added {
        offset: usize,
    },
    /// It stands there already.
    Exists,
    RowFull,
    KeyReused,
}

impl BookingStore {
    /// The hall's rows as people count them: 2 before 10, then by letter.
    pub async fn hall_rows(&self, hall: HallId) -> Result<Vec<HallRow>, StoreError> {
        let items = self.table.query_all(&keys::hall_partition(hall), "R#").await?;
        let mut rows = items.iter().map(read_row).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_cached_key(|row| natural_order(&row.row_number));
        Ok(rows)
    }

    /// Lays out rows, each by one write. Interrupted, the same request goes on where it stopped.
    pub async fn add_rows(
        &self,
        hall: HallId,
        rows: &[HallRow],
        idempotency: Option<IdempotencyHash>,
    ) -> Result<RowsOutcome, StoreError> {
        let again = match self.claim_request(idempotency).await? {
            Claimed::KeyReused => return Ok(RowsOutcome::KeyReused),
            Claimed::First => false,
            Claimed::Again => true,
        };
        let there = self.hall_rows(hall).await?;
        let there: HashMap<_, _> = there.iter().map(|row| (&row.row_number, row)).collect();
        let mut missing = Vec::new();
        let mut in_the_way = Vec::new();
        for row in rows {
            match there.get(&row.row_number) {
                None => missing.push((row.clone(), write_row(hall, row))),
                // Seats may have been added to it since.
                Some(there) if again && there.seats.starts_with(&row.seats) => {}
                Some(_) => in_the_way.push(row.row_number.clone()),
            }
        }
        if !in_the_way.is_empty() {
            return Ok(RowsOutcome::RowsExist(in_the_way));
        }
        let existing: Vec<_> = stream::iter(missing)
            .map(|(row, item)| async move {
                // The very same row is this request's own, an answer having been lost.
                let earlier = self.table.put_new(item).await?.as_ref().map(read_row).transpose()?;
                let other = earlier.filter(|earlier| *earlier != row);
                Ok::<_, StoreError>(other.map(|other| other.row_number))
            })
            .buffer_unordered(WRITES_AT_ONCE)
            .try_filter_map(|existing| async move { Ok(existing) })
            .try_collect()
            .await?;
        Ok(match existing.is_empty() {
            true => RowsOutcome::Added,
            false => RowsOutcome::RowsExist(existing),
        })
    }

    /// Adds one seat at the end of its row.
    pub async fn add_seat(
        &self,
        hall: HallId,
        row_number: &str,
        seat: &HallSeat,
        idempotency: Option<IdempotencyHash>,
    ) -> Result<SeatOutcome, StoreError> {
        let same = |there: &HallSeat| there.seat_number == seat.seat_number;
        let before = match idempotency {
            Some(_) => self.table.get(keys::hall_row(hall, row_number), true).await?,
            None => None,
        };
        let before = before.as_ref().map(read_row).transpose()?;
        let was_there = before.is_some_and(|row| row.seats.iter().any(same));
        // From here on, whoever adds the seat under this key is this request or its twin.
        let own = match self.claim_request(idempotency).await? {
            Claimed::KeyReused => return Ok(SeatOutcome::KeyReused),
            Claimed::First => idempotency.is_some() && !was_there,
            Claimed::Again => true,
        };
        let mut row = HallRow { row_number: row_number.to_owned(), seats: vec![seat.clone()] };
        for attempt in 0..TRIES_MAX {
            tokio::time::sleep(TRY_PAUSE * attempt).await;
            let Some(before) = self.table.put_new(write_row(hall, &row)).await? else {
                return Ok(SeatOutcome::Added { offset: 0 });
            };
            row = read_row(&before)?;
            match row.seats.iter().position(same) {
                Some(offset) if own => return Ok(SeatOutcome::Added { offset }),
                Some(_) => return Ok(SeatOutcome::Exists),
                None => {}
            }
            if row.seats.len() == SEATS_PER_ROW_MAX {
                return Ok(SeatOutcome::RowFull);
            }
            let offset = row.seats.len();
            row.seats.push(seat.clone());
            if self.replace_row(hall, &before, &row).await? {
                return Ok(SeatOutcome::Added { offset });
            }
            row.seats = vec![seat.clone()];
        }
        Err(StoreError::transient("too many seats are added to one row at once"))
    }

    /// Writes `row` if the row is still as it was `before`.
    async fn replace_row(
        &self,
        hall: HallId,
        before: &Item,
        row: &HallRow,
    ) -> Result<bool, StoreError> {
        let after = write_row(hall, row);
        let numbers = before.get("n").ok_or_else(|| StoreError::unreadable("a row"))?;
        let sent = self
            .table
            .client
            .put_item()
            .table_name(&self.table.name)
            .set_item(Some(after))
            .condition_expression("n = :before")
            .expression_attribute_values(":before", numbers.clone())
            .send()
            .await;
        let refused = PutItemError::is_conditional_check_failed_exception;
        match sent {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(refused) => Ok(false),
            Err(error) => Err(StoreError::from_sdk(error)),
        }
    }

    /// Takes note of a request whose effect is spread over several items, before the first.
    async fn claim_request(&self, hash: Option<IdempotencyHash>) -> Result<Claimed, StoreError> {
        let Some(hash) = hash else { return Ok(Claimed::First) };
        let mut item = keys::entity(REQUESTS, &hash.key.to_string());
        hash.write(&mut item);
        Ok(match self.table.put_new(item).await? {
            None => Claimed::First,
            Some(earlier) if hash.compare(&earlier) == Match::SameRequest => Claimed::Again,
            Some(_) => Claimed::KeyReused,
        })
    }
}

enum Claimed {
    First,
    Again,
    KeyReused,
}

fn write_row(hall: HallId, row: &HallRow) -> Item {
    let mut item = keys::hall_row(hall, &row.row_number);
    block_item::write_seats(&mut item, &row.seats);
    item
}

fn read_row(item: &Item) -> Result<HallRow, StoreError> {
    let label = item.text(keys::SORT)?.strip_prefix("R#");
    Ok(HallRow {
        row_number: label.ok_or_else(|| StoreError::unreadable("a row's key"))?.to_owned(),
        seats: block_item::read_seats(item)?,
    })
}

/// Numbers by value, before labels by letter.
fn natural_order(label: &str) -> (u64, String) {
    (label.parse().unwrap_or(u64::MAX), label.to_owned())
}
