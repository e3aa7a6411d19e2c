//! Who may depend on what.

use crate::workspace::{dependencies, packages};

/// All that the rules of the domain need; each of them is pure computation.
const DOMAIN_MAY_USE: &[&str] = &[
    "arrayvec",
    "async-trait",
    "cfg-if",
    "deranged",
    "getrandom",
    "itoa",
    "libc",
    "num-conv",
    "num-traits",
    "powerfmt",
    "rust-decimal",
    "sha1-smol",
    "thiserror",
    "thiserror-impl",
    "time",
    "time-core",
    "time-macros",
    "uuid",
];

#[test]
fn the_domain_depends_on_no_runtime_no_aws_crate_and_no_broker() {
    let used = dependencies("marquee-domain");
    let compile_time = ["proc-macro2", "quote", "syn", "unicode-ident"];
    let allowed = |name: &str| DOMAIN_MAY_USE.contains(&name) || compile_time.contains(&name);
    let more: Vec<_> = used.iter().filter(|name| !allowed(name)).collect();
    assert!(more.is_empty(), "the domain must stay pure; it now depends on {more:?}");
}

#[test]
fn the_domain_reads_no_clock_and_opens_nothing() {
    for (file, text) in crate::workspace::rust_files() {
        if !file.starts_with("shared/domain/src") {
            continue;
        }
        for word in ["SystemTime::now", "Instant::now", "std::fs", "std::net", "std::env", "tokio"]
        {
            assert!(!text.contains(word), "{file} uses {word}: take it as an argument");
        }
    }
}

/// What a function may have only if it says that it works with it.
#[test]
fn a_function_depends_only_on_what_it_uses() {
    for package in packages() {
        let function = &package["metadata"]["function"];
        let name = package["name"].as_str().expect("a name");
        if function.is_null() {
            continue;
        }
        let used = dependencies(name);
        let http = function["trigger"] == "http";
        let table = ["reads", "writes"]
            .iter()
            .any(|access| function[access].as_array().is_some_and(|tables| !tables.is_empty()));
        let broker = function["publishes"].is_array()
            || ["queue", "deployment"].iter().any(|trigger| function["trigger"] == *trigger);
        let must_not = [
            ("lapin", broker),
            ("aws-sdk-sns", broker),
            ("aws-sdk-sqs", broker),
            ("aws-sdk-secretsmanager", broker || name == "reservations-api"),
            ("axum", http),
            ("utoipa", http),
            ("aws-sdk-dynamodb", table),
            ("jsonwebtoken", name == "reservations-api"),
            ("qrcode", name == "reservations-api"),
            ("utoipa-swagger-ui", name == "docs-api"),
            ("marquee-host", false),
            ("marquee-testkit", false),
            ("dynoxide", false),
            ("reqwest", name == "declare-topology"),
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

#[test]
fn shared_crates_do_not_depend_on_functions_or_on_the_host() {
    for package in packages() {
        let path = package["manifest_path"].as_str().expect("a path");
        if !path.contains("/shared/") {
            continue;
        }
        let name = package["name"].as_str().expect("a name");
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let dependency = dependency["path"].as_str().unwrap_or_default();
            let outside = dependency.contains("/functions/") || dependency.contains("/localstack/");
            assert!(!outside, "{name} depends on {dependency}");
        }
    }
}
