//! A reservation as an item.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use marquee_booking_domain::{
    check_in::CheckIn,
    ids::{PriceTierId, ReservationId, SessionId, SessionSeatId},
    payment::Payment,
    reservation::{Reservation, ReservedSeat},
    reservation_ref::ReservationRef,
    seat_ref::SeatPlace,
};
use marquee_dynamo::{
    error::StoreError,
    item::{Item, ReadItem, instant, item, list, map, number, text, uuid},
};
use marquee_kernel::{ids::UserId, money::Money};

use super::keys;

pub(super) const ID: &str = "id";
pub(super) const STATUS: &str = "status";
pub(super) const UPDATED: &str = "updated";
pub(super) const PAYMENT: &str = "pay";
const USER: &str = "user";
const SESSION: &str = "session";
const PLACE: &str = "place";
const CREATED: &str = "created";
const SEATS: &str = "seats";

/// What expressions call the attributes whose names DynamoDB reserves.
pub(super) fn names() -> HashMap<String, String> {
    HashMap::from([("#status".to_owned(), STATUS.to_owned())])
}

/// The attribute that holds the check-in of the ticket at `index`.
pub(super) fn check_in_name(index: usize) -> String {
    format!("u{index}")
}

/// A new, active reservation, in the index of those that will run out.
pub(super) fn write(reference: ReservationRef, reservation: &Reservation) -> Item {
    let mut written = keys::reservation(reference);
    written.extend(item([
        (ID, Some(uuid(reservation.id.uuid()))),
        (USER, Some(uuid(reservation.user.uuid()))),
        (SESSION, Some(uuid(reservation.session.uuid()))),
        (PLACE, reservation.place.map(uuid)),
        (STATUS, Some(text(reservation.status.into_str()))),
        (CREATED, Some(instant(reservation.created_at))),
        (keys::EXPIRES, Some(instant(reservation.expires_at))),
        (UPDATED, Some(instant(reservation.updated_at))),
        (keys::DUE, Some(text(keys::due_shard(reference)))),
        (SEATS, Some(list(reservation.seats.iter().map(|s| write_seat(reservation.session, s))))),
    ]));
    written
}

pub(super) fn read(item: &Item) -> Result<Reservation, StoreError> {
    let session = SessionId::new(item.uuid(SESSION)?);
    let read_seat = |seat: &AttributeValue| {
        let seat = seat.as_m().ok();
        seat.and_then(|seat| read_seat(session, seat))
            .ok_or_else(|| StoreError::unreadable("a reserved seat"))
    };
    Ok(Reservation {
        id: ReservationId::new(item.uuid(ID)?),
        user: UserId::new(item.uuid(USER)?),
        session,
        place: item.optional_uuid(PLACE),
        seats: item.list(SEATS).iter().map(read_seat).collect::<Result<_, _>>()?,
        status: item.parsed(STATUS)?,
        created_at: item.instant(CREATED)?,
        expires_at: item.instant(keys::EXPIRES)?,
        updated_at: item.instant(UPDATED)?,
        payment: item.optional_map(PAYMENT).map(read_payment).transpose()?,
        check_ins: read_check_ins(item)?,
    })
}

/// An identifier that follows from the place is not stored.
fn write_seat(session: SessionId, seat: &ReservedSeat) -> AttributeValue {
    let given = seat.session_seat_id != seat.place.id(session);
    map([
        ("b", Some(number(seat.place.block))),
        ("p", Some(number(seat.place.position))),
        ("r", Some(text(&seat.row_number))),
        ("n", Some(text(&seat.seat_number))),
        ("c", Some(number(seat.price))),
        ("t", seat.price_tier.map(|tier| uuid(tier.uuid()))),
        ("i", given.then(|| uuid(seat.session_seat_id.uuid()))),
    ])
}

fn read_seat(session: SessionId, seat: &Item) -> Option<ReservedSeat> {
    let place =
        SeatPlace { block: seat.optional_number("b")?, position: seat.optional_number("p")? };
    Some(ReservedSeat {
        place,
        session_seat_id: match seat.optional_uuid("i") {
            Some(given) => SessionSeatId::new(given),
            None => place.id(session),
        },
        row_number: seat.optional_text("r")?.to_owned(),
        seat_number: seat.optional_text("n")?.to_owned(),
        price: seat.optional_number::<Money>("c")?,
        price_tier: seat.optional_uuid("t").map(PriceTierId::new),
    })
}

pub(super) fn write_payment(payment: &Payment) -> AttributeValue {
    map([
        ("id", Some(text(payment.id.as_str()))),
        ("at", Some(instant(payment.at))),
        ("late", payment.late.then_some(AttributeValue::Bool(true))),
    ])
}

fn read_payment(payment: &Item) -> Result<Payment, StoreError> {
    Ok(Payment {
        id: payment.parsed("id")?,
        at: payment.instant("at")?,
        late: payment.contains_key("late"),
    })
}

pub(super) fn write_check_in(check_in: &CheckIn) -> AttributeValue {
    map([
        ("at", Some(instant(check_in.at))),
        ("gate", Some(text(&check_in.gate))),
        ("req", Some(uuid(check_in.request))),
    ])
}

fn read_check_ins(item: &Item) -> Result<BTreeMap<usize, CheckIn>, StoreError> {
    let mut check_ins = BTreeMap::new();
    for (name, value) in item {
        let index = name.strip_prefix('u').and_then(|index| index.parse().ok());
        if let (Some(index), AttributeValue::M(used)) = (index, value) {
            let gate = used.text("gate")?.to_owned();
            let request = used.uuid("req")?;
            check_ins.insert(index, CheckIn { at: used.instant("at")?, gate, request });
        }
    }
    Ok(check_ins)
}
