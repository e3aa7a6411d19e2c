//! Identifiers and names that callers choose.

use std::{fmt, str::FromStr};

/// Why a text is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("must have 1 to {0} characters")]
    Length(usize),
    #[error("must not contain control characters")]
    Control,
    #[error("must not contain spaces")]
    Space,
    #[error("must not contain any of # ? % / \\, nor be . or ..")]
    NotInPaths,
}

/// Names are parts of paths, which gateways hand over decoded: what has a meaning in a path would
/// lead to another thing than the one that is named.
fn checked(text: &str, chars_max: usize) -> Result<&str, InvalidName> {
    let text = text.trim();
    if text.is_empty() || text.chars().nth(chars_max).is_some() {
        return Err(InvalidName::Length(chars_max));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidName::Control);
    }
    match text.contains(['#', '?', '%', '/', '\\']) || text == "." || text == ".." {
        true => Err(InvalidName::NotInPaths),
        false => Ok(text),
    }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $parse:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let parse: fn(&str) -> Result<&str, InvalidName> = $parse;
                parse(text).map(|text| Self(text.to_owned()))
            }
        }
    )+};
}

names! {
    /// An order, as whoever placed it names it.
    OrderId, |text| {
        let text = checked(text, 128)?;
        match text.contains(char::is_whitespace) {
            true => Err(InvalidName::Space),
            false => Ok(text),
        }
    };
    /// What is ordered: `Pizza`. Upper and lower case count.
    ItemName, |text| checked(text, 100);
    /// Who ordered.
    StudentId, |text| checked(text, 100);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        let pizza: ItemName = " Pizza Hawaii ".parse().expect("a name");
        assert_eq!(pizza.as_str(), "Pizza Hawaii");
        assert_eq!("".parse::<ItemName>(), Err(InvalidName::Length(100)));
        assert_eq!("  ".parse::<ItemName>(), Err(InvalidName::Length(100)));
        assert!("é".repeat(100).parse::<ItemName>().is_ok(), "characters, not bytes");
        assert_eq!("x".repeat(101).parse::<ItemName>(), Err(InvalidName::Length(100)));
        assert_eq!("a\u{0}b".parse::<StudentId>(), Err(InvalidName::Control));
    }

    #[test]
    fn names_mean_the_same_in_a_path() {
        assert!("DUP-7f3a:1".parse::<OrderId>().is_ok());
        assert!("Fish & Chips (2), no. 7".parse::<ItemName>().is_ok());
        for name in ["Pizza #2", "Fish/Chips", "Tea?", "50%", "a\\b", ".", ".."] {
            assert_eq!(name.parse::<ItemName>(), Err(InvalidName::NotInPaths), "{name}");
        }
        assert_eq!("a#1".parse::<OrderId>(), Err(InvalidName::NotInPaths));
        assert_eq!("a b".parse::<OrderId>(), Err(InvalidName::Space));
        assert_eq!("x".repeat(129).parse::<OrderId>(), Err(InvalidName::Length(128)));
    }
}
