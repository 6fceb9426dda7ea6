//! Faults between the gateway and EC2: a proxy that loses, delays, cuts and refuses. For each fault: what the client is told,
//! and in what time; and that a change was made once or not at all, and is never told as failed when it was made.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::emulator::{Account, REGION, STRICT};
use crate::server::Server;
use crate::wire::{Answer, Request};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// EC2 gets it late, and answers.
    Delay,
    /// EC2 never gets it, and the connection is cut.
    Lost,
    /// It is never answered, and EC2 never gets it.
    Hole,
    /// EC2 answers, and the connection is cut before the answer comes.
    AnswerLost,
    /// EC2 answers, and half of that comes before the connection is cut.
    AnswerCut,
    /// EC2 answers, and half of that comes and no more, on a connection that stays.
    AnswerStalls,
    /// EC2's front answers with this status and code, and nothing is done.
    Refusal(u16, &'static str),
}

/// A proxy to the emulator, which has a fault for the next call of one action.
struct Proxy {
    address: SocketAddr,
    plan: Arc<Mutex<Option<(String, Fault, u32)>>>,
}

impl Proxy {
    fn to(url: &str) -> Self {
        let upstream: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::<Mutex<Option<(String, Fault, u32)>>>::default();
        let shared = Arc::clone(&plan);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let plan = Arc::clone(&shared);
                std::thread::spawn(move || serve(client, upstream, &plan));
            }
        });
        Self { address, plan }
    }

    /// The next calls of this action, so many, meet this fault.
    fn plan(&self, action: &str, fault: Fault, times: u32) {
        *self.plan.lock().unwrap() = Some((action.to_owned(), fault, times));
    }
}

/// A whole message of HTTP, with a body as long as its head says; none at the end of the connection.
pub fn message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    let mut byte = [0];
    while !message.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        message.extend(byte);
    }
    let head = String::from_utf8(message.clone()).unwrap().to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    message.extend(body);
    Some(message)
}

fn serve(mut client: TcpStream, upstream: SocketAddr, plan: &Mutex<Option<(String, Fault, u32)>>) {
    while let Some(request) = message(&mut client) {
        let text = String::from_utf8(request.clone()).unwrap();
        let fault = take(plan, &text);
        match fault {
            Some(Fault::Delay) => std::thread::sleep(Duration::from_millis(500)),
            Some(Fault::Lost) => return drop(client.shutdown(Shutdown::Both)),
            Some(Fault::Hole) => return drop(client.read(&mut [0])),
            Some(Fault::Refusal(status, code)) => {
                let body = format!(
                    "<Response><Errors><Error><Code>{code}</Code><Message>Not now.</Message></Error></Errors>\
                     <RequestID>r-1</RequestID></Response>"
                );
                let head = format!("HTTP/1.1 {status} Fault\r\nContent-Length: {}\r\n\r\n", body.len());
                client.write_all((head + &body).as_bytes()).unwrap();
                continue;
            }
            _ => {}
        }
        let mut cloud = TcpStream::connect(upstream).unwrap();
        cloud.write_all(&request).unwrap();
        let answer = message(&mut cloud).unwrap();
        match fault {
            Some(Fault::AnswerLost) => return drop(client.shutdown(Shutdown::Both)),
            Some(Fault::AnswerCut) => {
                client.write_all(&answer[..answer.len() - 40]).unwrap();
                return drop(client.shutdown(Shutdown::Both));
            }
            Some(Fault::AnswerStalls) => {
                client.write_all(&answer[..answer.len() - 40]).unwrap();
                return drop(client.read(&mut [0]));
            }
            _ => client.write_all(&answer).unwrap(),
        }
    }
}

fn take(plan: &Mutex<Option<(String, Fault, u32)>>, request: &str) -> Option<Fault> {
    let mut plan = plan.lock().unwrap();
    let (action, fault, times) = plan.as_mut()?;
    if *times == 0 || !request.contains(&format!("Action={action}&")) {
        return None;
    }
    *times -= 1;
    Some(*fault)
}

/// A gateway behind which is the proxy, behind which is EC2 with an account that only this test has.
struct Setup {
    cloud: Account,
    proxy: Proxy,
    server: Server,
}

const LIMIT: Duration = Duration::from_secs(2);

impl Setup {
    fn new() -> Self {
        let cloud = Account::on(STRICT);
        let proxy = Proxy::to(&cloud.url);
        let endpoint = format!("http://{}", proxy.address);
        let server = Server::with(&["-i", "ec2", "--backend-timeout", "2", "--ec2-endpoint", &endpoint]);
        Self { cloud, proxy, server }
    }

    /// An answer, which comes within the limit and what a slow machine adds to it.
    #[track_caller]
    fn send(&self, request: Request) -> Answer {
        let started = Instant::now();
        let answer = self.server.connect().with_login(&self.cloud.login()).send(request);
        assert!(started.elapsed() < LIMIT + Duration::from_secs(3), "{:?}", started.elapsed());
        answer
    }

