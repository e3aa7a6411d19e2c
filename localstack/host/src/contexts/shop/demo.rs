//! Demo data: a dozen games.

use marquee_kernel::time::Timestamp;
use marquee_lambda::Error;
use marquee_shop::store::ShopStore;
use marquee_shop_domain::{
    game::{Game, Price},
    ids::GameId,
};
use uuid::Uuid;

/// The first game's identifier; the others count on.
pub const FIRST: Uuid = Uuid::from_u128(0x6d61_7271_7565_4000_8000_0000_0000_0001);

/// What is sold, and for how much.
pub const GAMES: [(&str, &str); 12] = [
    ("Aisle of the Lost", "14.99"),
    ("Box Office Tycoon", "29.99"),
    ("Curtain Call", "9.99"),
    ("Dress Rehearsal", "4.99"),
    ("Encore!", "19.99"),
    ("Front Row Racer", "39.99"),
    ("Ghost Light", "24.99"),
    ("Intermission", "0"),
    ("Matinee Mayhem", "12.5"),
    ("Standing Ovation", "49.99"),
    ("The Understudy", "17"),
    ("Trapdoor", "7.49"),
];

/// Puts in what was never there.
pub async fn load(store: &ShopStore, now: Timestamp) -> Result<(), Error> {
    for (number, (title, price)) in (0..).zip(GAMES) {
        let id = GameId::new(Uuid::from_u128(FIRST.as_u128() + number));
        let base_price = Price::new(price.parse()?)?;
        let game = Game { id, title: title.parse()?, base_price };
        store.create_game(&game, FIRST, now).await?;
    }
    Ok(())
}
