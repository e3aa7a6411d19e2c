//! Field types as they appear in JSON.

use std::{fmt, marker::PhantomData};

use marquee_kernel::{
    money::{Money, Multiplier},
    time::Timestamp,
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned},
};
use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{self, ObjectBuilder, Schema, SchemaType, Type},
    },
};

/// An object. By itself, serde takes an array for one as well, its values for the fields in order.
#[derive(Clone, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// A whole number, however it is written: JSON does not tell `2.0` from `2`.
pub fn whole<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    if let Value::Number(number) = &value
        && number.is_f64()
        && let Some(whole) =
            number.as_f64().and_then(|number| number.to_string().parse::<i64>().ok())
    {
        value = whole.into();
    }
    serde_json::from_value(value).map_err(de::Error::custom)
}

/// How a field that is one of a few words is described.
pub fn one_of_schema(names: &'static [&'static str]) -> schema::Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.iter().copied())).build()
}

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
        decimal_text(deserializer)?.parse().map(Self).map_err(de::Error::custom)
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
        decimal_text(deserializer)?.parse().map(Self).map_err(de::Error::custom)
    }
}

fn decimal_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(match number.as_f64().filter(|_| number.is_f64()) {
            // Without the exponent that a large one is written with.
            Some(float) => float.to_string(),
            None => number.to_string(),
        }),
        _ => Err(de::Error::custom("must be a number, or a string that is one")),
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

/// A text that may be sent as a whole number: row and seat numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label(pub String);

pub const LABEL_LEN_MAX: usize = 20;
/// Beyond it, numbers are not what they were written as.
const WHOLE_MAX: i64 = 9_007_199_254_740_991;

impl PartialSchema for Label {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .min_length(Some(1))
            .max_length(Some(LABEL_LEN_MAX))
            .pattern(Some(r"\S"))
            .minimum(Some(-WHOLE_MAX))
            .maximum(Some(WHOLE_MAX))
            .into()
    }
}

impl ToSchema for Label {}

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
                let whole = number.to_string().parse::<i64>();
                let other = |_| E::invalid_value(de::Unexpected::Float(number), &self);
                whole.map(|number| Label(number.to_string())).map_err(other)
            }
        }

        deserializer.deserialize_any(TextOrNumber)
    }
}

/// An instant, RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub Timestamp);

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DateTime {
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
        for (given, printed) in [
            ("100", "100.0"),
            ("0.1", "0.1"),
            ("1e2", "100.0"),
            ("\"999999999.99\"", "999999999.99"),
        ] {
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
        assert_eq!(from_str::<Label>("7.0").expect("a label"), Label("7".into()));
        for other in ["true", "0.5", "1e300"] {
            assert!(from_str::<Label>(other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_array_is_no_object_and_two_point_zero_is_two() {
        #[derive(Debug, Deserialize)]
        struct Order {
            #[serde(deserialize_with = "whole")]
            qty: i64,
        }
        let order = |json: &str| from_str::<Object<Order>>(json).map(|Object(order)| order.qty);
        assert_eq!(order("{\"qty\": 2.0}").expect("an order"), 2);
        assert!(order("[2]").is_err());
        assert!(order("{\"qty\": 2.5}").is_err());
    }
}
