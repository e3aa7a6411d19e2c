//! What visitors are told, over HTTP or a WebSocket.
//!
//! | module | what it holds |
//! |---|---|
//! | `entry` | what a visitor is told |
//! | [`status`] | what everybody is told |
//! | [`pushed`] | how either is sent to those who are connected |
//! | `seen` | what of a room both are told from |

#[cfg(feature = "views")]
pub mod entry;
pub mod pushed;
#[cfg(feature = "views")]
pub mod seen;
pub mod status;

#[cfg(feature = "openapi")]
fn one_of(names: &'static [&'static str]) -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names.iter().copied())).build()
}
