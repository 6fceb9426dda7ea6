//! What is EC2's own, on the emulator that behaves as EC2: through the driver, and checked in the emulator's own record or
//! with the SDK.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_ec2::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use deltawall_core::{
    Account, Context, Credentials, Description, Direction, Driver, Error, ErrorKind, Filter, Firewall, FirewallId,
    FirewallName, Group, NetworkId, NewFirewall, NewRule, PrefixListId, Protocol, RuleId, Source,
};
use deltawall_ec2::{Ec2, Endpoint, Options};
use tokio::runtime::Runtime;

/// A driver with an account of its own.
struct Bench {
    runtime: Runtime,
    driver: Arc<Ec2>,
    context: Context,
    url: String,
    account: String,
}

impl Bench {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        static BENCHES: AtomicU64 = AtomicU64::new(500);
        let url = std::env::var("DELTAWALL_EC2_STRICT").expect("tests/run starts the emulator and sets this variable");
        let number = u64::from(std::process::id()) * 1000 + BENCHES.fetch_add(1, Ordering::Relaxed);
        let account = format!("{number:012}");
        let runtime = Runtime::new().unwrap();
        let endpoints = vec![Endpoint { region: None, url: url.clone() }];
        let driver = Arc::new(Ec2::new(runtime.handle().clone(), Options { endpoints, ..options }));
        let context = Self::context("AKIAFULL", &account);
        Self { runtime, driver, context, url, account }
    }

    fn context(kind: &str, account: &str) -> Context {
        let key = format!("{kind}{account}");
        Context {
            credentials: Credentials::new(&*key, format!("secret-{key}")),
            provider: None,
            request_id: "test".into(),
            deadline: Instant::now() + Duration::from_secs(30),
        }
    }

    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    fn create(&self, name: &str) -> Arc<Firewall> {
        self.try_create(name, None).unwrap()
    }

    fn try_create(&self, name: &str, network: Option<&str>) -> Result<Arc<Firewall>, Error> {
        let new = NewFirewall {
            name: FirewallName::new(name).unwrap(),
            description: Description::new("made by a test").unwrap(),
            network: network.map(|network| NetworkId::new(network).unwrap()),
        };
        self.run(self.driver.create_firewall(&self.context, new))
    }

    fn add(&self, firewall: &str, new: NewRule) -> Result<Arc<Firewall>, Error> {
        self.run(self.driver.create_rule(&self.context, &id(firewall), new))
    }

    fn show(&self, firewall: &str) -> Result<Arc<Firewall>, Error> {
        self.run(self.driver.firewall(&self.context, &id(firewall)))
    }

    fn delete_rule(&self, firewall: &str, rule: &str) -> Result<(), Error> {
        self.run(self.driver.delete_rule(&self.context, &id(firewall), &RuleId::parse(rule).unwrap()))
    }

    /// The same account through the SDK alone.
    fn sdk(&self) -> aws_sdk_ec2::Client {
        let credentials = &self.context.credentials;
        let credentials = SdkCredentials::new(credentials.user(), credentials.password(), None, None, "test");
        let config = aws_sdk_ec2::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .endpoint_url(&self.url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_ec2::Client::from_conf(config)
    }

    /// What the emulator has been asked by this account.
    fn calls(&self) -> Vec<String> {
        let answer = self.ask("GET", &format!("/_calls?account={}", self.account), "");
        answer.split("\r\n\r\n").nth(1).unwrap().lines().map(str::to_owned).collect()
    }

    /// The calls that something makes.
    fn calls_of<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let before = self.calls().len();
        let result = work();
        (result, self.calls().split_off(before))
    }

    fn fault(&self, action: &str, kind: &str, times: u32) {
        self.ask("POST", "/_fault", &format!("account={}&action={action}&kind={kind}&times={times}", self.account));
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn id(text: &str) -> FirewallId {
    FirewallId::new(text).unwrap()
}

fn rule(protocol: &str, numbers: Option<(i32, i32)>, sources: &[&str]) -> NewRule {
    let sources = sources.iter().map(|source| match source.starts_with("pl-") {
        true => Source::PrefixList(PrefixListId::new(*source).unwrap()),
        false => Source::Address(source.parse().unwrap()),
    });
    NewRule::new(Protocol::from_parts(protocol, numbers).unwrap(), sources.collect()).unwrap()
}

fn ids(firewall: &Firewall) -> Vec<String> {
    firewall.rules.iter().map(|rule| rule.id().to_string()).collect()
}

#[test]
fn groups_of_the_default_vpc_go_by_name_and_others_by_id() {
    let bench = Bench::new();
    let vpc = bench.run(bench.sdk().create_vpc().cidr_block("10.9.0.0/16").send()).unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    let (here, there) = (bench.create("web"), bench.try_create("web", Some(&vpc)).unwrap());
    assert_eq!(here.id.as_str(), "web");
    assert!(there.id.as_str().starts_with("sg-"), "{:?}", there.id);
    assert_eq!(there.name, here.name);
    assert_eq!(bench.show("web").unwrap(), here);
    assert_eq!(bench.show(there.id.as_str()).unwrap(), there);

    // The group of the default VPC is found by its id too, and is the same.
    let group = bench.run(bench.sdk().describe_security_groups().group_names("web").send()).unwrap();
    let group_id = group.security_groups()[0].group_id().unwrap().to_owned();
    assert_eq!(bench.show(&group_id).unwrap(), here);
    let all = bench.run(bench.driver.firewalls(&bench.context, &Filter::default())).unwrap();
    assert!(all.contains(&here) && all.contains(&there));

    // A VPC that the operator chooses takes the default one's place.
    let chosen = Bench {
        driver: Arc::new(Ec2::new(
            bench.runtime.handle().clone(),
            Options {
                vpc: Some(NetworkId::new(&*vpc).unwrap()),
                endpoints: vec![Endpoint { region: None, url: bench.url.clone() }],
                ..Options::default()
            },
        )),
        ..bench
    };
    assert_eq!(chosen.show("web").unwrap().id.as_str(), "web");
    assert_eq!(chosen.show(&group_id).unwrap().id.as_str(), group_id);
    assert_eq!(chosen.create("own").id.as_str(), "own");
    let made = chosen.run(chosen.sdk().describe_security_groups().send()).unwrap();
    let made = made.security_groups().iter().find(|group| group.group_name() == Some("own")).unwrap().clone();
    assert_eq!(made.vpc_id(), Some(&*vpc));
}

#[test]
fn every_kind_of_rule_is_made_shown_and_revoked_exactly() {
    let bench = Bench::new();
    bench.create("web");
    let account = &bench.account;
    let before = bench.show("web").unwrap();
    let group = Source::Group(Group { owner: Account::new(&**account).unwrap(), name: before.name.clone() });
    let described = rule("tcp", Some((22, 22)), &["10.1.2.3/24"]).with_description(Description::new("office").ok());
    let from_itself = NewRule::new(Protocol::from_parts("tcp", Some((1, 2))).unwrap(), vec![group]).unwrap();
    for (new, expected) in [
        (described, format!("{account}~tcp~22~22~@address,ipv4,10.1.2.0,24")),
        (
            rule("udp", Some((53, 53)), &["2001:db8::/32", "10.0.0.0/8"]),
            format!("{account}~udp~53~53~@address,ipv4,10.0.0.0,8,@address,ipv6,2001:db8::,32"),
        ),
        (rule("icmp", Some((8, -1)), &["0.0.0.0/0"]), format!("{account}~icmp~8~-1~@address,ipv4,0.0.0.0,0")),
        (rule("-1", None, &["192.0.2.1"]), format!("{account}~-1~~~@address,ipv4,192.0.2.1,32")),
        (rule("tcp", Some((443, 443)), &["pl-12345678"]), format!("{account}~tcp~443~443~@prefix_list,pl-12345678")),
        (
            rule("tcp", Some((25, 25)), &["10.0.0.0/8"]).with_direction(Direction::Egress),
            format!("{account}~tcp~25~25~@address,ipv4,10.0.0.0,8~egress"),
        ),
        (from_itself, format!("{account}~tcp~1~2~@group,{account},web")),
    ] {
        let made = bench.add("web", new.clone()).unwrap();
        let made = made.rules.iter().find(|rule| rule.id().to_string() == expected);
        let made = made.unwrap_or_else(|| panic!("{expected} is in {:?}", ids(&bench.show("web").unwrap())));
        assert_eq!(made.description.as_ref(), new.description());
        bench.delete_rule("web", &expected).unwrap();
        assert_eq!(ids(&bench.show("web").unwrap()), ids(&before));
        let again = bench.delete_rule("web", &expected).unwrap_err();
        assert_eq!((again.kind, again.code.as_deref()), (ErrorKind::NotFound, Some("InvalidPermission.NotFound")));
    }
}

#[test]
fn rules_for_the_same_traffic_are_one_and_go_together() {
    let bench = Bench::new();
    bench.create("web");
    bench.add("web", rule("tcp", Some((80, 80)), &["10.0.0.0/8"])).unwrap();
    bench.add("web", rule("tcp", Some((80, 80)), &["192.0.2.0/24"])).unwrap();
    let account = &bench.account;
    let both = format!("{account}~tcp~80~80~@address,ipv4,10.0.0.0,8,@address,ipv4,192.0.2.0,24");
    assert!(ids(&bench.show("web").unwrap()).contains(&both));
    // Half a rule is no rule.
    let half = bench.delete_rule("web", &format!("{account}~tcp~80~80~@address,ipv4,10.0.0.0,8"));
    assert_eq!(half.unwrap_err().kind, ErrorKind::NotFound);
    bench
        .delete_rule("web", &format!("{account}~tcp~80~80~@address,ipv4,192.0.2.9,24,@address,ipv4,10.9.9.9,8"))
        .unwrap();
}

#[test]
fn names_of_every_allowed_character() {
    let bench = Bench::new();
    for name in ["a b._-:/()#,@[]+=&;{}!$*z", "*", "a*b", "axb"] {
        let made = bench.create(name);
        assert_eq!(bench.show(name).unwrap(), made);
        let group = Source::Group(Group { owner: made.owner.clone().unwrap(), name: made.name.clone() });
        let new = NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![group]).unwrap();
        let changed = bench.add(name, new.clone()).unwrap();
        let rule = changed.rules.iter().find(|rule| rule.content.sources == new.sources()).unwrap();
        bench.delete_rule(name, &rule.id().to_string()).unwrap();
    }
    assert_eq!(bench.try_create("caf\u{e9}", None).unwrap_err().code.as_deref(), Some("InvalidParameterValue"));
    assert_eq!(bench.try_create("sg-web", None).unwrap_err().kind, ErrorKind::Refused);
}

