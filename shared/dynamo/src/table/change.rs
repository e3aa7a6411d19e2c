//! A change of one item, as an expression.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::conditional_update::ConditionalUpdate;
use crate::item::Item;

/// Attributes that are set, or removed if they have no value; and on what condition.
#[derive(Clone, Debug, Default)]
pub struct Change {
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Item,
}

impl Change {
    /// Whatever the name has in it: `#n0` stands for it.
    fn name(&mut self, name: &str) -> String {
        let known = self.names.iter().find(|(_, known)| *known == name);
        if let Some((placeholder, _)) = known {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// Sets an attribute, or removes it if there is no value.
    #[must_use]
    pub fn put(mut self, name: &str, value: Option<AttributeValue>) -> Self {
        let name = self.name(name);
        match value {
            Some(value) => {
                let value = self.value(value);
                self.set.push(format!("{name} = {value}"));
            }
            None => self.remove.push(name),
        }
        self
    }

    #[must_use]
    pub fn set(self, name: &str, value: AttributeValue) -> Self {
        self.put(name, Some(value))
    }

    #[must_use]
    pub fn remove(self, name: &str) -> Self {
        self.put(name, None)
    }

    /// Sets an attribute to what another one was.
    #[must_use]
    pub fn copy(mut self, name: &str, from: &str) -> Self {
        let (name, from) = (self.name(name), self.name(from));
        self.set.push(format!("{name} = {from}"));
        self
    }

    /// Adds to a number, which begins at zero.
    #[must_use]
    pub fn add(mut self, name: &str, number: i64) -> Self {
        let name = self.name(name);
        let value = self.value(AttributeValue::N(number.to_string()));
        self.add.push(format!("{name} {value}"));
        self
    }

    /// Only if the attribute is this, or not there if that is `None`.
    #[must_use]
    pub fn only_if(mut self, name: &str, is: Option<AttributeValue>) -> Self {
        let name = self.name(name);
        let condition = match is {
            Some(value) => format!("{name} = {}", self.value(value)),
            None => format!("attribute_not_exists({name})"),
        };
        self.conditions.push(condition);
        self
    }

    /// Only if the attribute is there.
    #[must_use]
    pub fn only_with(mut self, name: &str) -> Self {
        let name = self.name(name);
        self.conditions.push(format!("attribute_exists({name})"));
        self
    }

    /// Only if the attribute compares so with the value (`<`, `<=`, `<>`), or is not there if `or_absent`.
    #[must_use]
    pub fn only(mut self, name: &str, is: &str, value: AttributeValue, or_absent: bool) -> Self {
        let name = self.name(name);
        let value = self.value(value);
        let absent = format!("attribute_not_exists({name}) OR ");
        let absent = if or_absent { absent.as_str() } else { "" };
        self.conditions.push(format!("({absent}{name} {is} {value})"));
        self
    }

    pub fn of(self, key: Item) -> ConditionalUpdate {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let update =
            [clause("SET", &self.set), clause("REMOVE", &self.remove), clause("ADD", &self.add)];
        ConditionalUpdate {
            key,
            update: update.concat().trim_end().to_owned(),
            condition: self.conditions.join(" AND "),
            names: Some(self.names),
            values: self.values,
        }
    }
}
