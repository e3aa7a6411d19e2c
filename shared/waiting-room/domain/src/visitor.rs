//! A visitor's life.

use strum::{Display, EnumString, IntoStaticStr, VariantNames};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// In line.
    Waiting,
    /// May reserve seats, with a pass.
    Admitted,
    /// Has bought.
    Served,
    /// Was let in and did not buy in time; or nobody can be let in any more.
    Expired,
    /// Went, or gave up what they had reserved.
    Left,
}

impl Status {
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

    /// Whether the visitor may join again.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Served | Self::Expired | Self::Left)
    }

    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
