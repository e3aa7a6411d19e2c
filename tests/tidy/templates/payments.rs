//! Payments: what those are told who take them, and that nobody else may.

use serde_json::json;

use super::{
    functions::{by_package, variables},
    permissions::STRIPE_ACCESS,
    resources, templates, texts,
};
use crate::functions::takes_payments;

/// What they read, and the parameters that it comes from.
const SETTINGS: &[(&str, &str)] = &[
    ("PAYMENT_PROVIDER", "PaymentProvider"),
    ("PAYMENT_MOCK", "PaymentMock"),
    ("PAYMENT_CURRENCY", "PaymentCurrency"),
    ("PAYMENT_RETRY_SECONDS", "PaymentRetrySeconds"),
    ("STRIPE_API_URL", "StripeApiUrl"),
    ("STRIPE_SECRET_ARN", "StripeSecretArn"),
];

#[test]
fn who_takes_payments_knows_the_provider_and_may_read_its_keys_and_nobody_else_does() {
    let paying = takes_payments();
    assert!(paying.contains("reservations-api"), "the search itself works");
    // `!If [UsesStripe, !Ref StripeAccess, !Ref AWS::NoValue]`
    let access = json!(["UsesStripe", STRIPE_ACCESS, "AWS::NoValue"]);
    for (package, deployed) in by_package() {
        let pays = paying.contains(&package);
        for (id, function) in deployed {
            for (setting, parameter) in SETTINGS {
                let told = variables(&function).find(|(name, _)| name == setting);
                let told = told.map(|(_, value)| value.clone());
                assert_eq!(told, pays.then(|| json!(parameter)), "{id}: {setting}");
            }
            let policies = &function.properties["Policies"];
            let given = policies.as_array().into_iter().flatten();
            let given = given.filter(|policy| **policy == access).count();
            assert_eq!(given, usize::from(pays), "{id}");
            let own = texts(policies).into_iter().find(|text| text.contains("StripeSecretArn"));
            assert_eq!(own, None, "{id} is given the keys in another way");
        }
    }
}

#[test]
fn the_keys_are_all_that_stripe_access_opens() {
    let access = &resources()[STRIPE_ACCESS];
    assert_eq!(access.condition.as_deref(), Some("UsesStripe"));
    let expected = json!([{
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "${StripeSecretArn}",
    }]);
    assert_eq!(access.properties["PolicyDocument"]["Statement"], expected);
}

#[test]
fn the_run_that_settles_payments_says_when_one_is_overdue() {
    for (package, deployed) in by_package() {
        for (id, function) in deployed {
            let told = variables(&function).find(|(name, _)| *name == "PAYMENT_OVERDUE_SECONDS");
            assert_eq!(told.is_some(), package == "settle-payments", "{id}");
        }
    }
}

#[test]
fn nobody_is_charged_unless_a_deployment_says_so_and_has_the_keys() {
    for (path, template) in templates() {
        let provider = &template["Parameters"]["PaymentProvider"];
        if provider.is_null() {
            continue;
        }
        assert_eq!(provider["Default"], "mock", "{path}");
        let uses_stripe = json!(["PaymentProvider", "stripe"]);
        assert_eq!(template["Conditions"]["UsesStripe"], uses_stripe, "{path}");
        let rule = &template["Rules"]["StripeNeedsKeys"];
        assert_eq!(rule["RuleCondition"], uses_stripe, "{path}");
        let not_empty = json!([["StripeSecretArn", ""]]);
        assert_eq!(rule["Assertions"][0]["Assert"], not_empty, "{path}");
    }
}
