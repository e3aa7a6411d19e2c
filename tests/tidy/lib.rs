//! The rules of the workspace, held by tests: see `main.rs`.
