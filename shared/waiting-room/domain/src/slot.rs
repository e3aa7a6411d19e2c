//! Slots in a room's lines.
//!
//! Those who come before the opening stand in several early lines, in no order: that is drawn by lot when
//! the room opens. Everybody else stands in the main line, behind all of them.

use std::{fmt, str::FromStr};

/// Early lines of a room. Each has a counter of its own, on a partition key of its own.
pub const EARLY_LINES: u8 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Line {
    Early(u8),
    Main,
}

impl Line {
    pub fn early() -> impl Iterator<Item = Self> {
        (0..EARLY_LINES).map(Self::Early)
    }
}

/// `e0` to `e9`, and `m`, which sorts after them.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Early(line) => write!(f, "e{line}"),
            Self::Main => f.write_str("m"),
        }
    }
}

/// No visitor shares it with another, and nobody gets one that was somebody's before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    pub line: Line,
    /// From zero.
    pub index: u64,
}

/// `m-000000000041`: within a line, texts sort as slots do.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:012}", self.line, self.index)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no slot")]
pub struct NoSlot;

impl FromStr for Slot {
    type Err = NoSlot;

    fn from_str(text: &str) -> Result<Self, NoSlot> {
        let (line, index) = text.split_once('-').ok_or(NoSlot)?;
        let line = match line.strip_prefix('e') {
            Some(line) => Line::Early(line.parse().map_err(|_| NoSlot)?),
            None if line == "m" => Line::Main,
            None => return Err(NoSlot),
        };
        Ok(Self { line, index: index.parse().map_err(|_| NoSlot)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_read_as_it_was_written_and_sorts_as_text() {
        let slots = [
            Slot { line: Line::Early(3), index: 999_999 },
            Slot { line: Line::Main, index: 9 },
            Slot { line: Line::Main, index: 10 },
        ];
        let texts = slots.map(|slot| slot.to_string());
        assert!(texts.is_sorted(), "{texts:?}");
        for (slot, text) in slots.iter().zip(&texts) {
            assert_eq!(text.parse(), Ok(*slot));
        }
        for text in ["", "m", "x-1", "e-1", "m-x"] {
            assert_eq!(text.parse::<Slot>(), Err(NoSlot), "{text}");
        }
    }
}
