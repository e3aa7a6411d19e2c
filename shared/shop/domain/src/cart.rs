//! A cart's life.
//!
//! ```text
//!            pay              charged            all is written
//!   OPEN ──────────▶ INVOICE ─────────▶ APPROVED ─────────▶ OPEN, empty
//!     ▲               │    ╲              ╱
//!     │ changed       │     ╲──▶ STUCK ◀─╱   (and back, when it is resumed)
//!   REJECTED ◀────────╯ declined
//! ```
//!
//! A cart in `INVOICE`, `APPROVED` or `STUCK` is locked. One in `REJECTED` keeps its games, and can be
//! changed or paid for again.

use marquee_kernel::{ids::UserId, money::Money, time::Timestamp};

use crate::{
    game::Price,
    ids::{GameId, InvoiceId},
    means::Means,
};

/// As many as fit in a kilobyte.
pub const ITEMS_MAX: usize = 20;

#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
#[strum(serialize_all = "UPPERCASE", const_into_str)]
pub enum CartStatus {
    #[default]
    Open,
    /// The invoice is out.
    Invoice,
    /// Paid for; the games are being handed over.
    Approved,
    /// The payment came to nothing.
    Rejected,
    /// It does not go on by itself.
    Stuck,
}

impl CartStatus {
    pub const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    /// What a customer is told.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invoice => "invoice sent",
            Self::Approved => "paid: your games are on their way",
            Self::Rejected => "payment rejected",
            Self::Stuck => "stopped on the way; it can be resumed",
        }
    }

    pub const fn is_locked(self) -> bool {
        matches!(self, Self::Invoice | Self::Approved | Self::Stuck)
    }
}

/// A game, and what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartItem {
    pub game: GameId,
    pub price: Price,
}

/// What games cost together.
pub fn total(items: &[CartItem]) -> Money {
    items.iter().map(|item| item.price.money()).sum()
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    pub user: UserId,
    pub items: Vec<CartItem>,
    pub status: CartStatus,
    /// Payments so far: the last one's number.
    pub payments: u32,
    /// How the last one is made.
    pub means: Means,
    /// Why it is rejected or stuck.
    pub reason: Option<String>,
    /// Which status it has got stuck in.
    pub stuck_in: Option<CartStatus>,
    /// How often it was resumed.
    pub resumed: u32,
    /// `None` if nobody has ever put anything in.
    pub updated_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    #[error("the cart is {0} and cannot be changed until that is over")]
    Locked(CartStatus),
    #[error("the cart is empty")]
    Empty,
    #[error("the cart has {ITEMS_MAX} games, and takes no more")]
    Full,
    #[error("game {0} is yours already")]
    Owned(GameId),
    #[error("game {0} is not sold any more")]
    NotSold(GameId),
    #[error("the cart is {is} and cannot become {wanted}")]
    Status { is: CartStatus, wanted: CartStatus },
}

/// What paying comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// The cart as it is then: locked, at the prices of now, with a new payment's number.
    Begins(Cart),
    /// The same was asked for before.
    UnderWay,
}

impl Cart {
    pub fn empty(user: UserId) -> Self {
        Self {
            user,
            items: Vec::new(),
            status: CartStatus::Open,
            payments: 0,
            means: Means::default(),
            reason: None,
            stuck_in: None,
            resumed: 0,
            updated_at: None,
        }
    }

    /// The last payment's invoice.
    pub fn invoice(&self) -> Option<InvoiceId> {
        (self.payments > 0).then_some(InvoiceId { user: self.user, number: self.payments })
    }

    pub fn find(&self, game: GameId) -> Option<&CartItem> {
        self.items.iter().find(|item| item.game == game)
    }

    fn unlocked(&self) -> Result<(), CartRefusal> {
        match self.status.is_locked() {
            true => Err(CartRefusal::Locked(self.status)),
            false => Ok(()),
        }
    }

    fn changed(&self, items: Vec<CartItem>) -> Self {
        Self { items, status: CartStatus::Open, reason: None, ..self.clone() }
    }

    /// With one game more; `None` if it is in there.
    ///
    /// # Errors
    /// If the cart is locked or full.
    pub fn with(&self, item: CartItem) -> Result<Option<Self>, CartRefusal> {
        self.unlocked()?;
        if self.find(item.game).is_some() {
            return Ok(None);
        }
        if self.items.len() == ITEMS_MAX {
            return Err(CartRefusal::Full);
        }
        let mut items = self.items.clone();
        items.push(item);
        Ok(Some(self.changed(items)))
    }

    /// Without a game; `None` if it is not in there.
    ///
    /// # Errors
    /// If the cart is locked.
    pub fn without(&self, game: GameId) -> Result<Option<Self>, CartRefusal> {
        self.unlocked()?;
        let mut items = self.items.clone();
        items.retain(|item| item.game != game);
        Ok((items.len() < self.items.len()).then(|| self.changed(items)))
    }

    /// Begins a payment, at the prices that the catalogue has: `price` of a game that is sold, and
    /// whether the customer has it (`owns`).
    ///
    /// # Errors
    /// If the cart is on its way already, empty, or has a game that cannot be bought.
    pub fn pay(
        &self,
        means: Means,
        price: impl Fn(GameId) -> Option<Price>,
        owns: impl Fn(GameId) -> bool,
    ) -> Result<Payment, CartRefusal> {
        if self.status == CartStatus::Invoice {
            return Ok(Payment::UnderWay);
        }
        self.unlocked()?;
        if self.items.is_empty() {
            return Err(CartRefusal::Empty);
        }
        let mut items = Vec::with_capacity(self.items.len());
        for CartItem { game, .. } in &self.items {
            if owns(*game) {
                return Err(CartRefusal::Owned(*game));
            }
            let price = price(*game).ok_or(CartRefusal::NotSold(*game))?;
            items.push(CartItem { game: *game, price });
        }
        let payments = self.payments + 1;
        let (status, resumed) = (CartStatus::Invoice, 0);
        let (reason, stuck_in) = (None, None);
        let cart =
            Self { items, status, payments, means, reason, stuck_in, resumed, ..self.clone() };
        Ok(Payment::Begins(cart))
    }