#[test]
fn limits_and_duplicates_are_refused_whole() {
    let bench = Bench::new();
    bench.create("web");
    let sources: Vec<_> = (0..60).map(|n| format!("10.0.{n}.0/24")).collect();
    let sources: Vec<_> = sources.iter().map(String::as_str).collect();
    let full = bench.add("web", rule("tcp", Some((1, 1)), &sources)).unwrap();
    let over = bench.add("web", rule("tcp", Some((2, 2)), &["10.0.0.0/8"])).unwrap_err();
    assert_eq!(over.code.as_deref(), Some("RulesPerSecurityGroupLimitExceeded"));
    assert_eq!(bench.show("web").unwrap(), full);

    bench.create("other");
    let one = bench.add("other", rule("tcp", Some((1, 1)), &["10.0.0.0/8"])).unwrap();
    let twice = bench.add("other", rule("tcp", Some((1, 1)), &["192.0.2.0/24", "10.9.9.9/8"])).unwrap_err();
    assert_eq!((twice.kind, twice.code.as_deref()), (ErrorKind::Refused, Some("InvalidPermission.Duplicate")));
    assert!(twice.message.contains("REQUEST ID="), "{}", twice.message);
    assert_eq!(bench.show("other").unwrap(), one);
}

#[test]
fn who_uses_a_group_is_said_when_it_cannot_be_deleted() {
    let bench = Bench::new();
    for name in ["used", "a", "b"] {
        bench.create(name);
    }
    let group = Group { owner: Account::new(&*bench.account).unwrap(), name: FirewallName::new("used").unwrap() };
    let from = NewRule::new(Protocol::from_parts("tcp", Some((1, 1))).unwrap(), vec![Source::Group(group)]).unwrap();
    bench.add("b", from.clone()).unwrap();
    bench.add("a", from.with_direction(Direction::Egress)).unwrap();
    let sdk = bench.sdk();
    let interface = bench.run(async {
        let group = sdk.describe_security_groups().group_names("used").send().await.unwrap();
        let subnet = sdk.describe_subnets().send().await.unwrap();
        let subnet = subnet.subnets()[0].subnet_id().unwrap();
        let group = group.security_groups()[0].group_id().unwrap();
        let made = sdk.create_network_interface().subnet_id(subnet).groups(group).send().await.unwrap();
        made.network_interface().unwrap().network_interface_id().unwrap().to_owned()
    });
    let error = bench.run(bench.driver.delete_firewall(&bench.context, &id("used"))).unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Refused, Some("DependencyViolation")));
    let account = &bench.account;
    assert!(error.message.contains(&format!("is used by groups: {account}:a, {account}:b")), "{}", error.message);
    assert!(error.message.contains(&format!("is used by network interfaces: {interface}")), "{}", error.message);
    let default = bench.run(bench.driver.delete_firewall(&bench.context, &id("default"))).unwrap_err();
    assert_eq!((default.kind, default.code.as_deref()), (ErrorKind::Refused, Some("CannotDelete")));
}

