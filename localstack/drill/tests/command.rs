//! The drill as a command, with each broker.

use std::process::{Command, Output};

use marquee_testkit::rabbitmq::VirtualHost;

fn drill(arguments: &[&str]) -> (Output, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_drill-ordering")).args(arguments).output();
    let output = output.expect("the drill");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

fn assert_passed(arguments: &[&str]) {
    let (output, text) = drill(arguments);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for line in [
        "backlog  [##############################]   100 of 100",
        "placed = reserved + failed: 100 = 80 + 20",
        "stock adds up: 80 = 0 left + 80 reserved",
        "told of each reservation once: 80 notifications",
        "verdict: nothing was lost",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
}

#[test]
fn an_outage_with_the_in_process_broker_loses_nothing() {
    assert_passed(&["--orders", "100"]);
}

#[tokio::test]
async fn an_outage_with_rabbitmq_loses_nothing() {
    let host = VirtualHost::create().await;
    assert_passed(&["--orders", "100", "--broker", "rabbitmq", "--amqp-url", &host.url]);
}

#[test]
fn a_system_that_is_not_there_is_no_verdict() {
    let (output, text) = drill(&["--url", "http://127.0.0.1:1"]);
    assert!(!output.status.success());
    assert!(text.contains("the drill broke off"), "{text}");
}
