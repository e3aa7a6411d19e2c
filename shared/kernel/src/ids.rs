//! One newtype per identifier, so that a hall cannot be passed where a session is meant.

/// Declares a newtype of a UUID for each identifier.
#[macro_export]
macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(::uuid::Uuid);

        impl $name {
            pub const fn new(uuid: ::uuid::Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> ::uuid::Uuid {
                self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::uuid::Error;

            fn from_str(text: &str) -> Result<Self, ::uuid::Error> {
                ::uuid::Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

identifiers! {
    /// The buyer, as the `X-User-ID` header names them.
    UserId
}
