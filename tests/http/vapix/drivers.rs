//! What drivers cannot enforce is refused before anything is stored; and which device a request is for.

use std::time::Duration;

use deltawall::config::{Config, Ec2, Kept, StorePlace, VapixDevice};
use deltawall_core::Credentials;
use serde_json::{Value, json};

use crate::emulator::{Account, STRICT};
use crate::instance::{Instance, eventually, file};
use crate::vapix::client::{Device, V1, rule, set};
use crate::wire::{Connection, Request};

/// A device on a security group, of which nothing is there at first but the group.
struct OnEc2 {
    _folder: tempfile::TempDir,
    device: Device,
    account: Account,
}

fn on_ec2(group: &str) -> OnEc2 {
    let account = Account::on(STRICT);
    let (user, password) = account.keys_of("AKIAFULL");
    let folder = tempfile::TempDir::new().unwrap();
    let config = Config {
        driver: "ec2".into(),
        ec2: Ec2 { endpoints: vec![(None, account.url.clone())], ..Ec2::default() },
        credentials: Some(Credentials::new(user, &password)),
        kept: Kept { place: StorePlace::File(folder.path().join("state.db")), ..Kept::default() },
        vapix: vec![VapixDevice {
            driver: "ec2".into(),
            firewall: group.into(),
            is_default: false,
            ..VapixDevice::default()
        }],
        ..Config::default()
    };
    let device = Device::with(config);
    let on_ec2 = OnEc2 { _folder: folder, device, account };
    on_ec2.ask(Request::post("/api/firewalls").form(&format!("name={group}&description=d"))).expect(201);
    on_ec2
}

impl OnEc2 {
    fn ask(&self, request: Request) -> crate::wire::Answer {
        Connection::to(self.device.address).send(request.accept("application/json").header("Host", "localhost"))
    }

    fn write(&self, path: &str, body: &Value) -> crate::wire::Answer {
        self.ask(Request::new("PATCH", &format!("{V1}{path}")).json(&body.to_string()))
    }

    fn set(&self, rules: &[Value], policy: &str, seconds: u64) -> crate::wire::Answer {
        let data = json!({ "rules": rules, "fallbackTime": seconds, "defaultPolicy": policy });
        self.write("/conf/setRules", &json!({ "data": data }))
    }

    /// The sources of the group's rules, with their ports.
    fn in_force(&self, group: &str) -> Vec<String> {
        let firewall = self.ask(Request::get(&format!("/api/firewalls/{group}"))).expect(200).json();
        let of = |rule: &Value| {
            let sources = rule["sources"].as_array().unwrap().iter();
            let addresses: Vec<_> = sources.map(|source| source["address"].as_str().unwrap()).collect();
            format!("{}/{} {}", rule["allow_protocol"].as_str().unwrap(), rule["port_from"], addresses.join(","))
        };
        let mut rules: Vec<_> = firewall["firewall"]["rules"].as_array().unwrap().iter().map(of).collect();
        rules.sort();
        rules
    }
}

