//! What a request to the gateway takes, beside the same calls made directly with the SDK, on the same EC2 API and in turn. For
//! `tests/bench`:
//!
//! ```text
//! direct GATEWAY EC2 ACCESS_KEY SECRET AUTHORIZATION SECONDS
//! ```
//!
//! A list and one firewall are asked for, for so many seconds each; `docs/EC2.md` says which calls the driver makes for them.
//! It prints the medians, in microseconds. Blocks of requests and blocks of calls alternate, so what drifts on the machine or
//! in the EC2 API meets both alike.

use std::error::Error;
use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Credentials;
use aws_sdk_ec2::types::Filter;
use aws_smithy_http_client::tls;
use tokio::runtime::Runtime;

use connection::{Connection, percentile};

mod connection;

const BLOCK: usize = 10;

/// As the driver makes its own, but once: the driver's clients last for a request each, like the credentials in them.
async fn client(url: &str, access_key: &str, secret: &str) -> Client {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
        .build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .http_client(https)
        .credentials_provider(Credentials::new(access_key, secret, None, None, "client"))
        // A call that had to be repeated is none to compare with.
        .retry_config(RetryConfig::disabled())
        .endpoint_url(url);
    Client::new(&config.load().await)
}

async fn list(ec2: &Client) -> Result<(), Box<dyn Error>> {
    let groups = ec2.describe_security_groups().into_paginator().page_size(1000).items().send();
    let home = ec2.describe_vpcs().filters(Filter::builder().name("is-default").values("true").build()).send();
    let (groups, home) = tokio::join!(groups.try_collect(), home);
    home?;
    if groups?.is_empty() { Err("no groups".into()) } else { Ok(()) }
}

async fn show(ec2: &Client) -> Result<(), Box<dyn Error>> {
    let found = ec2.describe_security_groups().group_names("g7").send().await?;
    if found.security_groups().is_empty() { Err("no group".into()) } else { Ok(()) }
}

/// Does something a block of times, and adds how long it took each time.
fn block(
    times: &mut Vec<Duration>,
    work: &mut impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    for _ in 0..BLOCK {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [gateway, url, access_key, secret, authorization, seconds] = arguments.as_slice() else {
        return Err("direct GATEWAY EC2 ACCESS_KEY SECRET AUTHORIZATION SECONDS".into());
    };
    let runtime = Runtime::new()?;
    let ec2 = runtime.block_on(client(url, access_key, secret));
    let mut connection = Connection::open(gateway)?;
    let length = Duration::from_secs(seconds.parse()?);
    for (what, path) in [("list", "/api/firewalls"), ("show", "/api/firewalls/g7")] {
        let mut ask = || Ok(connection.get(path, authorization)?);
        let mut call = || runtime.block_on(async { if what == "list" { list(&ec2).await } else { show(&ec2).await } });
        // The first blocks open connections and fill caches, and do not count.
        block(&mut Vec::new(), &mut ask)?;
        block(&mut Vec::new(), &mut call)?;
        let (mut through, mut direct) = (Vec::new(), Vec::new());
        let start = Instant::now();
        while start.elapsed() < length {
            block(&mut through, &mut ask)?;
            block(&mut direct, &mut call)?;
        }
        let (through, direct) = (percentile(&mut through, 0.5), percentile(&mut direct, 0.5));
        println!("{what}: gateway={} direct={}", through.as_micros(), direct.as_micros());
    }
    Ok(())
}
