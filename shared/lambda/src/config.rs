//! Settings from the environment. `docs/configuration.md` lists them all.

use std::{env, str::FromStr, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    #[error("environment variable {name} is {value:?}, which is not {expected}")]
    Invalid { name: &'static str, value: String, expected: &'static str },
}

pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// `None` if the variable is unset or empty.
pub fn optional(name: &'static str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

pub fn number_or<T: FromStr>(name: &'static str, default: T) -> Result<T, ConfigError> {
    parsed_or(name, default, "a whole number in range")
}

/// What `FromStr` reads; `expected` says which texts those are.
pub fn parsed_or<T: FromStr>(
    name: &'static str,
    default: T,
    expected: &'static str,
) -> Result<T, ConfigError> {
    let Some(value) = optional(name) else { return Ok(default) };
    value.parse().map_err(|_| ConfigError::Invalid { name, value, expected })
}

/// Longer than any period of ours can be meant to be.
const SECONDS_MAX: f64 = 30.0 * 24.0 * 60.0 * 60.0;

/// A number of seconds, with or without a fraction: from a thousandth to thirty days.
pub fn seconds_or(name: &'static str, default: Duration) -> Result<Duration, ConfigError> {
    let Some(value) = optional(name) else { return Ok(default) };
    value
        .parse()
        .ok()
        .filter(|seconds| (0.001..=SECONDS_MAX).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or(ConfigError::Invalid { name, value, expected: "0.001 to 2592000 seconds" })
}