#[test]
fn on_ec2_what_only_looks_like_too_much_is_done_and_the_rest_refused() {
    let group = "device";
    let on_ec2 = on_ec2(group);
    let accept = |ip: &str, member: &str, value: Value| {
        let mut one = rule(ip);
        one[member] = value;
        one
    };
    let drop_all = json!({ "ruleType": "FILTER", "filter": { "policy": "DROP" } });
    let drop_one = json!({ "ruleType": "FILTER", "filter": { "policy": "DROP" }, "ip": "10.0.0.9" });
    let limit =
        json!({ "ruleType": "LIMIT", "limit": { "amount": 1, "burst": 1, "period": "DAY", "unit": "PACKETS" } });
    let web = accept("10.0.0.1", "tcpPort", json!(443));
    let both = accept("10.0.0.1", "port", json!({ "portNum": 53, "portType": "BOTH" }));
    let refused = |rules: &[Value], policy: &str| {
        let answer = on_ec2.set(rules, policy, 0).expect(400).json();
        assert_eq!(answer["error"]["code"], 103);
        assert_eq!(answer["error"]["message"], "Invalid request.");
    };
    let all_refused = || {
        refused(&[], "ACCEPT");
        refused(std::slice::from_ref(&web), "ACCEPT");
        refused(&[drop_one.clone(), web.clone()], "DROP");
        refused(&[limit.clone(), web.clone()], "DROP");
        refused(&[accept("10.0.0.1", "mac", json!("00:1B:63:84:45:E6"))], "DROP");
        refused(&[accept("10.0.0.1", "pktType", json!("UNICAST"))], "DROP");
    };
    all_refused();
    // A new device lets the rest in, which EC2 cannot.
    assert_eq!(on_ec2.write("/activated", &json!({ "data": true })).expect(400).json()["error"]["code"], 103);
    on_ec2.set(&[web.clone(), web.clone(), both], "DROP", 0).expect(200);
    assert_eq!(on_ec2.in_force(group), Vec::<String>::new());
    on_ec2.write("/activated", &json!({ "data": true })).expect(200);
    let mut in_force = on_ec2.in_force(group);
    in_force.sort();
    assert_eq!(in_force, ["tcp/\"443\" 10.0.0.1", "tcp/\"53\" 10.0.0.1", "udp/\"53\" 10.0.0.1"]);
    all_refused();
    // Behind a rule that drops everything nothing is tried any more.
    on_ec2
        .set(&[web.clone(), drop_one, drop_all.clone(), accept("10.0.0.2", "tcpPort", json!(1))], "ACCEPT", 0)
        .expect(200);
    assert_eq!(on_ec2.in_force(group), ["tcp/\"443\" 10.0.0.1"]);
    // A trial comes back.
    on_ec2.set(&[accept("10.0.0.3", "tcpPort", json!(22))], "DROP", 30).expect(200);
    assert_eq!(on_ec2.in_force(group), ["tcp/\"22\" 10.0.0.3"]);
    on_ec2.device.passes(30);
    eventually("the old rules are back", || (on_ec2.in_force(group) == ["tcp/\"443\" 10.0.0.1"]).then_some(()));

    // What others change is undone, whoever they are: by the gateway they cannot.
    let form = "protocol=tcp&port_from=25&port_to=25&ip_address1=0.0.0.0/0";
    let kept = on_ec2.ask(Request::post(&format!("/api/firewalls/{group}/rules")).form(form)).expect(409);
    assert_eq!(kept.message(), "The firewall is kept by VAPIX device AXIS_ACCC8E000001. Change its rules there.");
    let other = other_gateway(&on_ec2.account);
    let ask = |request: Request| other.send(request.accept("application/json").header("Host", "localhost"));
    ask(Request::post(&format!("/api/firewalls/{group}/rules")).form(form)).expect(201);
    assert_eq!(on_ec2.in_force(group).len(), 2);
    on_ec2.device.clock.passes(Duration::from_secs(60));
    eventually("it is undone", || (on_ec2.in_force(group) == ["tcp/\"443\" 10.0.0.1"]).then_some(()));
    let changes = on_ec2.ask(Request::get("/api/changes?limit=1")).expect(200).json();
    let change = &changes["changes"][0];
    assert_eq!(change["operation"], "keep_rules");
    assert_eq!(change["why"], "Others had changed what it keeps.");
    assert_eq!(change["user"], "VAPIX device AXIS_ACCC8E000001");
}

fn other_gateway(account: &Account) -> Instance {
    let (user, password) = account.keys_of("AKIAFULL");
    Instance::with(&[
        "-i",
        "ec2",
        "--ec2-endpoint",
        &account.url,
        "--user",
        &user,
        "--password",
        &password,
        "--vapix",
        "none",
    ])
}

#[test]
fn on_fgcp_all_is_refused() {
    let firewall = "UZXC0GRT-ZG8ZJCJ07-S-0001";
    let device = VapixDevice { driver: "fgcp".into(), firewall: firewall.into(), ..VapixDevice::default() };
    let device = Device::with(Config { vapix: vec![device], ..Config::default() });
    let login = |request: Request| Connection::to(device.address).send(request.login(crate::wire::FGCP_LOGIN));
    for body in [
        set(&["10.0.0.1"], 0),
        set(&[], 0),
        json!({ "data": { "rules": [], "fallbackTime": 0, "defaultPolicy": "ACCEPT" } }),
    ] {
        let answer = login(Request::post(&format!("{V1}/conf/setRules")).json(&body.to_string()));
        assert_eq!(answer.expect(400).json()["error"]["code"], 103);
    }
    for value in [true, false] {
        let body = json!({ "data": value }).to_string();
        let answer = login(Request::new("PATCH", &format!("{V1}/activated")).json(&body));
        assert_eq!(answer.expect(400).json()["error"]["code"], 103);
    }
}