    /// The group of this name as EC2 holds it, read past its API.
    fn group(&self, name: &str) -> Option<Value> {
        let holdings = self.cloud.holdings(REGION);
        let mut named =
            holdings["SecurityGroups"].as_array().unwrap().iter().filter(|group| group["GroupName"] == name);
        let group = named.next().cloned();
        assert_eq!(named.next(), None, "{name} is there once or not at all");
        group
    }

    fn calls(&self, action: &str) -> usize {
        self.cloud.calls().iter().filter(|call| call.starts_with(&format!("{action} "))).count()
    }
}

/// Each fault with the status that a change which meets it gets, and whether it was made.
const FAULTS: [(Fault, u16, bool); 9] = [
    (Fault::Delay, 200, true),
    (Fault::Lost, 502, false),
    (Fault::Hole, 504, false),
    (Fault::AnswerLost, 502, true),
    (Fault::AnswerCut, 502, true),
    (Fault::AnswerStalls, 504, true),
    (Fault::Refusal(500, "InternalError"), 502, false),
    (Fault::Refusal(503, "Unavailable"), 502, false),
    (Fault::Refusal(503, "RequestLimitExceeded"), 200, true),
];

/// What a change that met a fault has come to: as expected, and told as it is.
#[track_caller]
fn check(fault: Fault, answer: &Answer, status: u16, expected: bool, made: bool) {
    assert_eq!(made, expected, "{fault:?}: {}", answer.text());
    if status == 200 {
        assert!((200..300).contains(&answer.status), "{fault:?}: {}", answer.text());
        return;
    }
    assert_eq!(answer.status, status, "{fault:?}: {}", answer.text());
    let message = answer.message();
    assert!(
        message.contains("unknown"),
        "{fault:?}: it may have been made, and the message does not say so: {message}"
    );
}

/// Who stands behind a firewall is a call of its own, which an account may not be allowed to make.
#[test]
fn a_page_comes_where_who_stands_behind_the_firewall_cannot_be_told() {
    let setup = Setup::new();
    let page = || setup.send(Request::get("/api/firewalls/default").accept("text/html")).expect(200).body;
    assert!(page().contains("<p>Nobody.</p>"), "{}", page());
    setup.proxy.plan("DescribeNetworkInterfaces", Fault::Refusal(403, "UnauthorizedOperation"), 1);
    let told = page();
    assert!(told.contains("<h1>default</h1>") && told.contains("This could not be told now."), "{told}");
}

#[test]
fn a_firewall_is_made_once_or_not_at_all() {
    let setup = Setup::new();
    for (number, (fault, status, expected)) in FAULTS.into_iter().enumerate() {
        let name = format!("made-{number}");
        setup.proxy.plan("CreateSecurityGroup", fault, 1);
        let answer = setup.send(Request::post("/api/firewalls").form(&format!("name={name}&description=d")));
        check(fault, &answer, status, expected, setup.group(&name).is_some());
    }
    let forwarded = FAULTS.iter().filter(|(_, _, made)| *made).count();
    assert_eq!(setup.calls("CreateSecurityGroup"), forwarded, "none was asked for twice");
}

#[test]
fn a_firewall_is_deleted_once_or_not_at_all() {
    let setup = Setup::new();
    for (number, (fault, status, expected)) in FAULTS.into_iter().enumerate() {
        let name = format!("gone-{number}");
        setup.send(Request::post("/api/firewalls").form(&format!("name={name}&description=d"))).expect(201);
        setup.proxy.plan("DeleteSecurityGroup", fault, 1);
        let answer = setup.send(Request::delete(&format!("/api/firewalls/{name}")));
        check(fault, &answer, status, expected, setup.group(&name).is_none());
    }
}

#[test]
fn a_rule_is_made_and_deleted_once_or_not_at_all() {
    let setup = Setup::new();
    setup.send(Request::post("/api/firewalls").form("name=web&description=d")).expect(201);
    let address = |number: usize| format!("10.{number}.0.0/16");
    let is_there = |number: usize| setup.group("web").unwrap().to_string().contains(&address(number));
    for (number, (fault, status, expected)) in FAULTS.into_iter().enumerate() {
        let port = 1000 + number;
        let rule = format!("protocol=tcp&port_from={port}&port_to={port}&ip_address1={}", address(number));
        setup.proxy.plan("AuthorizeSecurityGroupIngress", fault, 1);
        let answer = setup.send(Request::post("/api/firewalls/web/rules").form(&rule));
        check(fault, &answer, status, expected, is_there(number));
        if !expected {
            setup.send(Request::post("/api/firewalls/web/rules").form(&rule)).expect(201);
        }
        setup.proxy.plan("RevokeSecurityGroupIngress", fault, 1);
        let id = format!("{}~tcp~{port}~{port}~@address,ipv4,10.{number}.0.0,16", setup.cloud.number);
        let answer = setup.send(Request::delete(&format!("/api/firewalls/web/{id}")));
        check(fault, &answer, status, expected, !is_there(number));
    }
}

