//! Who may depend on what.

use crate::{
    functions::{takes_payments, trigger},
    workspace::{dependencies, packages},
};

/// Every package of the workspace by its name.
fn names() -> impl Iterator<Item = String> {
    packages().into_iter().filter_map(|package| package["name"].as_str().map(str::to_owned))
}

/// All that the rules of the domain need; each of them is pure computation.
const DOMAIN_MAY_USE: &[&str] = &[
    "arrayvec",
    "async-trait",
    "block-buffer",
    "cfg-if",
    "cpufeatures",
    "crypto-common",
    "deranged",
    "digest",
    "getrandom",
    "hybrid-array",
    "itoa",
    "libc",
    "marquee-kernel",
    "marquee-payments-domain",
    "num-conv",
    "num-traits",
    "powerfmt",
    "rust-decimal",
    "sha1-smol",
    "sha2",
    "strum",
    "thiserror",
    "thiserror-impl",
    "time",
    "time-core",
    "time-macros",
    "typenum",
    "uuid",
];

#[test]
fn no_domain_depends_on_a_runtime_an_aws_crate_or_a_broker() {
    let compile_time = ["heck", "proc-macro2", "quote", "strum-macros", "syn", "unicode-ident"];
    let mut domains = 0;
    for name in names().filter(|name| name.ends_with("-domain")) {
        domains += 1;
        let allowed = |used: &str| DOMAIN_MAY_USE.contains(&used) || compile_time.contains(&used);
        let used = dependencies(&name);
        let more: Vec<_> = used.iter().filter(|name| !allowed(name)).collect();
        assert!(more.is_empty(), "{name} must stay pure; it now depends on {more:?}");
    }
    // Payments are no context, but what a context sells by: they have rules and no table.
    let expected = marquee_contexts::CONTEXTS.len() + 1;
    assert_eq!(domains, expected, "each context has its rules in a domain, and so have payments");
}

#[test]
fn no_domain_reads_a_clock_or_opens_anything() {
    for (file, text) in crate::workspace::rust_files() {
        if !(file.contains("/domain/src/") || file.starts_with("shared/kernel/")) {
            continue;
        }
        for word in ["SystemTime::now", "Instant::now", "std::fs", "std::net", "std::env", "tokio"]
        {
            assert!(!text.contains(word), "{file} uses {word}: take it as an argument");
        }
    }
}

/// The functions that sign or verify tickets or passes, by secrets of ours.
const SIGNING: &[&str] = &["queue-api", "queue-socket", "reservations-api"];

/// The functions that post to those who are connected by a WebSocket.
const POSTING: &[&str] = &["admit-visitors", "on-room-event", "push-positions", "queue-socket"];

/// What a function may have only if it says that it works with it.
#[test]
fn a_function_depends_only_on_what_it_uses() {
    let paying = takes_payments();
    for package in packages() {
        let function = &package["metadata"]["function"];
        let name = package["name"].as_str().expect("a name");
        if function.is_null() {
            continue;
        }
        let used = dependencies(name);
        let trigger = trigger(name);
        let http = trigger == "http";
        let payments = paying.contains(name);
        let signs = SIGNING.contains(&name);
        let posts = POSTING.contains(&name);
        let table = ["reads", "writes"]
            .iter()
            .any(|access| function[access].as_array().is_some_and(|tables| !tables.is_empty()));
        let broker = function["publishes"].is_array()
            || ["queue", "stream", "deployment"].contains(&trigger);
        let must_not = [
            ("lapin", broker),
            ("aws-sdk-sns", broker),
            ("aws-sdk-sqs", broker),
            ("aws-sdk-secretsmanager", broker || payments || signs),
            ("aws-sdk-apigatewaymanagement", posts),
            ("axum", http),
            ("utoipa", http),
            ("aws-sdk-dynamodb", table),
            ("jsonwebtoken", signs),
            ("qrcode", name == "reservations-api"),
            ("utoipa-swagger-ui", name == "docs-api"),
            ("marquee-host", false),
            ("marquee-testkit", false),
            ("dynoxide", false),
            ("reqwest", payments || name == "declare-topology"),
            ("rustls-pemfile", false),
            ("openssl", false),
        ];
        for (dependency, allowed) in must_not {
            assert!(allowed || !used.contains(dependency), "{name} drags in {dependency}");
        }
        let others = packages();
        let functions = others.iter().filter(|other| !other["metadata"]["function"].is_null());
        for other in functions.filter_map(|other| other["name"].as_str()) {
            assert!(!used.contains(other), "{name} depends on the function {other}");
        }
    }
}

/// What stands on what, below the functions: a crate uses those of floors below its own and no other.
/// The contexts share a floor, so that none knows another. Passes and payments are below them: any may
/// take some.
const FLOORS: &[&[&str]] = &[
    &["marquee-kernel"],
    &["marquee-payments-domain"],
    &["marquee-*-domain", "marquee-messaging"],
    &["marquee-dynamo"],
    &["marquee-passes", "marquee-payments"],
    &["marquee-<context>", "marquee-lambda"],
    &["marquee-contexts"],
];

fn floor(name: &str) -> Option<usize> {
    let context =
        |name: &str| marquee_contexts::CONTEXTS.iter().any(|context| context.name == name);
    let stands = |pattern: &str| match pattern {
        "marquee-*-domain" => name.ends_with("-domain"),
        "marquee-<context>" => name.strip_prefix("marquee-").is_some_and(context),
        pattern => pattern == name,
    };
    FLOORS.iter().position(|floor| floor.iter().any(|pattern| stands(pattern)))
}

#[test]
fn no_arrow_runs_upwards_and_none_between_contexts() {
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let paths = package["dependencies"].as_array().expect("dependencies").iter();
        let paths = paths.filter_map(|dependency| dependency["path"].as_str());
        let shared = package["manifest_path"].as_str().expect("a path").contains("/shared/");
        if !shared {
            continue;
        }
        for path in paths {
            let outside = path.contains("/functions/") || path.contains("/localstack/");
            assert!(!outside, "{name} depends on {path}");
        }
        // Tests use it, and it whatever they need.
        if name == "marquee-testkit" {
            continue;
        }
        let own = floor(name).unwrap_or_else(|| panic!("{name} stands on no floor"));
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let used = dependency["name"].as_str().expect("a name");
            if dependency["path"].is_null() || dependency["kind"] == "dev" {
                continue;
            }
            assert!(floor(used).is_some_and(|used| used < own), "{name} depends on {used}");
        }
    }
}
