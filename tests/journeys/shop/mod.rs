//! Games: put in a cart, paid for by invoice, played and counted.

mod buying;
mod carts;
mod games;
mod lists;
mod messages;
mod rankings;
mod storefront;
mod stripe;
