//! Who may do what, with tokens of a provider that is not ours.

mod matrix;
mod owners;
mod tokens;
