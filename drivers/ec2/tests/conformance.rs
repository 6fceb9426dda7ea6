//! The suite that every driver passes, on an EC2 API: moto as it is, and moto with the layer that makes it behave as EC2.
//! `tests/emulator/start` starts both.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use deltawall_core::conformance::{Subject, context};
use deltawall_core::{Description, FirewallName, NewFirewall};
use deltawall_ec2::{Ec2, Endpoint, Options};
use tokio::runtime::Runtime;

/// A driver for the emulator that the variable names, and an account that nobody else uses.
fn subject(variable: &str) -> Subject {
    let url = std::env::var(variable)
        .expect("nextest starts the emulator; before cargo test: export $(tests/emulator/start $$)");
    let account = RandomState::new().hash_one(()) % 1_000_000_000_000;
    let key = format!("AKIAFULL{account:012}");
    // Kept for as long as the test's process lives, as the gateway keeps its own.
    let runtime = Box::leak(Box::new(Runtime::new().unwrap()));
    let options = Options { endpoints: vec![Endpoint { region: None, url }], ..Options::default() };
    Subject {
        driver: Arc::new(Ec2::new([runtime.handle().clone()], options).unwrap()),
        context: context(&key, &format!("secret-{key}")),
        strangers: vec![context(&key, "secret"), context("AKIANOBODY", &format!("secret-{key}"))],
        providers: ["us-east-1", "EU-West-1"],
        new_firewall: |name: FirewallName| NewFirewall {
            name,
            description: Description::new("made by a test").unwrap(),
            network: None,
        },
        known_rule: None,
        settles_within: Duration::ZERO,
    }
}

mod plain {
    fn subject() -> deltawall_core::conformance::Subject {
        super::subject("DELTAWALL_EC2_PLAIN")
    }

    deltawall_core::conformance_suite!(subject);
}

mod strict {
    fn subject() -> deltawall_core::conformance::Subject {
        super::subject("DELTAWALL_EC2_STRICT")
    }

    deltawall_core::conformance_suite!(subject);
}