#[test]
fn a_device_is_found_by_its_host_and_its_port() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = format!(
        "[[vapix]]\nhost = \"one.test\"\nserial = \"aaaaaaaaaaaa\"\nfirewall = \"mock-nftables/web\"\n\
         [[vapix]]\nport = {port}\nserial = \"BBBBBBBBBBBB\"\nfirewall = \"mock-nftables/host/lab\"\n"
    );
    let config = file("vapix.toml", &text);
    let instance = Instance::with(&["--config", &config, "--vapix", "mock-nftables/device"]);
    let realm = |address: std::net::SocketAddr, host: &str| {
        let answer = Connection::to(address).send(Request::get(V1).header("Host", host)).expect(401);
        answer.header("Www-Authenticate").unwrap().split('"').nth(1).unwrap().to_owned()
    };
    let own = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(realm(instance.address, "one.test"), "AXIS_AAAAAAAAAAAA");
    assert_eq!(realm(instance.address, "ONE.test:8080"), "AXIS_AAAAAAAAAAAA");
    assert_eq!(realm(instance.address, "two.test"), "AXIS_ACCC8E000001");
    assert_eq!(realm(own, "one.test"), "AXIS_BBBBBBBBBBBB");
    assert_eq!(realm(own, "[::1]:80"), "AXIS_BBBBBBBBBBBB");
    let send = |address, path: &str, body: &Value| {
        let request = Request::new("PATCH", &format!("{V1}{path}")).json(&body.to_string());
        Connection::to(address).send(request.login(crate::wire::MOCK_LOGIN)).expect(200)
    };
    send(own, "/conf/setRules", &set(&["10.0.0.7"], 0));
    send(own, "/activated", &json!({ "data": true }));
    let shown = |firewall: &str| {
        let path = format!("/api;driver=mock-nftables;provider=host/firewalls/{firewall}?format=json");
        instance.send(Request::get(&path).on_mock()).expect(200).json()["firewall"].clone()
    };
    // It has no default of its own, so that is its last rule.
    let lab = shown("lab")["rules"].clone();
    assert_eq!(lab[0]["sources"][0]["address"], "10.0.0.7");
    assert_eq!((&lab[1]["rule_action"], lab.as_array().unwrap().len()), (&json!("deny"), 2));
    assert_eq!(shown("web")["rules"].as_array().unwrap().len(), 5);
}

#[test]
fn what_could_not_be_kept_is_refused_at_the_start() {
    let refused = |arguments: &[&str], why: &str| {
        let (code, _, told) = crate::instance::run(&[&["-p", "0"], arguments].concat(), "");
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(why) && told.trim_end().lines().count() == 1, "{told}");
    };
    refused(&["--vapix", "device"], "'device' for --vapix is not DRIVER[/PROVIDER]/FIREWALL");
    refused(&["--vapix", "mock-nftables/"], "is not DRIVER[/PROVIDER]/FIREWALL");
    refused(&["--vapix", "nowhere/x"], "the driver nowhere is not served");
    refused(&["--vapix", "ec2/us-east-1/web"], "give --state FILE");
    let with = |text: &str, why: &str| refused(&["--config", &file("vapix-wrong.toml", text)], why);
    with("[[vapix]]\nfirewall = \"mock/x\"\nserial = \"xyz\"\n", "vapix 1: firewall 'mock/x' has the serial 'xyz'");
    with("[[vapix]]\nfirewall = \"mock/x\"\nhost = \"a b\"\n", "vapix 1: host 'a b' is no host name");
    with("[[vapix]]\nhost = \"a\"\n", "missing field `firewall`");
    let two = |more: &str| format!("[[vapix]]\nfirewall = \"mock/x\"\nhost = \"a\"\n[[vapix]]\n{more}");
    with(&two("firewall = \"mock/y\"\nhost = \"b\"\n"), "two VAPIX devices have the serial ACCC8E000001");
    with(&two("firewall = \"mock/y\"\nhost = \"A\"\nserial = \"ACCC8E000002\"\n"), "by the same host and port");
    with(
        &two("firewall = \"Mock/x\"\nhost = \"b\"\nserial = \"ACCC8E000002\"\n"),
        "two VAPIX devices keep the firewall x",
    );
    // Where its driver is not served, there is no device unless one is asked for.
    let instance = Instance::with(&["-i", "fgcp", "--drivers", "fgcp"]);
    instance.send(Request::get(V1)).expect(404);
    let instance = Instance::with(&["--vapix", "none"]);
    instance.send(Request::get(V1)).expect(404);
}
