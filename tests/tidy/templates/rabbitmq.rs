//! The RabbitMQ that the stacks talk to: its virtual host, and who declares what is in it.

use serde_json::json;

use super::{names, of_kind, resources, templates};
use crate::workspace::read;

#[test]
fn every_template_that_knows_the_broker_knows_its_virtual_host() {
    for (path, template) in templates() {
        let parameters = &template["Parameters"];
        if parameters["BrokerEndpoint"].is_null() {
            continue;
        }
        assert_eq!(parameters["BrokerEndpoint"]["Default"], "", "{path}");
        let host = &parameters["BrokerVirtualHost"];
        assert_eq!(host["Default"], "/", "{path}: what a broker of our own has");
        // In the path of a URL, . and .. would be no names.
        assert_eq!(host["AllowedPattern"], "/|[A-Za-z0-9_-][A-Za-z0-9_.-]{0,59}", "{path}");
    }
}

#[test]
fn a_broker_of_our_own_has_one_virtual_host() {
    let platform = &templates()["infra/platform.yaml"];
    let rule = &platform["Rules"]["VirtualHostNeedsBroker"];
    assert_eq!(rule["RuleCondition"], json!([["BrokerVirtualHost", "/"]]), "not /");
    assert_eq!(rule["Assertions"][0]["Assert"], json!([["BrokerEndpoint", ""]]), "not empty");
}

#[test]
fn functions_are_given_the_virtual_host_as_the_path_of_the_endpoint() {
    let endpoint = json!([
        "MakesBroker",
        [0, "Rabbit.AmqpEndpoints"],
        ["HasVirtualHost", "${BrokerEndpoint}/${BrokerVirtualHost}", "BrokerEndpoint"],
    ]);
    let platform = &templates()["infra/platform.yaml"];
    assert_eq!(platform["Outputs"]["BrokerEndpoint"]["Value"], endpoint, "what others import");
    assert_eq!(platform["Conditions"]["HasVirtualHost"], json!([["BrokerVirtualHost", "/"]]));
    let variables = &resources()["DeclareTopology"].properties["Environment"]["Variables"];
    assert_eq!(variables["AMQP_ENDPOINT"], endpoint);
}

#[test]
fn lambda_consumes_in_the_virtual_host_of_the_environment() {
    let mappings = of_kind("AWS::Lambda::EventSourceMapping");
    let mappings: Vec<_> =
        mappings.filter(|(_, mapping)| !mapping.properties["Queues"].is_null()).collect();
    assert!(!mappings.is_empty());
    for (id, mapping) in mappings {
        let access = mapping.properties["SourceAccessConfigurations"].as_array().expect("a list");
        let host = json!({ "Type": "VIRTUAL_HOST", "URI": "BrokerVirtualHost" });
        assert!(access.contains(&host), "{id}: {access:?}");
    }
}

#[test]
fn who_declares_the_topology_knows_where_and_for_whom_and_has_time_to_answer() {
    let resources = resources();
    let (topology, function) = (&resources["Topology"], &resources["DeclareTopology"]);
    assert!(names(&topology.properties["ServiceToken"], "DeclareTopology"));
    // When one of these changes, CloudFormation calls it again.
    assert_eq!(topology.properties["VirtualHost"], "BrokerVirtualHost");
    assert_eq!(topology.properties["Environment"], "Environment");
    assert_eq!(topology.properties["TopologyVersion"], "TopologyVersion");
    assert_eq!(function.properties["Environment"]["Variables"]["ENVIRONMENT"], "Environment");
    // It tries for two minutes.
    let time_out = function.properties["Timeout"].as_u64().expect("seconds");
    assert!(time_out >= 180, "{time_out} s");
    let waited = topology.properties["ServiceTimeout"].as_u64().expect("seconds");
    assert!(waited >= time_out + 60, "CloudFormation waits {waited} s for {time_out} s of work");
}

#[test]
fn the_topology_is_declared_anew_with_each_new_binary_that_declares_it() {
    let deploy = read("localstack/deploy");
    let checked = deploy.find("is not built").expect("a look at whether all functions are built");
    let version = "TopologyVersion=$(cksum <target/lambda/declare-topology/bootstrap";
    let taken = deploy.find(version).expect("the checksum of the binary");
    assert!(checked < taken, "the binary has to be there");
}
