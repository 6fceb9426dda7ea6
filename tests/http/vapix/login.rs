//! Who a client is: Digest and Basic, as devices challenge for them.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use deltawall::config::{Challenge, Config};
use md5::{Digest, Md5};
use serde_json::Value;

use crate::instance::{Instance, file, run};
use crate::server::program;
use crate::vapix::client::{Device, V1};
use crate::wire::{Answer, Connection, Request};

const REALM: &str = "AXIS_ACCC8E000001";

fn md5(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A client of Digest that has been given a nonce.
pub struct Client<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub nonce: String,
}

impl<'a> Client<'a> {
    fn new(user: &'a str, password: &'a str, challenged: &Answer) -> Self {
        Self { user, password, nonce: nonce(challenged) }
    }

    /// The header for a request; without a count in RFC 2069's form.
    fn header(&self, method: &str, target: &str, count: Option<usize>) -> String {
        let Self { user, password, nonce } = self;
        let (ha1, ha2) = (md5(&format!("{user}:{REALM}:{password}")), md5(&format!("{method}:{target}")));
        let (response, more) = match count {
            None => (md5(&format!("{ha1}:{nonce}:{ha2}")), String::new()),
            Some(count) => (
                md5(&format!("{ha1}:{nonce}:{count:08x}:c:auth:{ha2}")),
                format!(r#", qop=auth, nc={count:08x}, cnonce="c""#),
            ),
        };
        format!(
            r#"Digest username="{user}", realm="{REALM}", nonce="{nonce}", uri="{target}", response="{response}"{more}"#
        )
    }

    fn get(&self, target: &str, count: Option<usize>) -> Request {
        Request::get(target).header("Authorization", &self.header("GET", target, count))
    }
}

fn nonce(answer: &Answer) -> String {
    let challenge = answer.header("Www-Authenticate").unwrap();
    challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn challenged(device: &Device) -> Answer {
    Connection::to(device.address).send(Request::get(V1)).expect(401)
}

fn send(device: &Device, request: Request) -> Answer {
    Connection::to(device.address).send(request)
}

#[test]
fn the_challenge_is_that_of_a_device() {
    let challenges = |challenge| {
        let device = Device::with(Config { vapix_challenge: challenge, ..Config::default() });
        let answer = challenged(&device);
        assert_eq!(answer.header("Content-Type"), Some("text/html; charset=iso-8859-1"));
        let all = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"));
        all.map(|(_, value)| value.clone()).collect::<Vec<_>>()
    };
    let basic = format!("Basic realm=\"{REALM}\"");
    let both = challenges(Challenge::Both);
    let digest = |text: &str| {
        let (start, rest) = text.split_once("nonce=\"").unwrap();
        let (nonce, rest) = rest.split_once('"').unwrap();
        assert_eq!(start, format!("Digest realm=\"{REALM}\", "));
        assert_eq!(rest, ", algorithm=MD5, qop=\"auth\"");
        assert_eq!(nonce.len(), 52);
        assert_eq!(nonce.as_bytes()[11], b'=');
    };
    digest(&both[0]);
    assert_eq!(both[1..], *std::slice::from_ref(&basic));
    assert_eq!(challenges(Challenge::Basic), [basic]);
    let only = challenges(Challenge::Digest);
    digest(&only[0]);
    assert_eq!(only.len(), 1);
}

#[test]
fn a_nonce_is_good_for_a_time_and_in_any_order() {
    let device = Device::new();
    let client = Client::new("mockuser", "mockpassword", &challenged(&device));
    for count in [5, 1, 2, 0x1f, 3] {
        send(&device, client.get(V1, Some(count))).expect(200);
    }
    send(&device, client.get(V1, None)).expect(200);
    let target = format!("{V1}/conf?recursive=false&x=%20y");
    send(&device, client.get(&target, Some(6))).expect(200);
    device.passes(300);
    send(&device, client.get(V1, Some(7))).expect(200);
    device.passes(1);
    let stale = send(&device, client.get(V1, Some(8))).expect(401);
    assert!(stale.header("Www-Authenticate").unwrap().ends_with(", qop=\"auth\", stale=true"));
    let again = Client { nonce: nonce(&stale), ..client };
    send(&device, again.get(V1, Some(1))).expect(200);
    // Of a nonce that nobody has issued, only who knows the password is told that it is stale.
    let other = Client { nonce: "x".repeat(52), ..again };
    assert!(send(&device, other.get(V1, Some(1))).header("Www-Authenticate").unwrap().contains("stale=true"));
    let wrong = Client { password: "wrong", ..other };
    assert!(!send(&device, wrong.get(V1, Some(1))).header("Www-Authenticate").unwrap().contains("stale"));
}

#[test]
fn a_change_is_not_made_twice_with_one_answer() {
    let device = Device::new();
    let client = Client::new("mockuser", "mockpassword", &challenged(&device));
    let target = format!("{V1}/activated");
    for count in [Some(1), None] {
        let change = Request::new("PATCH", &target)
            .json("{\"data\":true}")
            .header("Authorization", &client.header("PATCH", &target, count));
        send(&device, change.clone()).expect(200);
        let again = send(&device, change).expect(401);
        assert!(again.header("Www-Authenticate").unwrap().contains("stale=true"));
    }
    let read = client.get(V1, Some(2));
    send(&device, read.clone()).expect(200);
    send(&device, read).expect(200);
}

#[test]
fn who_does_not_know_the_password_is_not_let_in() {
    let device = Device::new();
    let challenge = challenged(&device);
    for (user, password) in [("mockuser", "wrong"), ("nobody", "mockpassword"), ("", "")] {
        send(&device, Client::new(user, password, &challenge).get(V1, Some(1))).expect(401);
    }
    let client = Client::new("mockuser", "mockpassword", &challenge);
    let good = client.header("GET", V1, Some(1));
    for (old, new) in [
        ("AXIS_ACCC8E000001", "AXIS_ACCC8E000002"),
        ("qop=auth", "qop=auth-int"),
        ("nc=00000001", "nc=00000002"),
        ("nc=00000001", "nc=1"),
        ("cnonce=\"c\"", "cnonce=\"d\""),
        ("Digest ", "Bearer "),
        (", nonce", ", algorithm=SHA-256, nonce"),
        (", nonce", ", username=\"mockuser\", nonce"),
        ("username=", "user="),
    ] {
        let header = good.replace(old, new);
        assert_ne!(header, good, "{old}");
        send(&device, Request::get(V1).header("Authorization", &header)).expect(401);
    }
    for header in ["Digest", "Digest ", "Digest =", "Digest a", "Digest a=\"", "Basic x"] {
        send(&device, Request::get(V1).header("Authorization", header)).expect(401);
    }
    let elsewhere = send(&device, Request::get(&format!("{V1}/conf")).header("Authorization", &good)).expect(400);
    assert_eq!(elsewhere.json()["error"]["code"], 5);
    // The header's words may be in any case, and its parameters in any order.
    let mut parts: Vec<_> = good.strip_prefix("Digest ").unwrap().split(", ").collect();
    parts.reverse();
    let header = format!("dIGEST  {},algorithm=md5", parts.join(","));
    send(&device, Request::get(V1).header("Authorization", &header)).expect(200);
}

#[test]
fn parallel_clients_share_a_nonce() {
    let device = Device::new();
    let client = Client::new("mockuser", "mockpassword", &challenged(&device));
    let count = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..20 {
            let (device, client, count) = (&device, &client, &count);
            scope.spawn(move || {
                let mut connection = Connection::to(device.address);
                let target = format!("{V1}/activated");
                for _ in 0..20 {
                    let count = count.fetch_add(1, Ordering::Relaxed) + 1;
                    connection.send(client.get(V1, Some(count))).expect(200);
                    let count = count + 100_000;
                    let header = client.header("PATCH", &target, Some(count));
                    let body = format!("{{\"data\":{}}}", number % 2 == 0);
                    let change = Request::new("PATCH", &target).json(&body).header("Authorization", &header);
                    connection.send(change).expect(200);
                }
            });
        }
    });
}

