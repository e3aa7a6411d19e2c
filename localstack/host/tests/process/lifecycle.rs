//! How it starts, waits and stops.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, ExitStatus},
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{DataFile, Process, command};

/// Waits for the process to end by itself.
pub(crate) fn ended(host: &mut Process) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = host.child.try_wait().expect("a status") {
            return status;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it does not stop");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A request of which the server has the head and half of the body.
fn half_a_request(host: &Process) -> TcpStream {
    let address = host.base.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).expect("a connection");
    let head =
        "POST /api/v1/organizers HTTP/1.1\r\nhost: test\r\ncontent-length: 12\r\n\r\n{\"name\"";
    connection.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    connection
}

#[test]
fn sigterm_lets_the_request_under_way_finish_and_ends_in_success() {
    let mut host = Process::start(&[], &[]);
    let mut connection = half_a_request(&host);
    host.signal("-TERM");
    std::thread::sleep(Duration::from_millis(300));
    connection.write_all(b":\"A\"}").expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(ended(&mut host).success());
}

#[test]
fn a_client_that_never_finishes_its_request_does_not_keep_it_from_stopping() {
    let mut host = Process::start(&[], &[]);
    let _connection = half_a_request(&host);
    host.signal("-TERM");
    assert!(ended(&mut host).success());
}

#[test]
fn two_hosts_do_not_share_a_data_file() {
    let data = DataFile::new();
    let _host = Process::start(&["--data", &data.path()], &[]);
    let output = command(&["--data", &data.path()]).output().expect("it ends");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("another host has"));
}

#[test]
fn what_it_cannot_do_it_says_and_does_not_start() {
    let text = std::env::temp_dir().join(format!("marquee-no-database-{}", std::process::id()));
    let text = text.to_str().expect("a path");
    std::fs::write(text, "no database, and long enough to be read as the head of one")
        .expect("written");
    for (arguments, setting, expected) in [
        (
            vec!["--broker", "rabbitmq", "--amqp-url", "amqp://127.0.0.1:1"],
            ("A", "b"),
            "no connection to amqp://127.0.0.1:1",
        ),
        (vec!["--broker", "rabbitmq", "--amqp-url", "nonsense"], ("A", "b"), "not an AMQP URL"),
        (vec![], ("HOLD_SECONDS", "soon"), "HOLD_SECONDS"),
        (vec![], ("PAYMENT_MOCK", "maybe"), "PAYMENT_MOCK"),
        (vec![], ("TICKET_SIGNING_KEY", "scribble"), "signing key"),
        (vec![], ("HOLD_SECONDS", "9e18"), "HOLD_SECONDS"),
        (vec![], ("LIVE_SEATS_PER_USER_MAX", "0"), "LIVE_SEATS_PER_USER_MAX"),
        (vec!["--data", "/nowhere/at/all.db"], ("A", "b"), "/nowhere/at/all.db"),
        (vec!["--data", text], ("A", "b"), text),
        (vec!["--broker", "pigeon"], ("A", "b"), "pigeon"),
    ] {
        let output = command(&arguments).env(setting.0, setting.1).output().expect("it ends");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(expected), "{arguments:?} {setting:?}: {said}");
    }
}

#[test]
fn what_it_says_to_a_pipe_has_no_escape_codes() {
    let mut child = command(&[]).spawn().expect("the host");
    let mut output = BufReader::new(child.stdout.take().expect("its output"));
    let mut said = String::new();
    while !said.contains("is ready on") {
        assert!(output.read_line(&mut said).expect("text") > 0, "{said}");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
    let log = child.wait_with_output().expect("it ends").stderr;
    said += &String::from_utf8_lossy(&log);
    assert!(said.contains("stopping") && !said.contains('\u{1b}'), "{said}");
}

/// How often the system has put one of its threads to sleep.
#[cfg(target_os = "linux")]
fn sleeps(host: &Process) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", host.child.id())).expect("threads");
    let status = threads.map(|thread| {
        let status = thread.expect("a thread").path().join("status");
        std::fs::read_to_string(status).unwrap_or_default()
    });
    let all: String = status.collect();
    let counts = all.lines().filter_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    counts.map(|count| count.trim().parse::<u64>().expect("a number")).sum()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn with_nothing_to_do_it_sleeps() {
    // But for the shop, which looks for invoices once a second, and the waiting room, which looks more often.
    let rarely = [("PROCESS_INVOICES_EVERY_SECONDS", "3600"), ("ADMIT_EVERY_SECONDS", "3600")];
    let host = Process::start(&[], &rarely);
    let user = Uuid::new_v4();
    let id = host.hold(user).await;
    host.confirm(user, &id).await;
    host.await_status("sold").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = sleeps(&host);
    assert!(before > 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // A poller that looks ten times a second would be above that alone.
    let more = sleeps(&host) - before;
    assert!(more < 20, "it woke {more} times");
}
