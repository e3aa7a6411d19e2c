//! What may be linked in: licences that ask for no more than a notice.

use serde_json::Value;
use spdx::Expression;

use crate::workspace::cargo;

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

#[test]
fn every_dependency_has_a_licence_that_asks_for_no_more_than_a_notice() {
    let metadata = cargo(&["metadata", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("json");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100, "the dependencies were looked at");
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let licence = package["license"].as_str().unwrap_or_default();
        let expression = Expression::parse_mode(licence, spdx::ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{name} has licence {licence:?}: {error}"));
        let allowed = expression.evaluate(|required| {
            let name = required.license.id().map(|id| id.name);
            name.is_some_and(|name| ALLOWED.contains(&name))
        });
        assert!(allowed, "{name} is under {licence}");
    }
}
