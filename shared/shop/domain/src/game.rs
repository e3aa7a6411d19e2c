//! What is sold, and how the catalogue is searched.

use std::{fmt, str::FromStr};

use marquee_kernel::{money::Money, names::InvalidName};

use crate::ids::GameId;

const TITLE_CHARS_MAX: usize = 100;

/// What a game, or an achievement, is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Title(String);

impl Title {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared when somebody looks for it.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Title {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let text = text.trim();
        if text.is_empty() || text.chars().nth(TITLE_CHARS_MAX).is_some() {
            return Err(InvalidName::Length(TITLE_CHARS_MAX));
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidName::Control);
        }
        match text.contains(['\u{fffe}', '\u{ffff}']) {
            true => Err(InvalidName::Noncharacter),
            false => Ok(Self(text.to_owned())),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {PRICE_MAX}")]
pub struct PriceError;

/// In whole units of the currency: a cart full of games stays below what one payment may be.
const PRICE_MAX: u32 = 1_000_000;

/// What one game costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(Money);

impl Price {
    /// # Errors
    /// If it is more than any game may cost.
    pub fn new(amount: Money) -> Result<Self, PriceError> {
        match amount.cents() <= u64::from(PRICE_MAX) * 100 {
            true => Ok(Self(amount)),
            false => Err(PriceError),
        }
    }

    pub const fn money(self) -> Money {
        self.0
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Game {
    pub id: GameId,
    pub title: Title,
    pub base_price: Price,
}

/// What somebody looks for in the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GameFilter {
    /// A part of the title, in lower case.
    pub title: Option<String>,
    pub price_min: Option<Money>,
    pub price_max: Option<Money>,
}

/// Sorts below every character that a title may have.
const SEPARATOR: char = '\u{1}';

impl Game {
    /// Its place in the catalogue: by title, and with all that one can look for.
    pub fn position(&self) -> String {
        let (title, cents) = (self.title.folded(), self.base_price.money().cents());
        format!("{title}{SEPARATOR}{cents:012}{SEPARATOR}{}", self.id)
    }
}

impl GameFilter {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the game at this place of the catalogue is one of those.
    pub fn fits(&self, position: &str) -> bool {
        let mut parts = position.rsplitn(3, SEPARATOR).skip(1);
        let (Some(cents), Some(title)) = (parts.next(), parts.next()) else { return false };
        let Ok(cents) = cents.parse::<u64>() else { return false };
        self.title.as_ref().is_none_or(|wanted| title.contains(wanted.as_str()))
            && self.price_min.is_none_or(|min| cents >= min.cents())
            && self.price_max.is_none_or(|max| cents <= max.cents())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn game(title: &str, price: &str) -> Game {
        let base_price = Price::new(price.parse().expect("an amount")).expect("a price");
        let id = GameId::new(Uuid::from_u128(1));
        Game { id, title: title.parse().expect("a title"), base_price }
    }

    #[test]
    fn a_game_is_found_by_a_part_of_its_title_in_any_case_and_by_its_price() {
        let place = game("Half-Life: Ünder #2?", "19.99").position();
        let title =
            |text: &str| GameFilter { title: Some(text.to_lowercase()), ..GameFilter::default() };
        assert!(title("LIFE").fits(&place) && title("ünder #2?").fits(&place));
        assert!(!title("portal").fits(&place) && !title("1999").fits(&place));
        let price = |min: Option<&str>, max: Option<&str>| {
            let money = |text: &str| text.parse().expect("an amount");
            let (price_min, price_max) = (min.map(money), max.map(money));
            GameFilter { price_min, price_max, title: None }.fits(&place)
        };
        assert!(price(Some("19.99"), Some("19.99")) && price(None, Some("20")));
        assert!(!price(Some("20"), None) && !price(None, Some("19.98")));
        assert!(GameFilter::default().fits(&place) && GameFilter::default().is_empty());
    }

    #[test]
    fn the_catalogue_is_sorted_by_title() {
        let places = [game("Abe", "9"), game("abe 2", "1"), game("Zork", "0")];
        assert!(places.iter().map(Game::position).is_sorted());
    }

    #[test]
    fn titles_and_prices_are_bounded() {
        assert!("x".repeat(100).parse::<Title>().is_ok());
        for wrong in ["", "  ", "a\u{1}b", "\u{ffff}", &"x".repeat(101)] {
            assert!(wrong.parse::<Title>().is_err(), "{wrong:?}");
        }
        assert!(Price::new("1000000".parse().expect("an amount")).is_ok());
        assert!(Price::new("1000000.01".parse().expect("an amount")).is_err());
    }
}
