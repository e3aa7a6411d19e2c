//! Reservations and tickets as JSON.

use marquee_booking_domain::{
    payment::Payment,
    reservation::{Reservation, ReservationStatus},
    ticket::Ticket,
};
use marquee_kernel::{money::Money, time::Timestamp};
use marquee_lambda::json::{Amount, DateTime, one_of_schema};
use marquee_payments::Record;
use marquee_payments_domain::status::PaymentStatus;
use serde::Serialize;
use utoipa::{ToSchema, openapi::schema::Object};
use uuid::Uuid;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(crate) struct ReservationView {
    id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    booking_time: DateTime,
    #[schema(value_type = String, format = DateTime)]
    expiry_time: DateTime,
    seats_count: usize,
    #[schema(value_type = f64)]
    total_amount: Amount,
    #[schema(schema_with = reservation_status)]
    status: &'static str,
    items: Vec<ItemView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<PaymentView>,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime,
    /// Of the hold; zero unless active.
    time_remaining_seconds: i64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservationItem)]
pub(crate) struct ItemView {
    /// Also the ticket's, once confirmed.
    id: Uuid,
    session_seat_id: Uuid,
    row_number: String,
    seat_number: String,
    #[schema(value_type = f64)]
    price: Amount,
    #[schema(value_type = f64)]
    discount_amount: Amount,
    #[schema(value_type = f64)]
    final_price: Amount,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Payment)]
pub(crate) struct PaymentView {
    payment_id: String,
    #[schema(schema_with = payment_status)]
    status: &'static str,
    /// It came after the hold had run out.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<bool>,
    /// When it came to its status.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<DateTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    authorised_at: Option<DateTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    captured_at: Option<DateTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    voided_at: Option<DateTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_due_at: Option<DateTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<DateTime>,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<DateTime>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketView {
    id: Uuid,
    reservation_id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    session_seat_id: Uuid,
    row_number: String,
    seat_number: String,
    #[schema(value_type = f64)]
    price: Amount,
    #[schema(schema_with = ticket_status)]
    status: &'static str,
    /// A PNG as a data URL.
    qr_code: String,
    is_used: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<DateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    used_gate: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime,
}

fn reservation_status() -> Object {
    one_of_schema(ReservationStatus::NAMES)
}

fn payment_status() -> Object {
    one_of_schema(PaymentStatus::NAMES)
}

fn ticket_status() -> Object {
    one_of_schema(&["active", "used"])
}

impl ReservationView {
    pub(crate) fn new(reservation: &Reservation, payment: Option<&Record>, now: Timestamp) -> Self {
        let status = reservation.status_at(now);
        let live = reservation.live_seats(now) > 0;
        let remaining = if live { reservation.expires_at.seconds_from(now) } else { 0 };
        Self {
            id: reservation.id.uuid(),
            user_id: reservation.user.uuid(),
            session_id: reservation.session.uuid(),
            booking_time: DateTime(reservation.created_at),
            expiry_time: DateTime(reservation.expires_at),
            seats_count: reservation.seats.len(),
            total_amount: Amount(reservation.total()),
            status: status.into_str(),
            items: items(reservation),
            payment: reservation.payment.as_ref().map(|paid| PaymentView::new(paid, payment)),
            created_at: DateTime(reservation.created_at),
            updated_at: DateTime(reservation.updated_at),
            time_remaining_seconds: remaining,
        }
    }
}

fn items(reservation: &Reservation) -> Vec<ItemView> {
    let item =
        |(index, seat): (usize, &marquee_booking_domain::reservation::ReservedSeat)| ItemView {
            id: reservation.id.ticket(index).uuid(),
            session_seat_id: seat.session_seat_id.uuid(),
            row_number: seat.row_number.clone(),
            seat_number: seat.seat_number.clone(),
            price: Amount(seat.price),
            discount_amount: Amount(Money::ZERO),
            final_price: Amount(seat.price),
        };
    reservation.seats.iter().enumerate().map(item).collect()
}

impl PaymentView {
    /// A payment of which the reservation says that the money is reserved, and the record whatever came
    /// after that.
    fn new(payment: &Payment, record: Option<&Record>) -> Self {
        let reserved = DateTime(payment.at);
        let view = match record {
            Some(record) if record.status != PaymentStatus::Pending => Self::of_record(record),
            _ => Self {
                payment_id: payment.id.to_string(),
                status: PaymentStatus::Authorised.into_str(),
                at: Some(reserved),
                ..Self::default()
            },
        };
        Self { late: Some(payment.late), authorised_at: Some(reserved), ..view }
    }

    pub(crate) fn of_record(record: &Record) -> Self {
        let at = |status| {
            let found = record.times.iter().find(|(came_to, _)| *came_to == status);
            found.map(|(_, at)| DateTime(*at))
        };
        Self {
            payment_id: record.id.to_string(),
            status: record.status.into_str(),
            late: None,
            at: at(record.status),
            authorised_at: at(PaymentStatus::Authorised),
            captured_at: at(PaymentStatus::Captured),
            voided_at: at(PaymentStatus::Voided),
            refund_due_at: at(PaymentStatus::RefundDue),
            refunded_at: at(PaymentStatus::Refunded),
            failed_at: at(PaymentStatus::Failed),
        }
    }
}

impl TicketView {
    pub(crate) fn new(ticket: &Ticket<'_>, qr_code: String) -> Self {
        let used = ticket.check_in();
        let reservation = ticket.reservation;
        let confirmed_at = reservation.payment.as_ref().map_or(reservation.updated_at, |p| p.at);
        Self {
            id: ticket.id.uuid(),
            reservation_id: reservation.id.uuid(),
            user_id: reservation.user.uuid(),
            session_id: reservation.session.uuid(),
            session_seat_id: ticket.seat.session_seat_id.uuid(),
            row_number: ticket.seat.row_number.clone(),
            seat_number: ticket.seat.seat_number.clone(),
            price: Amount(ticket.seat.price),
            status: if used.is_some() { "used" } else { "active" },
            qr_code,
            is_used: used.is_some(),
            used_at: used.map(|used| DateTime(used.at)),
            used_gate: used.map(|used| used.gate.clone()),
            created_at: DateTime(confirmed_at),
        }
    }
}
