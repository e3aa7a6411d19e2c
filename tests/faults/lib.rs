//! What goes wrong, and what it must not lead to: see `main.rs`.
