//! A driver on the emulator, with an account of its own.

use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_ec2::config::{BehaviorVersion, Credentials as SdkCredentials, Region};
use aws_sdk_ec2::types::builders::IpPermissionBuilder;
use deltawall_core::{
    Context, Credentials, Deletion, Description, Driver, Error, Filter, Firewall, FirewallId, FirewallName, Member,
    NetworkId, NewFirewall, NewRule, Position, PrefixListId, Protocol, Replacement, RuleId, RuleSet, Source,
};
use deltawall_ec2::{Ec2, Endpoint, Options};
use tokio::runtime::Runtime;

/// A driver with an account of its own.
pub struct Bench {
    pub runtime: Runtime,
    pub driver: Arc<Ec2>,
    pub context: Context,
    pub url: String,
    pub account: String,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        Self::at("DELTAWALL_EC2_STRICT", options)
    }

    /// On an emulator without what EC2 forbids.
    pub fn plain() -> Self {
        Self::at("DELTAWALL_EC2_PLAIN", Options::default())
    }

    fn at(variable: &str, options: Options) -> Self {
        let url = std::env::var(variable)
            .expect("nextest starts the emulator; before cargo test: export $(tests/emulator/start $$)");
        let number = RandomState::new().hash_one(()) % 1_000_000_000_000;
        let account = format!("{number:012}");
        let runtime = Runtime::new().unwrap();
        let endpoints = vec![Endpoint { region: None, url: url.clone() }];
        let driver = Arc::new(Ec2::new([runtime.handle().clone()], Options { endpoints, ..options }).unwrap());
        let context = Self::context("AKIAFULL", &account);
        Self { runtime, driver, context, url, account }
    }

    pub fn context(kind: &str, account: &str) -> Context {
        let key = format!("{kind}{account}");
        Context {
            credentials: Credentials::new(&*key, format!("secret-{key}")),
            provider: None,
            request_id: "test".into(),
            deadline: Instant::now() + Duration::from_secs(30),
            room: None,
        }
    }

    pub fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn create(&self, name: &str) -> Arc<Firewall> {
        self.try_create(name, None).unwrap()
    }

    pub fn try_create(&self, name: &str, network: Option<&str>) -> Result<Arc<Firewall>, Error> {
        let new = NewFirewall {
            name: FirewallName::new(name).unwrap(),
            description: Description::new("made by a test").unwrap(),
            network: network.map(|network| NetworkId::new(network).unwrap()),
        };
        self.run(self.driver.create_firewall(&self.context, new))
    }

    pub fn add(&self, firewall: &str, new: NewRule) -> Result<Arc<Firewall>, Error> {
        self.run(self.driver.create_rule(&self.context, &id(firewall), new, Position::Last))
    }

    pub fn show(&self, firewall: &str) -> Result<Arc<Firewall>, Error> {
        self.run(self.driver.firewall(&self.context, &id(firewall)))
    }

    pub fn list(&self) -> Vec<Arc<Firewall>> {
        self.run(self.driver.firewalls(&self.context, &Filter::default())).unwrap()
    }

    pub fn delete(&self, firewall: &str) -> Result<Deletion, Error> {
        self.run(self.driver.delete_firewall(&self.context, &id(firewall)))
    }

    pub fn delete_rule(&self, firewall: &str, rule: &str) -> Result<(), Error> {
        self.run(self.driver.delete_rule(&self.context, &id(firewall), &RuleId::parse(rule).unwrap()))
    }

    pub fn replace(&self, seen: &Firewall, rules: &[NewRule]) -> Result<Arc<Firewall>, Error> {
        self.replace_as(seen, rules, false)
    }

    pub fn replace_as(&self, seen: &Firewall, rules: &[NewRule], allow_gap: bool) -> Result<Arc<Firewall>, Error> {
        let rules = RuleSet { rules: rules.to_vec(), default: None };
        let replacement = Replacement { seen, rules: &rules, allow_gap };
        self.run(self.driver.replace_rules(&self.context, replacement))
    }

    pub fn members(&self, firewall: &str) -> Result<Vec<Member>, Error> {
        self.run(self.driver.members(&self.context, &id(firewall)))
    }

    /// The same account through the SDK alone.
    pub fn sdk(&self) -> aws_sdk_ec2::Client {
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

    /// The id that EC2 gave a group of the default VPC.
    pub fn group_id(&self, name: &str) -> String {
        let found = self.run(self.sdk().describe_security_groups().group_names(name).send()).unwrap();
        found.security_groups()[0].group_id().unwrap().to_owned()
    }

    /// Adds what the driver would not, past it.
    pub fn authorize(&self, group: &str, permission: IpPermissionBuilder) {
        let call = self.sdk().authorize_security_group_ingress().group_id(self.group_id(group));
        self.run(call.ip_permissions(permission.build()).send()).unwrap();
    }

    /// What the emulator has been asked by this account: action, region and parameters.
    pub fn requests(&self) -> Vec<String> {
        self.ask("GET", &format!("/_calls?account={}", self.account), "").lines().map(str::to_owned).collect()
    }

    /// The actions of these.
    pub fn calls(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.split(' ').next().unwrap().to_owned()).collect()
    }

    /// Makes groups called `g0`, `g1` and so on, past the API.
    pub fn fill(&self, count: usize) {
        self.ask("POST", "/_groups", &format!("account={}&region=us-east-1&count={count}", self.account));
    }

    /// The calls that something makes.
    pub fn calls_of<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<String>) {
        let before = self.calls().len();
        let result = work();
        (result, self.calls().split_off(before))
    }

    pub fn fault(&self, action: &str, kind: &str, times: u32) {
        self.ask("POST", "/_fault", &format!("account={}&action={action}&kind={kind}&times={times}", self.account));
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

pub fn id(text: &str) -> FirewallId {
    FirewallId::new(text).unwrap()
}

pub fn rule(protocol: &str, numbers: Option<(i32, i32)>, sources: &[&str]) -> NewRule {
    let sources = sources.iter().map(|source| match source.starts_with("pl-") {
        true => Source::PrefixList(PrefixListId::new(*source).unwrap()),
        false => Source::Address(source.parse().unwrap()),
    });
    NewRule::new(Protocol::from_parts(protocol, numbers).unwrap(), sources.collect()).unwrap()
}

/// Rules for the group, as they are in it.
pub fn rules_of(firewall: &Firewall) -> Vec<NewRule> {
    RuleSet::of(firewall).unwrap().rules
}

/// What is asked of EC2 to change something.
pub fn changes(calls: &[String]) -> Vec<&str> {
    calls.iter().map(String::as_str).filter(|call| !call.starts_with("Describe")).collect()
}

pub fn ids(firewall: &Firewall) -> Vec<String> {
    firewall.rules.iter().map(|rule| rule.id().to_string()).collect()
}
