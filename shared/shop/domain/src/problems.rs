//! What the shop refuses, as callers are told.

use marquee_kernel::{
    problem::{AsProblem, ProblemType},
    problem_types,
};

use crate::cart::CartRefusal;

problem_types! {
    CART_LOCKED = "cart-locked", 409, "Shopping cart locked",
        "The cart is being paid for, or got stuck; `cart_status` says which. It can be changed when \
         that is over.";
    CART_EMPTY = "cart-empty", 409, "Shopping cart empty",
        "There is nothing to pay for. Put a game in first.";
    CART_FULL = "cart-full", 409, "Shopping cart full",
        "The cart takes no more games. Pay for these first.";
    CART_STATUS_CONFLICT = "cart-status-conflict", 409, "Shopping cart status conflict",
        "The cart cannot come to that status; `cart_status` says which it has.";
    GAME_OWNED = "game-owned", 409, "Game already owned",
        "Nobody can buy a game twice; `game_id` says which. Take it out of the cart.";
    GAME_NOT_SOLD = "game-not-sold", 409, "Game not sold",
        "The game, `game_id`, is no longer in the catalogue. Take it out of the cart.";
    GAME_NOT_OWNED = "game-not-owned", 409, "Game not owned",
        "Only who has the game has a history of playing it. Buy it first.";
}

impl AsProblem for CartRefusal {
    fn problem(&self) -> &'static ProblemType {
        match self {
            Self::Locked(_) => &CART_LOCKED,
            Self::Empty => &CART_EMPTY,
            Self::Full => &CART_FULL,
            Self::Owned(_) => &GAME_OWNED,
            Self::NotSold(_) => &GAME_NOT_SOLD,
            Self::Status { .. } => &CART_STATUS_CONFLICT,
        }
    }

    fn member(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Locked(status) | Self::Status { is: status, .. } => {
                Some(("cart_status", status.to_string()))
            }
            Self::Owned(game) | Self::NotSold(game) => Some(("game_id", game.to_string())),
            Self::Empty | Self::Full => None,
        }
    }
}
