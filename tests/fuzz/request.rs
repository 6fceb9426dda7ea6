//! Whatever is asked of the gateway, it answers, and what it answers can be read. What could be made can be shown in every
//! format, and each rule goes by the id that it is shown with.
//!
//! An input is a request as it looks on the wire, but for its lines, which end in LF alone, and for the credentials and the key of the
//! built-in firewalls, which it has unless it brings others.

#![no_main]

use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::rt;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use deltawall::changes::documents::StoredDocuments;
use deltawall::changes::guards::Guards;
use deltawall::changes::{Changes, Parts};
use deltawall::clock::SystemClock;
use deltawall::config::{Challenge, Config};
use deltawall::dialects::Dialects;
use deltawall::gateway::keys::SAMPLE_KEY;
use deltawall::gateway::{Gateway, Registry};
use deltawall::http::serve::{Shared, Worker, serve};
use deltawall::http::stop::Stop;
use deltawall::message::host::Names;
use deltawall::policies::Policies;
use deltawall::store::Memory;
use deltawall::store::seal::Key;
use deltawall_core::{Documents, RuleId};
use libfuzzer_sys::{Corpus, fuzz_target};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

/// Where the rules of a device are, and what sets them.
const DEVICE: &str = "/config/rest/firewall/v1";
const DEVICE_OF_BETA: &str = "/config/rest/firewall/v1beta";
const SET_RULES: &str = "/conf/setRules";

/// The user and password of the built-in firewalls.
const LOGIN: &str = "Basic bW9ja3VzZXI6bW9ja3Bhc3N3b3Jk";

thread_local! {
    static SYSTEM: rt::SystemRunner = rt::System::new();
}

fuzz_target!(|wire: &[u8]| -> Corpus {
    let Some(request) = parse(wire) else { return Corpus::Reject };
    SYSTEM.with(|system| system.block_on(check(request, wire)));
    Corpus::Keep
});

fn parse(wire: &[u8]) -> Option<TestRequest> {
    let end = wire.windows(2).position(|bytes| bytes == b"\n\n")?;
    let (head, body) = (&wire[..end], &wire[end + 2..]);
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, target) = str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    target.parse::<Uri>().ok()?;
    let mut request = TestRequest::with_uri(target)
        .method(Method::from_bytes(method.as_bytes()).ok()?)
        .insert_header((AUTHORIZATION, LOGIN))
        .insert_header(("x-cpauth-access", [SAMPLE_KEY.0, SAMPLE_KEY.1].concat()))
        .set_payload(body.to_vec());
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = match name {
            AUTHORIZATION => request.insert_header((name, value)),
            _ => request.append_header((name, value)),
        };
    }
    Some(request)
}

/// Sends the request to a gateway of its own, so that an input does the same whenever it is run.
async fn check(request: TestRequest, wire: &[u8]) {
    let config = Config::default();
    let store = Arc::new(Memory::default());
    let documents: Arc<dyn Documents> = Arc::new(StoredDocuments(Arc::<Memory>::clone(&store)));
    let registry = Registry::from_config(&config, &documents).expect("the built-in firewalls");
    let gateway = Arc::new(Gateway::new(registry, &config).expect("the default configuration"));
    let (key, _) = Key::random().expect("random numbers");
    let clock = Arc::new(SystemClock::default());
    let parts =
        Parts { gateway: Arc::clone(&gateway), store, key, clock, guards: Guards::default(), keep: config.kept.time };
    let changes = Arc::new(Changes::new(parts, false));
    let policies = Arc::new(Policies::new(&config, &changes).expect("the default device"));
    let shared = Shared {
        dialects: Arc::new(Dialects::new(changes, policies, Challenge::Both, Vec::new())),
        gateway,
        names: Names { scheme: "http", address: None, public_url: None },
        stop: Stop::default(),
    };
    let worker = Rc::new(Worker::new(Arc::new(shared)));
    let status = answer(&worker, request).await.0;
    if sets_rules(wire)
        && status == StatusCode::OK
        && let Some(sent) = sent_rules(wire)
    {
        let (_, body) = answer(&worker, get(&format!("{DEVICE}/conf/rules/activeRules"))).await;
        check_shown(&sent, &body);
    }
    if status != StatusCode::CREATED {
        return;
    }
    for format in ["xml", "html", "json"] {
        let (status, body) = answer(&worker, get(&format!("/api/firewalls?format={format}"))).await;
        assert_eq!(status, StatusCode::OK);
        if format == "json" {
            let all: Value = serde_json::from_slice(&body).expect("JSON");
            // Nobody but its trial changes a firewall that is in one.
            let is_in_trial = |one: &Value| one.get("trial").is_some();
            if !all["firewalls"].as_array().is_some_and(|all| all.iter().any(is_in_trial)) {
                delete_all_rules(&worker, &all).await;
            }
        }
    }
}