/// Reads are repeated, so a fault that passes is not noticed.
#[test]
fn looking_again_makes_up_for_what_passes() {
    let setup = Setup::new();
    for (fault, _, _) in FAULTS {
        if matches!(fault, Fault::Hole | Fault::AnswerStalls) {
            continue;
        }
        setup.proxy.plan("DescribeSecurityGroups", fault, 1);
        setup.send(Request::get("/api/firewalls")).expect(200);
    }
    // What does not pass is told within the time there is, which is over before or after the last repetition.
    for fault in [Fault::Hole, Fault::AnswerStalls, Fault::Lost, Fault::AnswerCut] {
        for format in ["xml", "json"] {
            setup.proxy.plan("DescribeSecurityGroups", fault, 100);
            let answer = setup.send(Request::get(&format!("/api/firewalls?format={format}")));
            let hangs = matches!(fault, Fault::Hole | Fault::AnswerStalls);
            assert!(answer.status == 504 || (!hangs && answer.status == 502), "{fault:?}: {}", answer.text());
            assert_eq!(answer.header("Content-Type"), Some(&*format!("application/{format}")));
        }
    }
}

/// A cloud that is down makes its own requests fail, fast, and no others.
#[test]
fn a_cloud_that_is_down_is_nobody_elses_trouble() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Server::with(&["--ec2-endpoint", &format!("http://{free}")]);
    let started = Instant::now();
    let change = Request::post("/api;driver=ec2/firewalls").on_mock().form("name=n&description=d");
    let answer = server.send(change).expect(502);
    assert!(
        answer.message().contains("could not be reached") && !answer.message().contains("unknown"),
        "{}",
        answer.body
    );
    server.send(Request::get("/api;driver=ec2/firewalls").on_mock()).expect(502);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    server.send(Request::get("/api/firewalls").on_mock()).expect(200);
}

#[test]
fn a_region_that_hangs_is_no_other_regions_trouble() {
    let cloud = Account::on(STRICT);
    let hole = TcpListener::bind("127.0.0.1:0").unwrap();
    let hangs = format!("{REGION}=http://{}", hole.local_addr().unwrap());
    let answers = format!("eu-west-1={}", cloud.url);
    let endpoints = ["--ec2-endpoint", &hangs, "--ec2-endpoint", &answers];
    let one_at_a_time = ["-i", "ec2", "--backend-requests", "1", "--backend-queue", "0"];
    let server = Server::with(&[&one_at_a_time[..], &endpoints].concat());
    let list = |region: &str| {
        Request::get(&format!("/api;provider={region}/firewalls"))
            .header("Authorization", &format!("Basic {}", cloud.login()))
    };
    let mut waits = server.connect();
    waits.write(&list(REGION).bytes());
    let _asked = hole.accept().unwrap();
    let answer = server.send(list(REGION)).expect(503);
    assert_eq!(
        answer.message(),
        "Too many requests wait for provider us-east-1 of the ec2 driver. This one was not begun; try again."
    );
    server.send(list("eu-west-1")).expect(200);
}

/// The gateway keeps nothing of its own: what was answered before it was killed is at EC2, and there for its successor.
#[test]
fn what_was_answered_before_a_kill_is_there_after_it() {
    let cloud = Account::on(STRICT);
    let start = || Server::with(&["-i", "ec2", "--ec2-endpoint", &cloud.url]);
    let mut answered: Vec<String> = Vec::new();
    for round in 0..3 {
        let server = start();
        let made = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for client in 0..4 {
                let (address, login, made) = (server.address, cloud.login(), &made);
                scope.spawn(move || {
                    for number in 0..1000 {
                        let name = format!("kill-{round}-{client}-{number}");
                        let form = format!("name={name}&description=d");
                        let request = Request::post("/api/firewalls").form(&form);
                        let request = request.header("Authorization", &format!("Basic {login}"));
                        // The server dies under this.
                        let Ok(mut stream) = TcpStream::connect(address) else { return };
                        let mut first = [0; 12];
                        if stream.write_all(&request.bytes()).is_err() || stream.read_exact(&mut first).is_err() {
                            return;
                        }
                        assert_eq!(&first, b"HTTP/1.1 201");
                        made.lock().unwrap().push(name);
                    }
                });
            }
            while made.lock().unwrap().len() < 20 {
                std::thread::yield_now();
            }
            server.signal("-KILL");
        });
        answered.extend(made.into_inner().unwrap());
        let held = cloud.holdings(REGION).to_string();
        for name in &answered {
            assert!(held.contains(&format!("\"{name}\"")), "{name} was answered, and is not there");
        }
        let server = start();
        let list = server.connect().with_login(&cloud.login()).send(Request::get("/api/firewalls")).expect(200);
        assert!(answered.iter().all(|name| list.body.contains(name)));
    }
}
