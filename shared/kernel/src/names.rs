//! Identifiers and names that callers choose: one newtype for each.

/// Why a text is none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("must have 1 to {0} characters")]
    Length(usize),
    #[error("must not contain control characters")]
    Control,
    #[error("must not contain U+FFFE or U+FFFF, which no message can carry")]
    Noncharacter,
    #[error("must not contain spaces")]
    Space,
    #[error("must not contain any of # ? % / \\, nor be . or ..")]
    NotInPaths,
}

/// Names are parts of paths, which gateways hand over decoded: what has a meaning in a path would
/// lead to another thing than the one that is named.
pub fn checked(text: &str, chars_max: usize) -> Result<&str, InvalidName> {
    let text = text.trim();
    if text.is_empty() || text.chars().nth(chars_max).is_some() {
        return Err(InvalidName::Length(chars_max));
    }
    if text.chars().any(char::is_control) {
        return Err(InvalidName::Control);
    }
    if text.contains(['\u{fffe}', '\u{ffff}']) {
        return Err(InvalidName::Noncharacter);
    }
    match text.contains(['#', '?', '%', '/', '\\']) || text == "." || text == ".." {
        true => Err(InvalidName::NotInPaths),
        false => Ok(text),
    }
}

/// Declares a newtype for each kind of name, by how it is checked.
#[macro_export]
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

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::names::InvalidName;

            fn from_str(text: &str) -> Result<Self, $crate::names::InvalidName> {
                let parse: fn(&str) -> Result<&str, $crate::names::InvalidName> = $parse;
                parse(text).map(|text| Self(text.to_owned()))
            }
        }
    )+};
}

pub use names;