#[test]
fn credentials_that_expired_lack_a_right_or_go_with_a_token() {
    let bench = Bench::new();
    bench.create("web");
    let temporary = Bench::context("ASIATEMP", &bench.account);
    let with_token = |token: &str| {
        let credentials = temporary.credentials.clone().with_session_token(token);
        Context { credentials, ..temporary.clone() }
    };
    let list = |context: &Context| bench.run(bench.driver.firewalls(context, &Filter::default()));
    assert!(list(&with_token("valid")).is_ok());
    for expired in [&with_token("old"), &temporary] {
        assert_eq!(list(expired).unwrap_err().kind, ErrorKind::Unauthenticated);
        assert_eq!(bench.run(bench.driver.authenticate(expired)).unwrap_err().kind, ErrorKind::Unauthenticated);
    }
    let reader = Bench::context("AKIAREAD", &bench.account);
    assert!(list(&reader).is_ok());
    let denied = bench.run(bench.driver.delete_firewall(&reader, &id("web"))).unwrap_err();
    assert_eq!((denied.kind, denied.code.as_deref()), (ErrorKind::Forbidden, Some("UnauthorizedOperation")));
    assert!(bench.show("web").is_ok());
    assert_eq!(bench.driver.provider("mars-1").unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(bench.show("sg-nonsense").unwrap_err().kind, ErrorKind::NotFound);
}

#[test]
fn each_operation_makes_the_calls_it_needs_and_no_more() {
    let bench = Bench::new();
    let (_, calls) = bench.calls_of(|| bench.create("web"));
    assert_eq!(calls, ["CreateSecurityGroup", "DescribeSecurityGroups"]);
    let (_, calls) = bench.calls_of(|| bench.show("web").unwrap());
    assert_eq!(calls, ["DescribeSecurityGroups"]);
    let (_, calls) = bench.calls_of(|| bench.add("web", rule("tcp", Some((1, 1)), &["10.0.0.0/8", "::/0"])).unwrap());
    assert_eq!(calls, ["DescribeSecurityGroups", "AuthorizeSecurityGroupIngress", "DescribeSecurityGroups"]);
    let rule = format!("{}~tcp~1~1~@address,ipv4,10.0.0.0,8,@address,ipv6,::,0", bench.account);
    let (_, calls) = bench.calls_of(|| bench.delete_rule("web", &rule).unwrap());
    assert_eq!(calls, ["DescribeSecurityGroups", "RevokeSecurityGroupIngress"]);
    let (_, mut calls) =
        bench.calls_of(|| bench.run(bench.driver.firewalls(&bench.context, &Filter::default())).unwrap());
    calls.sort();
    assert_eq!(calls, ["DescribeSecurityGroups", "DescribeVpcs"]);
    let (_, calls) = bench.calls_of(|| bench.run(bench.driver.delete_firewall(&bench.context, &id("web"))).unwrap());
    assert_eq!(calls, ["DescribeSecurityGroups", "DeleteSecurityGroup"]);
}

#[test]
fn a_change_is_repeated_only_where_ec2_has_not_looked_at_it() {
    let bench = Bench::new();
    bench.create("web");
    let add = |port| bench.add("web", rule("tcp", Some((port, port)), &["10.0.0.0/8"]));
    let authorized = |calls: &[String]| calls.iter().filter(|call| call.starts_with("Authorize")).count();

    bench.fault("AuthorizeSecurityGroupIngress", "throttle", 2);
    let (made, calls) = bench.calls_of(|| add(1));
    assert!(made.is_ok());
    assert_eq!(authorized(&calls), 3);

    bench.fault("AuthorizeSecurityGroupIngress", "throttle", 20);
    let (refused, calls) = bench.calls_of(|| add(2));
    let refused = refused.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_deref()), (ErrorKind::Refused, Some("RequestLimitExceeded")));
    assert_eq!(authorized(&calls), 5);

    for (action, kind) in
        [("error", ErrorKind::Unavailable), ("garbage", ErrorKind::Unavailable), ("cut", ErrorKind::Unavailable)]
    {
        let bench = Bench::new();
        bench.create("web");
        bench.fault("AuthorizeSecurityGroupIngress", action, 1);
        let (failed, calls) = bench.calls_of(|| bench.add("web", rule("tcp", Some((3, 3)), &["10.0.0.0/8"])));
        assert_eq!((failed.unwrap_err().kind, authorized(&calls)), (kind, 1), "{action}");
    }
    // What only reads is repeated by the SDK.
    bench.fault("DescribeSecurityGroups", "error", 1);
    assert!(bench.show("web").is_ok());
}

