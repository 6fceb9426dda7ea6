//! Who stands behind a group.

use std::net::IpAddr;

use aws_sdk_ec2::types::{Filter, Tag};
use deltawall_core::{ErrorKind, Member};

use crate::bench::Bench;

/// An interface of nobody's with this group, and its address.
fn interface(bench: &Bench, group: &str, description: &str) -> (String, IpAddr) {
    let (sdk, group) = (bench.sdk(), bench.group_id(group));
    bench.run(async {
        let subnet = sdk.describe_subnets().send().await.unwrap();
        let subnet = subnet.subnets()[0].subnet_id().unwrap();
        let call = sdk.create_network_interface().subnet_id(subnet).groups(&group).description(description);
        let made = call.send().await.unwrap();
        let made = made.network_interface().unwrap();
        (made.network_interface_id().unwrap().to_owned(), made.private_ip_address().unwrap().parse().unwrap())
    })
}

/// Instances with this group, the first of which has this name.
fn instances(bench: &Bench, group: &str, count: i32, name: &str) -> Vec<String> {
    let (sdk, group) = (bench.sdk(), bench.group_id(group));
    bench.run(async {
        let run = sdk.run_instances().image_id("ami-12345678").min_count(count).max_count(count);
        let run = run.security_group_ids(group).send().await.unwrap();
        let ids: Vec<_> = run.instances().iter().map(|one| one.instance_id().unwrap().to_owned()).collect();
        let name = Tag::builder().key("Name").value(name).build();
        sdk.create_tags().resources(&ids[0]).tags(name).send().await.unwrap();
        ids
    })
}

#[test]
fn members_are_interfaces_and_the_instances_that_they_are_of() {
    let bench = Bench::new();
    bench.create("web");
    bench.create("other");
    assert_eq!(bench.members("web").unwrap(), []);
    let named = instances(&bench, "web", 1, "web1").remove(0);
    let (id, address) = interface(&bench, "web", "of a load balancer");
    let (plain, _) = interface(&bench, "web", "");
    interface(&bench, "other", "elsewhere");

    let (members, calls) = bench.calls_of(|| bench.members("web").unwrap());
    assert_eq!(calls, ["DescribeSecurityGroups", "DescribeNetworkInterfaces", "DescribeInstances"]);
    let [of_instance, balancer, unnamed] = &members[..] else { panic!("{members:?}") };
    assert_eq!((&of_instance.id, of_instance.name.as_deref()), (&named, Some("web1")));
    assert_eq!(of_instance.state.as_deref(), Some("running"));
    let expected = Member {
        id,
        name: Some("of a load balancer".into()),
        addresses: vec![address],
        state: Some("available".into()),
    };
    assert_eq!((balancer, &unnamed.id, &unnamed.name), (&expected, &plain, &None));

    // Private addresses come before public ones.
    let sdk = bench.sdk();
    let held = sdk.describe_instances().filters(Filter::builder().name("instance-id").values(&named).build());
    let held = bench.run(held.send()).unwrap().reservations()[0].instances()[0].clone();
    let addresses = [held.private_ip_address(), held.public_ip_address()].into_iter().flatten();
    assert_eq!(of_instance.addresses, addresses.map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>());

    bench.run(sdk.stop_instances().instance_ids(&named).send()).unwrap();
    assert_eq!(bench.members("web").unwrap()[0].state.as_deref(), Some("stopped"));
    assert_eq!(bench.members("absent").unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn who_may_not_see_instances_sees_the_interfaces() {
    let bench = Bench::new();
    bench.create("web");
    let instance = instances(&bench, "web", 1, "web1").remove(0);
    bench.fault("DescribeInstances", "deny", 1);
    let members = bench.members("web").unwrap();
    assert_eq!((members[0].id.as_str(), members[0].state.as_deref()), (instance.as_str(), Some("in-use")));
    bench.fault("DescribeNetworkInterfaces", "deny", 1);
    assert_eq!(bench.members("web").unwrap_err().kind, ErrorKind::Forbidden);
}

#[test]
fn instances_are_looked_up_two_hundred_at_a_time() {
    let bench = Bench::new();
    bench.create("web");
    instances(&bench, "web", 201, "first");
    let (members, calls) = bench.calls_of(|| bench.members("web").unwrap());
    assert_eq!(members.len(), 201);
    assert_eq!(calls.iter().filter(|call| *call == "DescribeInstances").count(), 2);
    assert!(members.iter().all(|member| member.state.as_deref() == Some("running")), "{members:?}");
}
