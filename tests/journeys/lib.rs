//! What users do, over HTTP and messages only: see `main.rs`.
