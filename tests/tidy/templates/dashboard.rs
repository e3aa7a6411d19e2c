//! The dashboard shows what is measured.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{of_kind, texts};
use crate::workspace::read;

#[test]
fn the_dashboard_shows_every_metric_of_waiting_rooms_by_its_name() {
    let code = read("shared/waiting-room/src/metrics.rs");
    let named: BTreeSet<_> = code.split('"').skip(1).step_by(2).collect();
    assert!(named.contains("QueueDepth"), "the search itself works");
    let (_, dashboard) = of_kind("AWS::CloudWatch::Dashboard").next().expect("a dashboard");
    let body = &texts(&dashboard.properties["DashboardBody"])[0];
    let body: Value = serde_json::from_str(body).expect("JSON");
    let searches = texts(&body);
    let shown = searches.iter().filter_map(|search| {
        let rest = search.strip_prefix("SEARCH('{Marquee,function} MetricName=\"")?;
        rest.split('"').next()
    });
    assert_eq!(shown.collect::<BTreeSet<_>>(), named);
}
