//! Who sends a request: tokens, and legacy keys.

use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use crate::halo::client::{Account, KEY, LEGACY, text};
use crate::wire::{Answer, Request};

const TOKEN: &str = "/oauth/access_token";

fn basic(key: &str, secret: &str) -> String {
    BASE64_STANDARD.encode(format!("{key}:{secret}"))
}

/// That an answer has a token.
fn token(answer: Answer) -> String {
    let answer = answer.expect(200);
    assert_eq!(answer.header("Cache-Control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(
        body.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["access_token", "token_type", "expires_in", "scope"]
    );
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("bearer"), &json!(900)));
    let token = text(&body["access_token"]);
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    token
}

#[test]
fn each_way_to_ask_for_a_token_gives_one_that_is_good() {
    let account = Account::new();
    let login = basic(KEY.0, KEY.1);
    let with_query = format!("{TOKEN}?grant_type=client_credentials");
    let ways = [
        Request::post(&with_query).login(&login),
        Request::post(TOKEN).login(&login).form("grant_type=client_credentials"),
        Request::post(TOKEN)
            .form(&format!("client_id={}&client_secret={}&grant_type=client_credentials", KEY.0, KEY.1)),
        Request::post(&with_query).login(&format!("{}  ", BASE64_URL_SAFE.encode(format!("{}:{}", KEY.0, KEY.1)))),
        Request::post(&with_query).login(&login).header("Content-Type", "application/json"),
        Request::post(&with_query.replace("/access", "//access")).login(&login),
    ];
    for way in ways {
        let token = token(account.send_bare(way));
        for (scheme, path) in
            [("Bearer", "/v1/firewall_zones"), ("bearer", "/api/1/firewall_zones"), ("BEARER", "/v1//groups/")]
        {
            let request = Request::get(path).header("Authorization", &format!("{scheme} {token}"));
            account.send_bare(request).expect(200);
        }
    }
    for path in ["/api/1/firewall_zones", "/v1/firewall_zones"] {
        account.send_bare(Request::get(path).header("x-cpauth-access", LEGACY)).expect(200);
    }
}

#[test]
fn a_wrong_key_is_401_and_another_grant_is_400() {
    let account = Account::new();
    let with_query = format!("{TOKEN}?grant_type=client_credentials");
    for (key, secret) in [(KEY.0, "x"), ("ffffffff", KEY.1), (KEY.0, ""), ("", KEY.1)] {
        let refused = account.send_bare(Request::post(&with_query).login(&basic(key, secret))).expect(401);
        assert_eq!(refused.json()["error"], "invalid_client");
        assert!(refused.json()["error_description"].is_string());
    }
    account.send_bare(Request::post(&with_query)).expect(401);
    for grant in ["", "?grant_type=password"] {
        let refused =
            account.send_bare(Request::post(&format!("{TOKEN}{grant}")).login(&basic(KEY.0, KEY.1))).expect(400);
        assert_eq!(refused.json()["error"], "unsupported_grant_type");
    }
    account.send_bare(Request::get(&with_query).login(&basic(KEY.0, KEY.1))).expect(404);
}

#[test]
fn logins_are_events_and_failed_ones_push_no_others_out() {
    let account = Account::new();
    let ask = |secret: &str| {
        account.send_bare(Request::post(TOKEN).login(&basic(KEY.0, secret)).form("grant_type=client_credentials"))
    };
    ask(KEY.1).expect(200);
    for _ in 0..8 {
        ask("wrong").expect(401);
    }
    account.send_bare(Request::get("/v1/groups").header("x-cpauth-access", "x")).expect(401);
    let events = account.get("events?per_page=100");
    let told: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect();
    assert_eq!(told, [&["api_login_failure"; 5][..], &["api_login_success"]].concat());
    let (failure, success) = (&events["events"][0], &events["events"][5]);
    assert_eq!((&failure["actor_key_id"], &failure["critical"]), (&json!(KEY.0), &json!(true)));
    assert_eq!(
        (&success["actor_key_label"], &success["actor_ip_address"]),
        (&json!("sample key"), &json!("127.0.0.1"))
    );
    account.clock.passes(Duration::from_secs(600));
    account.send_bare(Request::get("/v1/groups").header("x-cpauth-access", "x")).expect(401);
    assert_eq!(account.get("events")["count"], 7);
}

#[test]
fn who_is_unknown_is_told_nothing_else() {
    let account = Account::new();
    let unknown = [
        Request::get("/v1/firewall_zones"),
        Request::get("/v1/nothing"),
        Request::get("/v1/firewall_zones").header("Authorization", "Bearer 0123456789abcdef0123456789abcdef"),
        Request::get("/v1/firewall_zones").header("Authorization", "Bearer"),
        Request::get("/v1/firewall_zones").header("x-cpauth-access", "0123456789abcdef0123456789abcdef0"),
        Request::get("/v1/firewall_zones").login(&basic(KEY.0, KEY.1)),
        Request::new("PUT", "/v1/firewall_zones/x").body("application/json", "{"),
    ];
    for request in unknown {
        let refused = account.send_bare(request).expect(401);
        assert_eq!(refused.header("Content-Type"), Some("application/json; charset=utf-8"));
        assert_eq!(refused.json()["error"], "invalid_token");
        assert!(refused.json()["error_description"].is_string());
    }
}

#[test]
fn a_token_ends_after_a_quarter_of_an_hour() {
    let account = Account::new();
    let request = format!("{TOKEN}?grant_type=client_credentials");
    let token = token(account.send_bare(Request::post(&request).login(&basic(KEY.0, KEY.1))));
    let zones =
        || account.send_bare(Request::get("/v1/firewall_zones").header("Authorization", &format!("Bearer {token}")));
    account.clock.passes(Duration::from_secs(899));
    zones().expect(200);
    account.clock.passes(Duration::from_secs(1));
    let body: Value = zones().expect(401).json();
    assert_eq!(body["error"], "invalid_token");
}
