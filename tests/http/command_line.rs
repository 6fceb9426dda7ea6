//! What the program tells of itself: the help at the terminal's width, completions, manual pages.

use crate::instance::{file, fixture, run};
use crate::server::program;

/// What the program prints where the terminal is that wide.
fn at_width(columns: &str, arguments: &[&str]) -> String {
    let output = program(arguments).env("COLUMNS", columns).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_help_is_as_wide_as_the_terminal() {
    for columns in ["60", "80", "120"] {
        let help = at_width(columns, &["--help"]);
        let widest = help.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= columns.parse::<usize>().unwrap(), "{widest}: {help}");
        insta::assert_snapshot!(format!("help_{columns}"), help);
    }
}

#[test]
fn the_summary_is_the_ten_options_that_matter_first() {
    let summary = at_width("80", &["-h"]);
    insta::assert_snapshot!("summary", summary);
    let is_option = |line: &&str| line.starts_with("  -") || line.starts_with("      --");
    let options = |help: &str| help.lines().filter(is_option).count();
    assert_eq!(options(&summary), 12, "ten, --help and --version: {summary}");
    let help = at_width("80", &["--help"]);
    let (_, first) = summary.split_once("Options:").unwrap();
    let (first, _) = first.split_once("\n\n").unwrap();
    assert!(help.contains(first), "it begins with them: {help}");
}

#[test]
fn commands_have_help_too() {
    for command in [&["clients"][..], &["clients", "add"], &["check"], &["completions"], &["man"]] {
        let help = at_width("80", &[command, &["--help"]].concat());
        assert!(help.contains(&format!("Usage: deltawall {}", command.join(" "))), "{help}");
        assert!(at_width("80", &[command, &["-h"]].concat()).contains("Usage: "));
    }
}

#[test]
fn shells_complete_what_there_is() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let text = at_width("80", &["completions", shell]);
        for word in ["tls-cert", "mock-data", "clients", "totp"] {
            assert!(text.contains(word), "{shell}: {word}");
        }
    }
    let script = at_width("80", &["completions", "bash"])
        + "COMP_WORDS=(deltawall --tls-c); COMP_CWORD=1; _deltawall deltawall --tls-c deltawall; echo \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "--tls-cert\n");
    let (code, _, error) = run(&["completions", "csh"], "");
    assert_eq!((code, error.lines().count()), (Some(2), 1));
    assert!(error.contains("[possible values: bash, elvish, fish, powershell, zsh]"), "{error}");
}

#[test]
fn there_are_manual_pages() {
    let page = at_width("80", &["man"]);
    assert!(
        page.contains(".TH deltawall 1 ") && page.contains(".SH NFTABLES") && page.contains("API_TLS_CERT"),
        "{page}"
    );
    let mut command = program(&["man"]);
    let output = command.env("API_PASSWORD", "hunter2").env("API_PORT", "31415").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), page, "it is the same wherever it is made");
    let page = at_width("80", &["man", "clients", "add"]);
    assert!(page.contains(".TH deltawall-clients-add 1 ") && page.contains("totp"), "{page}");
    let (code, _, error) = run(&["man", "clients", "ad"], "");
    assert_eq!((code, error.as_str()), (Some(2), "deltawall: there is no command 'clients ad' to have a page\n"));
}

/// All that is in a folder, and when it was last written.
fn folder(path: &std::path::Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap()))
        .collect();
    entries.sort();
    entries
}

#[test]
fn what_would_not_start_is_found_by_a_check() {
    let bad_clients = file("check-clients", "alice:hunter2:read-only:*\n");
    let bad_data = file("check-data.toml", "[[firewalls]]\nname = \"a\"\ndescription = \"\"\n");
    let bad_key = file("check.key", "short");
    std::fs::set_permissions(&bad_key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (state, own) = (file("check.db", ""), ["--user", "u", "--password", "hunter2"]);
    let (first, second) = (fixture("tls/first.pem"), fixture("tls/second.key"));
    for arguments in [
        &["--port", "x"][..],
        &["-i", "azure"],
        &["--mock-data", &bad_data],
        &[&own[..], &["--clients", &bad_clients]].concat(),
        &["-r", "0.0.0.0"],
        &["--tls-cert", &first, "--tls-key", &second],
        &["--public-url", "http://fw.example.com:65536"],
        &["--vapix", "nowhere/device"],
        &["--halo", "nowhere"],
        &["--state", "/nowhere/at/all.db"],
        &["--state", &state, "--state-key", &bad_key],
        &["--state", "postgres://127.0.0.1:1/none", "--state-key", "/nowhere/key"],
        &["--config", "/nowhere/at/all.toml"],
    ] {
        let (code, stdout, stderr) = run(&[&["check"], arguments].concat(), "");
        assert_eq!((code, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
        if !arguments.contains(&"--state") {
            let started = run(arguments, "");
            assert_eq!(started, (code, stdout, stderr), "the start says the same");
        }
    }
}

#[test]
fn a_check_changes_nothing_and_takes_no_port() {
    let running = crate::server::Server::start();
    let place = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{}", std::process::id()));
    std::fs::create_dir(&place).unwrap();
    let port = running.address.port().to_string();
    let state = place.join("state.db").to_str().unwrap().to_owned();
    let arguments = ["-p", &port, "--state", &state];
    let check = || {
        let before = folder(&place);
        let checked = run(&[&["check"], &arguments[..]].concat(), "");
        assert_eq!(folder(&place), before);
        checked
    };
    let good = format!("deltawall would listen on 127.0.0.1:{port} with driver mock, and have ");
    let (code, stdout, stderr) = check();
    assert!(code == Some(0) && stdout.starts_with(&good) && stderr.is_empty(), "{stdout}{stderr}");
    drop(running);
    drop(crate::server::Server::with(&["--state", &state]));
    assert!(folder(&place).len() > 1);
    assert_eq!(check(), (code, stdout, stderr));
    std::fs::remove_dir_all(&place).unwrap();
}
