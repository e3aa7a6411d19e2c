//! Payments: what those are told who take them, and that nobody else may.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Resource,
    functions::{by_package, variables},
    of_kind,
    permissions::STRIPE_ACCESS,
    templates, texts,
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

/// What opens Stripe's keys, by the template: each stack that takes payments has its own.
fn accesses() -> BTreeMap<String, (String, Resource)> {
    let policies = of_kind("AWS::IAM::ManagedPolicy");
    let ours = policies.filter(|(id, _)| id.ends_with(STRIPE_ACCESS));
    ours.map(|(id, policy)| (policy.template.clone(), (id, policy))).collect()
}

#[test]
fn who_takes_payments_knows_the_provider_and_may_read_its_keys_and_nobody_else_does() {
    let paying = takes_payments();
    assert!(paying.contains("reservations-api"), "the search itself works");
    let accesses = accesses();
    for (package, deployed) in by_package() {
        let pays = paying.contains(&package);
        for (id, function) in deployed {
            for (setting, parameter) in SETTINGS {
                let told = variables(&function).find(|(name, _)| name == setting);
                let told = told.map(|(_, value)| value.clone());
                assert_eq!(told, pays.then(|| json!(parameter)), "{id}: {setting}");
            }
            let policies = &function.properties["Policies"];
            // `!If [UsesStripe, !Ref …StripeAccess, !Ref AWS::NoValue]`
            let access = accesses.get(&function.template);
            let access = access.map(|(name, _)| json!(["UsesStripe", name, "AWS::NoValue"]));
            let access = access.unwrap_or(Value::Null);
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
    let paying = templates().into_iter();
    let paying =
        paying.filter(|(_, template)| !template["Parameters"]["PaymentProvider"].is_null());
    let paying: BTreeSet<_> = paying.map(|(path, _)| path).collect();
    let accesses = accesses();
    assert_eq!(accesses.keys().cloned().collect::<BTreeSet<_>>(), paying);
    for (template, (_, access)) in accesses {
        assert_eq!(access.condition.as_deref(), Some("UsesStripe"), "{template}");
        let expected = json!([{
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "${StripeSecretArn}",
        }]);
        assert_eq!(access.properties["PolicyDocument"]["Statement"], expected, "{template}");
    }
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