/// Whether a request sets the rules of a device, by either version.
fn sets_rules(wire: &[u8]) -> bool {
    let line = wire.split(|byte| *byte == b'\n').next().and_then(|line| str::from_utf8(line).ok());
    let Some((_, target)) = line.and_then(|line| line.split_once(' ')) else { return false };
    let path = target.split('?').next().unwrap_or_default();
    [DEVICE, DEVICE_OF_BETA].iter().any(|device| path.strip_prefix(device) == Some(SET_RULES))
}

/// Whether two values say the same: 80 and 80.0 are one number.
fn are_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| are_same(value, other)))
        }
        _ => one == other,
    }
}

/// The rules in the body of a request that sets them.
fn sent_rules(wire: &[u8]) -> Option<Vec<Value>> {
    let start = wire.windows(2).position(|bytes| bytes == b"\n\n")? + 2;
    let mut body: Value = serde_json::from_slice(&wire[start..]).ok()?;
    serde_json::from_value(body["data"]["rules"].take()).ok()
}

/// That a device has just the rules that it was given: nothing that was said of one was left out, which would make it wider.
fn check_shown(sent: &[Value], body: &[u8]) {
    let shown: Value = serde_json::from_slice(body).expect("JSON");
    let shown = shown["data"].as_array().expect("a list");
    assert_eq!(shown.len(), sent.len());
    for (shown, sent) in shown.iter().zip(sent) {
        for (name, value) in sent.as_object().expect("a rule") {
            assert!(are_same(&shown[name], value), "{name}: {value} became {}", shown[name]);
        }
        for (name, value) in shown.as_object().expect("a rule").iter().filter(|(_, value)| !value.is_null()) {
            assert!(are_same(value, &sent[name]), "{name}: {} became {value}", sent[name]);
        }
    }
}

fn get(target: &str) -> TestRequest {
    TestRequest::with_uri(target).insert_header((AUTHORIZATION, LOGIN))
}

async fn delete_all_rules(worker: &Rc<Worker>, list: &Value) {
    for firewall in list["firewalls"].as_array().expect("a list") {
        for rule in firewall["rules"].as_array().expect("a list") {
            let (firewall, rule) = (firewall["id"].as_str().expect("an id"), rule["id"].as_str().expect("an id"));
            assert!(RuleId::parse(rule).is_ok(), "{rule:?} is no id");
            let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
            let target = format!("/api/firewalls/{}/{}", encoded(firewall), encoded(rule));
            let (status, _) = answer(worker, get(&target).method(Method::DELETE)).await;
            assert_eq!(status, StatusCode::NO_CONTENT, "{rule:?} of {firewall:?} is not found");
        }
    }
}

/// The status and body of the answer, which is whole.
async fn answer(worker: &Rc<Worker>, request: TestRequest) -> (StatusCode, Bytes) {
    let response = serve(request.to_request(), None, Rc::clone(worker)).await;
    let (status, content_type) = (response.status(), response.headers().get(CONTENT_TYPE).cloned());
    assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
    let body = to_bytes(response.into_body()).await.unwrap_or_else(|_| panic!("a body that breaks off"));
    let text = str::from_utf8(&body).expect("UTF-8");
    match content_type.as_ref().map(|value| value.to_str().expect("text")) {
        None => assert_eq!(text, "", "it has no Content-Type"),
        Some("application/xml") => check_xml(text),
        Some("application/json" | "application/json; charset=utf8" | "application/json; charset=utf-8") => {
            drop(serde_json::from_str::<Value>(text).expect("JSON"))
        }
        Some("text/html; charset=utf-8") => {
            assert!(text.starts_with("<!DOCTYPE html>") && text.trim_end().ends_with("</html>"), "{text}");
        }
        Some("text/html; charset=iso-8859-1") => {
            assert!(text.is_ascii() && text.starts_with("<!DOCTYPE HTML"), "{text}")
        }
        Some("text/markdown; charset=utf-8") => {}
        Some("text/css; charset=utf-8" | "text/javascript; charset=utf-8" | "image/svg+xml") => {}
        Some(other) => panic!("a Content-Type of {other}"),
    }
    (status, body)
}

/// That XML 1.0 has no other characters, and that tags, attributes and references are what they should be.
fn check_xml(text: &str) {
    let is_xml = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..) && !matches!(c, '\u{fffe}' | '\u{ffff}');
    assert!(text.chars().all(is_xml), "{text:?}");
    let mut reader = Reader::from_str(text);
    let check_attributes = |tag: BytesStart<'_>| {
        for attribute in tag.attributes() {
            attribute.expect("an attribute").normalized_value(XmlVersion::Explicit1_0).expect("a value");
        }
    };
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} in {text}")) {
            Event::Start(tag) | Event::Empty(tag) => check_attributes(tag),
            Event::GeneralRef(reference) => {
                let is_character = reference.resolve_char_ref().expect("a reference").is_some();
                assert!(is_character || ["amp", "lt", "gt", "apos", "quot"].contains(&&*reference), "{text}");
            }
            Event::Eof => break,
            _ => {}
        }
    }
}
