//! The suite that every driver passes, on the in-memory driver.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::conformance::{Subject, context};
use deltawall_core::{Description, FirewallName, NewFirewall};
use deltawall_memory::{Memory, SAMPLE_DATA};

fn subject() -> Subject {
    Subject {
        driver: Arc::new(Memory::from_toml(SAMPLE_DATA).unwrap()),
        context: context("mockuser", "mockpassword"),
        strangers: vec![context("mockuser", "mockpasswor"), context("other", "mockpassword"), context("mockuser", "")],
        providers: ["eu-west-1", "Prod_2"],
        new_firewall: |name: FirewallName| NewFirewall {
            name,
            description: Description::new("made by a test").unwrap(),
            network: None,
        },
        known_rule: None,
        settles_within: Duration::ZERO,
    }
}

deltawall_core::conformance_suite!(subject);