#[test]
fn curl_finds_its_way_by_itself() {
    let device = Device::new();
    for scheme in ["--anyauth", "--digest", "--basic"] {
        let url = format!("http://{}{V1}/conf/setRules", device.address);
        let body = crate::vapix::client::set(&["10.0.0.1"], 0).to_string();
        let arguments = ["-sS", scheme, "-u", "mockuser:mockpassword", "-H", "Content-Type: application/json"];
        let output = Command::new("curl").args(arguments).args(["-d", &body, &url]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "{\n  \"status\": \"success\"\n}", "{scheme}");
    }
}

/// The gateway's own clients: one that may change things, one that may look, one that has no digest, and one for another driver.
fn with_clients(name: &str) -> (Instance, String) {
    let clients = file(name, "");
    let add = |name: &str, rights: &str, drivers: &str, digest: &[&str]| {
        let arguments = ["clients", "add", &clients, name, "--rights", rights, "--drivers", drivers];
        assert_eq!(run(&[&arguments, digest].concat(), "secret\n").0, Some(0));
    };
    add("admin", "read-write", "*", &["--digest"]);
    add("viewer", "read-only", "mock-nftables", &["--digest", REALM]);
    add("basic", "read-write", "mock-nftables", &[]);
    add("other", "read-write", "fgcp", &["--digest"]);
    let login = ["-i", "mock-nftables", "--user", "mockuser", "--password", "mockpassword", "--clients", &clients];
    (Instance::with(&login), clients)
}