    /// Goes on where it got stuck; `None` if it is on its way.
    ///
    /// # Errors
    /// If it is not stuck, or in another status.
    pub fn resume(&self, wanted: CartStatus) -> Result<Option<Self>, CartRefusal> {
        if self.status == wanted {
            return Ok(None);
        }
        if self.status != CartStatus::Stuck || self.stuck_in != Some(wanted) {
            return Err(CartRefusal::Status { is: self.status, wanted });
        }
        let resumed = self.resumed + 1;
        let (reason, stuck_in) = (None, None);
        Ok(Some(Self { status: wanted, reason, stuck_in, resumed, ..self.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn game(n: u128) -> GameId {
        GameId::new(Uuid::from_u128(n))
    }

    fn price(text: &str) -> Price {
        Price::new(text.parse().expect("an amount")).expect("a price")
    }

    fn item(n: u128) -> CartItem {
        CartItem { game: game(n), price: price("5") }
    }

    fn cart(status: CartStatus) -> Cart {
        let user = UserId::new(Uuid::from_u128(9));
        Cart { status, items: vec![item(1), item(2)], ..Cart::empty(user) }
    }

    fn begun(cart: &Cart) -> Cart {
        let paid = cart.pay(Means::default(), |_| Some(price("7")), |_| false);
        match paid.expect("a payment") {
            Payment::Begins(cart) => cart,
            Payment::UnderWay => panic!("it was under way"),
        }
    }

    #[test]
    fn what_is_charged_is_the_catalogues_price() {
        let paid = begun(&cart(CartStatus::Open));
        assert_eq!((paid.status, paid.payments), (CartStatus::Invoice, 1));
        assert_eq!(total(&paid.items).to_string(), "14");
        assert_eq!(paid.invoice().map(|id| id.number), Some(1));
    }

    #[test]
    fn a_cart_on_its_way_cannot_be_changed() {
        for status in [CartStatus::Invoice, CartStatus::Approved, CartStatus::Stuck] {
            let cart = cart(status);
            assert_eq!(cart.with(item(3)), Err(CartRefusal::Locked(status)));
            assert_eq!(cart.with(item(1)), Err(CartRefusal::Locked(status)));
            assert_eq!(cart.without(game(1)), Err(CartRefusal::Locked(status)));
            let paid = cart.pay(Means::default(), |_| Some(price("7")), |_| false);
            match status {
                CartStatus::Invoice => assert_eq!(paid, Ok(Payment::UnderWay)),
                _ => assert_eq!(paid, Err(CartRefusal::Locked(status))),
            }
        }
    }

    #[test]
    fn a_rejected_cart_keeps_its_games_and_is_paid_for_by_another_payment() {
        let rejected =
            Cart { reason: Some("declined".into()), payments: 3, ..cart(CartStatus::Rejected) };
        let paid = begun(&rejected);
        assert_eq!((paid.payments, paid.reason.clone()), (4, None));
        let changed = rejected.with(item(3)).expect("it is open").expect("a change");
        assert_eq!(
            (changed.status, changed.reason, changed.items.len()),
            (CartStatus::Open, None, 3)
        );
    }

    #[test]
    fn nothing_is_paid_for_that_is_owned_not_sold_or_not_there() {
        let cart = cart(CartStatus::Open);
        let means = Means::default;
        let all = |_: GameId| Some(price("1"));
        assert_eq!(cart.pay(means(), all, |id| id == game(2)), Err(CartRefusal::Owned(game(2))));
        let sold = |id: GameId| (id == game(1)).then(|| price("1"));
        assert_eq!(cart.pay(means(), sold, |_| false), Err(CartRefusal::NotSold(game(2))));
        let empty = Cart::empty(cart.user);
        assert_eq!(empty.pay(means(), all, |_| false), Err(CartRefusal::Empty));
    }

    #[test]
    fn a_game_is_in_a_cart_once_and_a_cart_ends_somewhere() {
        let mut cart = cart(CartStatus::Open);
        assert_eq!(cart.with(item(1)), Ok(None));
        assert_eq!(cart.without(game(7)), Ok(None));
        for n in 3..=ITEMS_MAX as u128 {
            cart = cart.with(item(n)).expect("room").expect("a change");
        }
        assert_eq!(cart.with(item(99)), Err(CartRefusal::Full));
        assert_eq!(cart.with(item(1)), Ok(None), "it is in there, full or not");
    }

    #[test]
    fn a_stuck_cart_goes_on_where_it_got_stuck_and_nowhere_else() {
        let (approved, invoice) = (CartStatus::Approved, CartStatus::Invoice);
        let stuck = Cart { stuck_in: Some(approved), payments: 2, ..cart(CartStatus::Stuck) };
        assert!(stuck.resume(invoice).is_err(), "it would be paid for twice");
        let resumed = stuck.resume(approved).expect("it can").expect("a change");
        assert_eq!((resumed.status, resumed.payments, resumed.resumed), (approved, 2, 1));
        assert_eq!(resumed.resume(approved), Ok(None), "asked for twice");
        assert!(cart(CartStatus::Open).resume(approved).is_err());
    }
}
