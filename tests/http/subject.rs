//! The drivers that the tests of the API run on: the same code, with another driver's name and another login. What else
//! they differ in is said here, once.

use std::collections::BTreeSet;

use crate::emulator::{Account, REGION, STRICT};
use crate::held;
use crate::server::Server;
use crate::wire::{Answer, Connection, MOCK_LOGIN, Request};

/// The account of the in-memory driver's samples.
pub const MOCK_ACCOUNT: &str = "393485797142";

/// One `#[test]` for each of these functions and each driver. One that is left out is dead code, which the lints deny.
macro_rules! on_each_driver {
    ($($test:ident),+ $(,)?) => {
        mod mock {
            $(#[test] fn $test() { $crate::subject::Subject::mock().test(super::$test); })+
        }
        mod ec2 {
            $(#[test] fn $test() { $crate::subject::Subject::ec2().test(super::$test); })+
        }
    };
}
pub(crate) use on_each_driver;

/// A server whose default is the driver to test, with firewalls that no other test sees.
pub struct Subject {
    pub driver: &'static str,
    /// Who owns the firewalls.
    pub account: String,
    /// User and password, in base64.
    pub login: String,
    pub traits: Traits,
    server: Server,
    /// Where there is a cloud, which can be asked what it holds.
    cloud: Option<Account>,
}

/// What clouds differ in.
pub struct Traits {
    /// Whether rules for egress are shown to those alone who ask for them.
    pub hides_egress: bool,
}

impl Subject {
    pub fn mock() -> Self {
        Self {
            driver: "mock",
            account: MOCK_ACCOUNT.to_owned(),
            login: MOCK_LOGIN.to_owned(),
            traits: Traits { hides_egress: false },
            server: Server::start(),
            cloud: None,
        }
    }

    pub fn ec2() -> Self {
        let cloud = Account::on(STRICT);
        Self {
            driver: "ec2",
            account: cloud.number.clone(),
            login: cloud.login(),
            traits: Traits { hides_egress: true },
            server: Server::with(&["-i", "ec2", "--ec2-endpoint", &cloud.url]),
            cloud: Some(cloud),
        }
    }

    /// The same driver as it was at the beginning.
    pub fn anew(&self) -> Self {
        if self.cloud.is_some() { Self::ec2() } else { Self::mock() }
    }

    /// The account of the cloud, where there is one.
    pub fn cloud(&self) -> &Account {
        self.cloud.as_ref().expect("this driver has a cloud")
    }

    /// Runs a test, and looks at everything afterwards.
    pub fn test(self, test: fn(&Self)) {
        test(&self);
        self.check_all();
    }

    /// Both formats say the same; it is what the cloud holds, in its order; and the cloud was asked nothing that the
    /// documented permissions do not cover.
    #[track_caller]
    pub fn check_all(&self) {
        let list = |format: &str| {
            let list = self.send(Request::get(&format!("/api/firewalls?direction=all&format={format}"))).expect(200);
            held::firewalls(&list)
        };
        let told = list("json");
        assert_eq!(list("xml"), told);
        if let Some(cloud) = &self.cloud {
            assert_eq!(told, held::all(cloud, REGION));
            let permitted = permitted_actions();
            for call in cloud.calls() {
                let action = call.split(' ').next().unwrap();
                assert!(permitted.contains(action), "{call} needs a permission that docs/EC2.md does not name");
            }
        }
    }

    /// One request of this driver's user, on a connection of its own. What the answer says of firewalls is what there is.
    #[track_caller]
    pub fn send(&self, request: Request) -> Answer {
        let answer = self.connect().send(request);
        if let Some(cloud) = &self.cloud {
            held::check(&answer, cloud);
        }
        answer
    }

    /// A connection for this driver's user.
    pub fn connect(&self) -> Connection {
        self.server.connect().with_login(&self.login)
    }

    /// Makes a firewall that has this name, which is its id too.
    #[track_caller]
    pub fn create(&self, name: &str) -> Answer {
        self.send(Request::post("/api/firewalls").multipart(&[("name", name), ("description", "d")])).expect(201)
    }

    /// The firewalls of `fixtures/mock.toml`. EC2 has its own group called `default`, which is made to hold the same rule.
    pub fn with_samples(self) -> Self {
        if self.cloud.is_some() {
            let add = |name: &str, rule: &str| {
                let rules = Request::post(&format!("/api/firewalls/{name}/rules"));
                self.send(rules.form(&format!("protocol=tcp&port_from=22&port_to=22&{rule}"))).expect(201);
            };
            let create = |form: &str| self.send(Request::post("/api/firewalls").form(form)).expect(201);
            add("default", "ip_address1=87.228.192.251");
            create("name=test&description=this+is+just+a+test");
            add("test", &format!("group1=default&group1owner={}&ip_address1=10.1.2.3/24", self.account));
            create("name=new_firewall&description=new_one");
        }
        self
    }

    /// Makes so many firewalls, called `g0`, `g1` and so on.
    pub fn fill(&self, count: usize) {
        match &self.cloud {
            Some(cloud) => cloud.fill(count),
            None => std::thread::scope(|scope| {
                for half in 0..2 {
                    let mut connection = self.connect();
                    scope.spawn(move || {
                        for n in (0..count).filter(|n| n % 2 == half) {
                            let target = format!("/api/firewalls?name=g{n}&description=made+by+a+test");
                            connection.send(Request::post(&target)).expect(201);
                        }
                    });
                }
            }),
        }
    }

    /// Does something that the cloud must hear nothing of.
    #[track_caller]
    pub fn unheard(&self, work: impl FnOnce()) {
        let calls = || self.cloud.as_ref().map(Account::calls);
        let before = calls();
        work();
        assert_eq!(calls(), before);
    }

    /// What a snapshot of this driver's answer is called.
    pub fn named(&self, name: &str) -> String {
        if self.cloud.is_some() { format!("{name}_{}", self.driver) } else { name.to_owned() }
    }

    /// The answer as it came, but with the account of the samples, and zeros for what EC2 makes up.
    pub fn text(&self, answer: &Answer) -> String {
        let mut text = answer.text().replace(&self.account, MOCK_ACCOUNT);
        if self.cloud.is_some() {
            for start in ["vpc-", "sg-", "REQUEST ID="] {
                text = without_ids(start, &text);
            }
        }
        text
    }
}

/// The text with zeros for each id that starts so.
fn without_ids(start: &str, text: &str) -> String {
    let mut parts = text.split(start);
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
        plain.push_str(start);
        plain.push_str(&part[..end].replace(|c: char| c != '-', "0"));
        plain.push_str(&part[end..]);
    }
    plain
}

/// The actions that the policy in docs/EC2.md allows.
fn permitted_actions() -> BTreeSet<String> {
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/EC2.md")).unwrap();
    let policy = document.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().trim_start_matches("ec2:").to_owned()).collect()
}
