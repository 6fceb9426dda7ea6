//! Network namespaces of a test's own, so that no rule of a test ever judges a packet of the machine's.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::{env, process};

/// Set where the test is in a namespace of its own.
const INSIDE: &str = "DELTAWALL_TEST_NAMESPACE";

/// The providers beside the namespace that the test is in.
pub const PROVIDERS: [&str; 2] = ["eu-west-1", "prod_2"];

/// Goes on in a network namespace of the test's own, with two more for [`PROVIDERS`]. Where the machine allows none, the test
/// ends here: it says so, and so does tests/run at its end.
pub fn enter() {
    if env::var_os(INSIDE).is_none() {
        let Some(flags) = allowed() else {
            let sentence = "the nftables driver on a kernel: this machine allows no network namespaces, or has no nft";
            println!("NOT RUN: {sentence}");
            let list = concat!(env!("CARGO_TARGET_TMPDIR"), "/not-run");
            let mut list = OpenOptions::new().create(true).append(true).open(list).unwrap();
            writeln!(list, "{sentence}").unwrap();
            process::exit(0);
        };
        let program = env::current_exe().unwrap();
        let failed = Command::new("unshare")
            .arg(flags)
            .arg("--")
            .arg(program)
            .args(env::args_os().skip(1))
            .env(INSIDE, "1")
            .exec();
        panic!("{failed}");
    }
    run("mount", &["-t", "tmpfs", "none", "/run"]);
    run("ip", &["link", "set", "lo", "up"]);
    for provider in PROVIDERS {
        run("ip", &["netns", "add", provider]);
    }
}

/// The flags of unshare by which this machine allows a namespace.
fn allowed() -> Option<&'static str> {
    let is_allowed = |flags: &&str| {
        let mut tried = Command::new("unshare");
        tried.args([flags, "--", "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin nft list ruleset"]);
        tried.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    ["-nm", "-Urnm"].into_iter().find(is_allowed)
}

/// Runs a program, which has to succeed.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let path = format!("{}:/usr/sbin:/sbin", env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments).env("PATH", path).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
