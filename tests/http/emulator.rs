//! The emulator of EC2 that `tests/emulator/start` starts: an account that no other test uses, and what the emulator says of it behind
//! EC2's API. `tests/emulator/ec2.py` describes it.

use std::hash::{BuildHasher, RandomState};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::wire::{Answer, Connection, Request};

/// The emulator that behaves as EC2 does, and the one that is moto with what no driver could be tested without.
pub const STRICT: &str = "DELTAWALL_EC2_STRICT";
pub const PLAIN: &str = "DELTAWALL_EC2_PLAIN";

/// The region where a client chooses none.
pub const REGION: &str = "us-east-1";

pub struct Account {
    pub url: String,
    pub number: String,
}

impl Account {
    /// An account of its own on the emulator that this variable names.
    pub fn on(variable: &str) -> Self {
        let url = std::env::var(variable)
            .expect("nextest starts the emulator; before cargo test: export $(tests/emulator/start $$)");
        // None begins with a zero, which no number in JSON does.
        let number = 100_000_000_000 + RandomState::new().hash_one(()) % 900_000_000_000;
        Self { url, number: number.to_string() }
    }

    /// Access key and secret of somebody who may do everything, in base64.
    pub fn login(&self) -> String {
        self.login_of("AKIAFULL")
    }

    /// The same for another kind of key, such as one that may only read.
    pub fn login_of(&self, kind: &str) -> String {
        let (key, secret) = self.keys_of(kind);
        BASE64_STANDARD.encode(format!("{key}:{secret}"))
    }

    /// Access key and secret of this kind.
    pub fn keys_of(&self, kind: &str) -> (String, String) {
        let key = format!("{kind}{}", self.number);
        let secret = format!("secret-{key}");
        (key, secret)
    }

    /// What was asked in this account: action, region and parameters.
    pub fn calls(&self) -> Vec<String> {
        let answer = self.ask(Request::get(&format!("/_calls?account={}", self.number)));
        answer.body.lines().map(str::to_owned).collect()
    }

    /// What EC2 holds in this account, read past its API.
    pub fn holdings(&self, region: &str) -> Value {
        let answer = self.ask(Request::get(&format!("/_groups?account={}&region={region}", self.number)));
        serde_json::from_str(&answer.body).unwrap()
    }

    /// Makes groups called `g0`, `g1` and so on.
    pub fn fill(&self, count: usize) {
        let form = format!("account={}&region={REGION}&count={count}", self.number);
        self.ask(Request::post("/_groups").form(&form));
    }

    /// Makes a VPC, and gives its id.
    pub fn create_vpc(&self) -> String {
        let form = format!("account={}&region={REGION}", self.number);
        self.ask(Request::post("/_vpcs").form(&form)).body
    }

    /// Makes the next calls of an action fail.
    pub fn fault(&self, action: &str, kind: &str, times: u32) {
        let form = format!("account={}&action={action}&kind={kind}&times={times}", self.number);
        self.ask(Request::post("/_fault").form(&form));
    }

    /// Takes back what faults are still to come.
    pub fn forgive(&self) {
        self.ask(Request::post("/_forgive").form(&format!("account={}", self.number)));
    }

    fn ask(&self, request: Request) -> Answer {
        let address = self.url.trim_start_matches("http://").parse().unwrap();
        Connection::to(address).send(request).expect(200)
    }
}
