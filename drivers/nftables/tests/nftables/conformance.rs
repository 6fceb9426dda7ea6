//! The suite that every driver passes, on the kernel.

use std::sync::Arc;
use std::time::Duration;

use deltawall_core::conformance::{Subject, context};
use deltawall_core::{Description, FirewallName, NewFirewall};
use deltawall_nftables::Options;

use crate::{kept, namespaces};

fn subject() -> Subject {
    namespaces::enter();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let driver = runtime.block_on(kept::driver(&Arc::default(), Options::default()));
    Subject {
        driver: Arc::new(driver),
        context: kept::me(),
        strangers: vec![context("gateway", "wrong"), context("other", "secret"), context("gateway", "")],
        providers: ["EU-west-1", "Prod_2"],
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