#[test]
fn clients_of_the_gateway_have_their_roles() {
    let (instance, _) = with_clients("vapix-roles");
    let get = |target: &str, user: &str, by_digest: bool| {
        let mut connection = instance.connect();
        let challenge = connection.send(Request::get(target));
        let client = Client::new(user, "secret", &challenge);
        let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{user}:secret"));
        connection.send(match by_digest {
            true => client.get(target, Some(1)),
            false => Request::get(target).login(&basic),
        })
    };
    let discover = "/config/discover/apis.json";
    for by_digest in [true, false] {
        get(V1, "admin", by_digest).expect(200);
        get(discover, "admin", by_digest).expect(200);
        // A viewer may see what there is, and nothing of the firewall.
        get(discover, "viewer", by_digest).expect(200);
        for (target, user) in [(V1, "viewer"), (V1, "other"), (discover, "other")] {
            let refused = get(target, user, by_digest).expect(401);
            assert_eq!(refused.json()["error"]["code"], 3, "{user}");
            assert!(refused.header("Www-Authenticate").is_some());
        }
    }
    get(V1, "basic", false).expect(200);
    get(V1, "basic", true).expect(401);
    get(V1, "nobody", false).expect(401);
    let is_of_nobody = |line: &Value| line["message"] == "login" && line["user"] == "nobody";
    assert_eq!(instance.logged(is_of_nobody)["result"], "failed");
}

#[test]
fn what_digest_needs_stands_in_the_file_of_who_asked_for_it() {
    let (_instance, path) = with_clients("vapix-digests");
    let clients = std::fs::read_to_string(&path).unwrap();
    let line = |name: &str| clients.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let ha1 = md5(&format!("admin:{REALM}:secret"));
    assert!(line("admin").ends_with(&format!(":read-write:*:{REALM}={ha1}")));
    assert!(line("basic").ends_with(":read-write:mock-nftables"));
    let list = program(&["clients", "list", &path]).stdout(Stdio::piped()).output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.contains(&format!("argon2id {REALM}")) && !list.contains(&ha1), "{list}");
    let wrong = ["clients", "add", &path, "x", "--rights", "read-only", "--drivers", "*", "--digest", "a:b"];
    assert_eq!(run(&wrong, "secret\n").0, Some(2));
    let name = ["clients", "add", &path, "ümlaut", "--rights", "read-only", "--drivers", "*", "--digest"];
    assert_eq!(run(&name, "secret\n").0, Some(2));
}

/// What clients call before anything else, with and without credentials.
#[test]
fn what_device_it_is() {
    let device = Device::new();
    let call = |path: &str, body: &str, login: bool| {
        let request = Request::post(path).json(body);
        let request = if login { request.login(crate::vapix::client::LOGIN) } else { request };
        send(&device, request)
    };
    let ready = call("/axis-cgi/systemready.cgi", r#"{"apiVersion":"1.0","method":"systemready"}"#, false).expect(200);
    assert_eq!(ready.header("Content-Type"), Some("application/json; charset=utf8"));
    let start = r#"{"apiVersion": "1.5", "method": "systemready", "data": {"systemready": "yes", "needsetup": "no", "uptime": "0", "bootid": ""#;
    assert!(
        ready.body.starts_with(start) && ready.body.ends_with(r#"", "passphrasepolicy": "none"}}"#),
        "{}",
        ready.body
    );
    let info = "/axis-cgi/basicdeviceinfo.cgi";
    let unrestricted = r#"{"apiVersion":"1.0","method":"getAllUnrestrictedProperties"}"#;
    let json = |answer: Answer| serde_json::from_str::<Value>(&answer.body).unwrap();
    let shown = json(call(info, unrestricted, false).expect(200));
    let properties = shown["data"]["propertyList"].as_object().unwrap();
    let names = [
        "Brand",
        "BuildDate",
        "HardwareID",
        "ProdFullName",
        "ProdNbr",
        "ProdShortName",
        "ProdType",
        "ProdVariant",
        "SerialNumber",
        "Version",
        "WebURL",
    ];
    assert_eq!(properties.keys().collect::<Vec<_>>(), names);
    assert_eq!(properties["SerialNumber"], "ACCC8E000001");
    let all = unrestricted.replace("Unrestricted", "");
    assert!(call(info, &all, false).expect(401).header("Www-Authenticate").is_some());
    let shown = json(call(info, &all, true).expect(200));
    assert_eq!(shown["data"]["propertyList"].as_object().unwrap().len(), 14);
    let list = json(call("/axis-cgi/apidiscovery.cgi", r#"{"method":"getApiList"}"#, true).expect(200));
    assert_eq!(list["data"]["apiList"][0]["id"], "device-config");
    let unknown = json(call(info, r#"{"method":"x"}"#, false).expect(200));
    assert_eq!(unknown["error"]["code"], 2004);
    assert_eq!(json(call(info, "{", false).expect(200))["error"]["code"], 4000);
    assert_eq!(send(&device, Request::get(info)).expect(405).header("Allow"), Some("POST"));
}
