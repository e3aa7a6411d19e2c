//! Field types as they appear in JSON.

use std::fmt;

use marquee_domain::{
    money::{Money, Multiplier},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount: a JSON number out (`100.0`), a number or a string in. It is a decimal in between;
/// its text goes straight from one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount(pub Money);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal_number(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Label::deserialize(deserializer)?.0.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A price tier's multiplier; see [`Amount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor(pub Multiplier);

impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal_number(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Label::deserialize(deserializer)?.0.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A float prints the shortest decimal that reads back as itself, so up to 15 digits, which is
/// more than [`Money`] allows, the number on the wire is the very decimal.
fn decimal_number<S: Serializer>(
    decimal: &impl fmt::Display,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let number: f64 = decimal.to_string().parse().map_err(serde::ser::Error::custom)?;
    serializer.serialize_f64(number)
}

/// A text that may be sent as a number: row and seat numbers, amounts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(pub String);

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNumber;

        impl de::Visitor<'_> for TextOrNumber {
            type Value = Label;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Label, E> {
                Ok(Label(text.trim().to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Label, E> {
                Ok(Label(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Label, E> {
                Ok(Label(number.to_string()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Label, E> {
                Ok(Label(number.to_string()))
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

/// An instant, RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant(pub Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "must be a date and time as in 2025-11-15T18:00:00Z";
        Timestamp::parse(&text).map(Self).ok_or_else(|| de::Error::custom(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_str, to_string};

    #[test]
    fn amounts_print_as_the_decimals_they_are() {
        for (given, printed) in
            [("100", "100.0"), ("0.1", "0.1"), ("\"999999999.99\"", "999999999.99")]
        {
            let amount: Amount = from_str(given).expect("an amount");
            assert_eq!(to_string(&amount).expect("json"), printed);
        }
        assert!(from_str::<Amount>("-1").is_err());
        assert!(from_str::<Amount>("\"ten\"").is_err());
    }

    #[test]
    fn labels_may_be_strings_or_numbers() {
        assert_eq!(from_str::<Label>("4").expect("a label"), Label("4".into()));
        assert_eq!(from_str::<Label>("\" 4a \"").expect("a label"), Label("4a".into()));
        assert!(from_str::<Label>("true").is_err());
    }
}
