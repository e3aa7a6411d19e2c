//! The rules of the workspace, held by tests: where the words and the code part, one of these
//! fails and says what to do.

mod circles;
mod configuration;
mod dependencies;
mod files;
mod functions;
mod licences;
mod mutants;
mod openapi;
mod templates;
mod workspace;
