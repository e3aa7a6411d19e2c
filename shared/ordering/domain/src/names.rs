//! How orders, what is ordered, and who ordered are called.

use marquee_kernel::names::{InvalidName, checked, names};

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
        for name in ["x\u{ffff}", "\u{fffe}x"] {
            assert_eq!(name.parse::<ItemName>(), Err(InvalidName::Noncharacter), "{name:?}");
        }
        assert!("\u{fffd}\u{10ffff}".parse::<ItemName>().is_ok(), "their neighbours travel");
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