#[test]
fn no_answer_in_time_and_no_server_at_all() {
    let bench = Bench::new();
    bench.create("web");
    bench.fault("DescribeSecurityGroups", "hang", 1);
    let hurried = Context { deadline: Instant::now() + Duration::from_millis(500), ..bench.context.clone() };
    let error = bench.run(bench.driver.firewall(&hurried, &id("web"))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");

    let endpoints = vec![Endpoint { region: None, url: "http://127.0.0.1:9".into() }];
    let nowhere = Ec2::new(bench.runtime.handle().clone(), Options { endpoints, ..Options::default() });
    let error = bench.run(nowhere.firewall(&bench.context, &id("web"))).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
}

#[test]
fn many_groups_are_listed_page_by_page() {
    let bench = Bench::new();
    let sdk = bench.sdk();
    bench.run(async {
        for n in 0..1100 {
            sdk.create_security_group().group_name(format!("g{n}")).description("d").send().await.unwrap();
        }
    });
    let (all, calls) =
        bench.calls_of(|| bench.run(bench.driver.firewalls(&bench.context, &Filter::default())).unwrap());
    assert_eq!(all.len(), 1101, "with the default group");
    assert_eq!(calls.iter().filter(|call| *call == "DescribeSecurityGroups").count(), 2);
}
