//! Tickets: one for each seat of a confirmed reservation.

use crate::{
    check_in::CheckIn,
    ids::TicketId,
    reservation::{Reservation, ReservationStatus, ReservedSeat},
};

/// A ticket as part of its reservation: nothing is stored for it but its check-in.
#[derive(Clone, Copy, Debug)]
pub struct Ticket<'a> {
    pub id: TicketId,
    pub index: usize,
    pub reservation: &'a Reservation,
    pub seat: &'a ReservedSeat,
}

impl<'a> Ticket<'a> {
    pub fn check_in(&self) -> Option<&'a CheckIn> {
        self.reservation.check_ins.get(&self.index)
    }
}

impl Reservation {
    /// The tickets, in the order of the seats; none unless confirmed.
    pub fn tickets(&self) -> impl Iterator<Item = Ticket<'_>> {
        let confirmed = self.status == ReservationStatus::Confirmed;
        self.seats.iter().enumerate().filter(move |_| confirmed).map(|(index, seat)| Ticket {
            id: self.id.ticket(index),
            index,
            reservation: self,
            seat,
        })
    }

    /// Uses the ticket at `index`; its first use, if it has been used before; `None` if there is
    /// no such ticket.
    pub fn check_in(&mut self, index: usize, check_in: CheckIn) -> Option<Result<(), CheckIn>> {
        self.tickets().nth(index)?;
        Some(match self.check_ins.get(&index) {
            Some(first) => Err(first.clone()),
            None => {
                self.check_ins.insert(index, check_in);
                Ok(())
            }
        })
    }
}
