//! Answers that no cloud should give: without end, or with the secrets of whoever has asked.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use crate::attacks::peak;
use crate::cloud::ec2;
use crate::faults::message;
use crate::instance::{Instance, eventually};
use crate::server::Server;
use crate::wire::Request;

/// What takes EC2's place. It closes each connection after one answer.
struct Fake {
    url: String,
    calls: Arc<AtomicUsize>,
}

impl Fake {
    /// One that gets each request as text, and answers as it likes.
    fn new(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::<AtomicUsize>::default();
        let (counted, answer) = (Arc::clone(&calls), Arc::new(answer));
        std::thread::spawn(move || {
            for mut client in listener.incoming().map_while(Result::ok) {
                let (calls, answer) = (Arc::clone(&counted), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let Some(request) = message(&mut client) else { return };
                    calls.fetch_add(1, Ordering::SeqCst);
                    answer(&String::from_utf8(request).unwrap(), &mut client);
                });
            }
        });
        Self { url, calls }
    }

    /// One that answers each request with a beginning, and then with the same again and again as long as that is taken.
    fn endless(beginning: &str, rest: &str) -> Self {
        let (beginning, rest) = (beginning.to_owned(), rest.repeat(1 + 64 * 1024 / rest.len()));
        Self::new(move |_, client| {
            let _ = client.write_all(beginning.as_bytes());
            while client.write_all(rest.as_bytes()).is_ok() {}
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

fn whole(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Whatever\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// The URL of a server that answers each request with this JSON.
pub fn serve(json: &str) -> String {
    let answer = whole(200, json).replacen("\r\n", "\r\nContent-Type: application/json\r\n", 1);
    Fake::new(move |_, client| drop(client.write_all(answer.as_bytes()))).url
}

/// How much may be read for one request, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// How much memory that may take, in KiB: it is read, parsed, and made firewalls of.
const MEMORY: u64 = 96 * 1024;

fn server(fake: &Fake, most: usize) -> Server {
    let most = most.to_string();
    Server::with(&["-i", "ec2", "--ec2-endpoint", &fake.url, "--ec2-max-answer", &most])
}

const LIST: &str = "<DescribeSecurityGroupsResponse><securityGroupInfo>";
const GROUP: &str = "<item><groupId>sg-1</groupId><groupName>n</groupName><ownerId>1</ownerId></item>";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

#[test]
fn an_answer_without_end_is_read_up_to_the_limit() {
    let chunk = format!("{:x}\r\n{GROUP}\r\n", GROUP.len());
    for (beginning, rest) in [
        (format!("HTTP/1.1 200 OK\r\n\r\n{LIST}"), GROUP),
        (format!("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n{LIST}"), GROUP),
        (format!("{CHUNKED}{:x}\r\n{LIST}\r\n", LIST.len()), &*chunk),
        (format!("{CHUNKED}ffffffffffff\r\n{LIST}"), GROUP),
        ("HTTP/1.1 400 Bad Request\r\n\r\n<Response>".to_owned(), "<Errors>"),
        ("HTTP/1.1 500 Internal Server Error\r\n\r\n".to_owned(), "nonsense"),
    ] {
        let fake = Fake::endless(&beginning, rest);
        let server = server(&fake, MOST);
        server.send(Request::get("/api").on_mock()).expect(200);
        let before = peak(&server);
        let started = Instant::now();
        let answer = server.send(Request::get("/api/firewalls/web").on_mock()).expect(502);
        assert!(
            answer.message().contains("more than the 8388608 bytes that --ec2-max-answer allows"),
            "{}",
            answer.body
        );
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert_eq!(fake.calls(), 1, "it is not asked for again");
        let grown = peak(&server) - before;
        assert!(grown < MEMORY, "{grown} KiB more for {beginning}");
        // A change that is answered so may have been made.
        let change = Request::post("/api/firewalls").form("name=n&description=d").on_mock();
        let told = server.send(change).expect(502).message();
        assert!(told.contains("--ec2-max-answer") && told.contains("unknown"), "{told}");
        assert_eq!(fake.calls(), 2, "it is not asked for again");
    }
}

/// What is read of EC2 takes its room from what may be held for the client, and gives it back.
#[test]
fn an_answer_that_there_is_no_room_for_is_not_read() {
    let group = GROUP.replace("</item>", "<vpcId>v</vpcId></item>");
    let groups = format!("{LIST}{}</securityGroupInfo></DescribeSecurityGroupsResponse>", group.repeat(20_000));
    let fake = Fake::new(move |request, client| {
        let is_list = request.contains("Action=DescribeSecurityGroups");
        let answer = if is_list { groups.as_str() } else { "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>" };
        let _ = client.write_all(whole(200, answer).as_bytes());
    });
    let instance = |held: &str| Instance::with(&["-i", "ec2", "--ec2-endpoint", &fake.url, "--max-held", held]);
    let list = || Request::get("/api/firewalls?format=xml").on_mock();

    let little = instance("4000000");
    let answer = little.send(list()).expect(503);
    assert!(answer.message().contains("There is no room for EC2's answer"), "{}", answer.body);
    assert_eq!(answer.header("Retry-After"), Some("1"));
    assert_eq!(little.figure(r#"deltawall_rejected_total{limit="held"}"#), Some(1.0));
    let nothing = |of: &Instance| of.figure("deltawall_held_bytes").filter(|held| *held == 0.0);
    eventually("nothing is held", || nothing(&little));

    let enough = instance("40000000");
    enough.send(list()).expect(200);
    eventually("nothing is held", || nothing(&enough));
}

/// These are not read as a body, so other limits end them.
#[test]
fn an_answer_that_does_not_come_to_its_body_takes_no_memory() {
    for (beginning, rest) in [
        ("HTTP/1.1 200 OK\r\n", "X-A: b\r\n"),
        ("HTTP/1.1 200 OK\r\nX-A: ", "b"),
        ("HTTP/1.1 200 ", "OK"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"),
        (&format!("{CHUNKED}1;"), "extension"),
        (&format!("{CHUNKED}0\r\n"), "X-A: b\r\n"),
        (CHUNKED, "0"),
    ] {
        let fake = Fake::endless(beginning, rest);
        let server = Server::with(&["-i", "ec2", "--ec2-endpoint", &fake.url, "--backend-timeout", "3"]);
        server.send(Request::get("/api").on_mock()).expect(200);
        let before = peak(&server);
        let answer = server.send(Request::get("/api/firewalls").on_mock());
        assert!([502, 504].contains(&answer.status), "{beginning}: {}", answer.text());
        let grown = peak(&server) - before;
        assert!(grown < MEMORY, "{grown} KiB more for {beginning}");
    }
}

/// The limit is for all that is read for one request.
#[test]
fn pages_without_end_are_read_up_to_the_limit() {
    let group = GROUP.repeat(1000);
    let pages = AtomicUsize::new(0);
    let fake = Fake::new(move |_, client| {
        let page = pages.fetch_add(1, Ordering::SeqCst);
        let list =
            format!("{LIST}{group}</securityGroupInfo><nextToken>{page}</nextToken></DescribeSecurityGroupsResponse>");
        let _ = client.write_all(whole(200, &list).as_bytes());
    });
    let server = server(&fake, 1_000_000);
    // Each request has the limit for itself, and asks for the default VPC as well.
    for asked in [0, 1] {
        let answer = server.send(Request::get("/api/firewalls").on_mock()).expect(502);
        assert!(answer.message().contains("--ec2-max-answer"), "{}", answer.body);
        let calls = fake.calls() - asked * 13;
        assert!((11..=15).contains(&calls), "{calls}");
    }
}

/// What nests without end is no deeper call of ours.
#[test]
fn an_answer_of_nothing_but_beginnings_is_nonsense() {
    for body in ["<a>".repeat(200_000), format!("{LIST}{}", "<item>".repeat(100_000))] {
        let fake = Fake::new(move |_, client| drop(client.write_all(whole(200, &body).as_bytes())));
        let server = server(&fake, MOST);
        let answer = server.send(Request::get("/api/firewalls").on_mock());
        assert!([200, 502].contains(&answer.status), "{}", answer.text());
        server.send(Request::get("/api").on_mock()).expect(200);
    }
}

const TOKEN: &str =
    "FwoGZXIvYXdzEBYaDH+J/k3vUu_Wq-7RkZzLIAB/cdefGHIjkl+MNOPqrst/uvwxyz0123456789+ABCDEFGHIJ/KLMnopqrSTUV==";

type Spelling = fn(&str) -> String;

/// How a cloud may repeat a text of ASCII.
const SPELLINGS: [(&str, Spelling); 17] = [
    ("as it is", str::to_owned),
    ("in capitals", str::to_uppercase),
    ("percent-encoded", |text| percent_encoded(text, |byte| format!("%{byte:02X}"))),
    ("percent-encoded in small letters", |text| percent_encoded(text, |byte| format!("%{byte:02x}"))),
    ("percent-encoded twice", |text| percent_encoded(text, |byte| format!("%25{byte:02X}"))),
    ("percent-encoded all over", |text| each(text, |byte| format!("%{byte:02X}"))),
    ("as of a form that was not encoded", |text| text.replace('+', " ")),
    ("as XML", |text| each(text, |byte| format!("&#{byte};"))),
    ("as HTML", |text| percent_encoded(text, |byte| format!("&#x{byte:X};"))),
    ("as HTML in XML", |text| text.replace('+', "&amp;plus;").replace('/', "&amp;sol;").replace('=', "&amp;#61;")),
    ("as JSON", |text| text.replace('/', "\\/").replace('+', "\\u002b").replace('=', "\\u003D")),
    ("in lines", |text| text.as_bytes().chunks(20).map(utf8).collect::<Vec<_>>().join("\r\n\t")),
    ("in base64", |text| BASE64_STANDARD.encode(text)),
    ("in base64 of more", |text| BASE64_STANDARD.encode(format!("a:{text}|z"))),
    ("in base64 for URLs", |text| BASE64_URL_SAFE_NO_PAD.encode(format!("ab:{text}?"))),
    ("in hexadecimal", |text| each(text, |byte| format!("{byte:02x}"))),
    ("in bytes", |text| each(text, |byte| format!("{byte:02X} "))),
];

fn each(text: &str, written: fn(u8) -> String) -> String {
    text.bytes().map(written).collect()
}

fn percent_encoded(text: &str, written: fn(u8) -> String) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric().then(|| char::from(byte).to_string());
    text.bytes().map(|byte| plain(byte).unwrap_or_else(|| written(byte))).collect()
}

fn utf8(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What comes after this in a request's head, to the end of the line.
fn after<'a>(request: &'a str, start: &str) -> &'a str {
    let line = request.lines().find_map(|line| line.split_once(start)).unwrap_or_else(|| panic!("{start}: {request}"));
    line.1
}

/// A fake that repeats what comes after `start` in each request, in the spelling that was chosen: as the description of a
/// group, or in a refusal. What it has repeated is noted.
fn echo(start: &'static str, spelling: &Arc<Mutex<Spelling>>) -> (Fake, Arc<Mutex<String>>) {
    let spelling = Arc::clone(spelling);
    let said = Arc::<Mutex<String>>::default();
    let notes = Arc::clone(&said);
    let fake = Fake::new(move |request, client| {
        let spelled = spelling.lock().unwrap()(after(request, start));
        let text = format!("before:{spelled}:after");
        *notes.lock().unwrap() = spelled;
        let answer = if request.contains("Action=DescribeSecurityGroups") && !request.contains("refuse") {
            let item = "<item><groupId>sg-1</groupId><groupName>web</groupName><ownerId>1</ownerId><vpcId>v</vpcId>";
            let group = format!(
                "<DescribeSecurityGroupsResponse><securityGroupInfo>{item}<groupDescription>{text}</groupDescription></item>"
            );
            whole(200, &(group + "</securityGroupInfo></DescribeSecurityGroupsResponse>"))
        } else {
            let error = format!("<Error><Code>InvalidParameterValue</Code><Message>{text}</Message></Error>");
            whole(400, &format!("<Response><Errors>{error}</Errors><RequestID>{text}</RequestID></Response>"))
        };
        let _ = client.write_all(answer.as_bytes());
    });
    (fake, said)
}

/// Nothing of what was said is left between the marks but its padding, or what goes around a secret in base64.
#[track_caller]
fn check_hidden(text: &str, said: &str, case: &str) {
    assert!(text.contains("before:") && text.contains("[hidden]"), "{case}: {said}\n{text}");
    for part in text.split("before:").skip(1) {
        let part = part.split(":after").next().unwrap();
        let left = part.replace("[hidden]", "");
        let letters = left.chars().filter(char::is_ascii_alphabetic).count();
        assert!(letters <= 8, "{case}: {said}\n{text}");
    }
}

/// Asks a gateway whose clients see what EC2 says, and its operator too.
#[track_caller]
fn check_spellings(instance: &Instance, said: &Mutex<String>, spelling: &Mutex<Spelling>, login: &str) {
    for (case, spelled) in SPELLINGS {
        *spelling.lock().unwrap() = spelled;
        let send = |request: Request| {
            let request = request.header("X-Amz-Security-Token", TOKEN).login(login);
            instance.send(request.header("X-Request-Id", &case.replace(' ', "-")))
        };
        let check = |text: &str| check_hidden(text, &said.lock().unwrap(), case);
        check(&send(Request::get("/api/firewalls/web?format=json")).expect(200).body);
        check(&send(Request::get("/api/firewalls/refuse")).expect(502).body);
        check(&send(Request::post("/api/firewalls").form("name=n&description=d")).expect(502).body);
        let is_it = |line: &serde_json::Value| {
            let is_outcome = line["target"] == "deltawall::audit" && line["result"] != "begun";
            is_outcome && line["request_id"] == case.replace(' ', "-")
        };
        check(&instance.logged(is_it).to_string());
    }
}

const SIGNATURE: &str = "Signature=";
const SESSION_TOKEN: &str = "x-amz-security-token: ";

#[test]
fn what_a_client_has_signed_with_is_not_repeated() {
    let spelling = Arc::new(Mutex::new(SPELLINGS[0].1));
    for start in [SIGNATURE, SESSION_TOKEN] {
        let (fake, said) = echo(start, &spelling);
        let instance = Instance::with(&["-i", "ec2", "--ec2-endpoint", &fake.url]);
        check_spellings(&instance, &said, &spelling, "eDp5");
    }
}

#[test]
fn what_the_gateway_has_signed_with_is_not_repeated() {
    let spelling = Arc::new(Mutex::new(SPELLINGS[0].1));
    for start in [SIGNATURE, SESSION_TOKEN] {
        let (fake, said) = echo(start, &spelling);
        let mut command = ec2(&fake.url, &["--ec2-credentials", "ambient", "--public-url", "http://gateway.test:3001"]);
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SESSION_TOKEN", TOKEN);
        command.env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        check_spellings(&Instance::spawn(command), &said, &spelling, "eDp5");
    }
}

/// Which key the gateway has is nobody's business either; and a cloud that has the secret may show that.
#[test]
fn key_and_secret_of_the_gateway_are_not_repeated() {
    let (key, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    let body =
        format!("<Code>{key}</Code><Message>{secret}, {}</Message>", BASE64_STANDARD.encode(format!("{key}:{secret}")));
    let error = format!("<Response><Errors><Error>{body}</Error></Errors></Response>");
    let answer = whole(400, &error).replacen("\r\n", &format!("\r\nx-amzn-requestid: {key}\r\n"), 1);
    let fake = Fake::new(move |_, client| drop(client.write_all(answer.as_bytes())));
    let mut command = ec2(&fake.url, &["--ec2-credentials", "ambient", "--public-url", "http://gateway.test:3001"]);
    command.env("AWS_ACCESS_KEY_ID", key).env("AWS_SECRET_ACCESS_KEY", secret);
    let instance = Instance::spawn(command);
    let told = instance.send(Request::post("/api/firewalls").form("name=n&description=d").header("X-Request-Id", "r"));
    let told = told.expect(502).message();
    assert!(told.starts_with("[hidden]: [hidden], ") && told.contains("\n  REQUEST ID=[hidden]"), "{told}");
    let logged = instance.logged(|line| line["target"] == "deltawall::audit" && line["request_id"] == "r").to_string();
    for text in [&told, &logged] {
        assert!(!text.contains("FODNN7") && !text.contains("FEMI") && !text.contains("UFNJ"), "{text}");
    }
}
