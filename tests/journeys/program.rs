//! Programs that stand in for services.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// Starts a program that ends when it is dropped; its first line says its address after `announcement`.
pub(crate) async fn start(mut program: Command, announcement: &str) -> (Child, String) {
    let started = program.stdout(Stdio::piped()).kill_on_drop(true).spawn();
    let mut process = started.unwrap_or_else(|error| panic!("{program:?}: {error}"));
    let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
    let ready = lines.next_line().await.expect("a line").expect("it has begun");
    let url = ready.strip_prefix(announcement).expect("its address").to_owned();
    (process, url)
}
