//! The commands in README.md, docs/API.md, docs/HALO.md and docs/VAPIX.md, run as they stand there, with the output that is printed there.
//! `UPDATE_DOCS=1 cargo nextest run documentation` writes that output anew.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::server::Server;

/// What the documents say the server's address is.
const ADDRESS: &str = "127.0.0.1:3001";

fn run(command: &str, server: &Server) -> String {
    let address = server.address.to_string();
    let output = Command::new("sh").args(["-c", &command.replace(ADDRESS, &address)]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    text.replace(&address, ADDRESS)
}

/// Runs each `$ command` of the document's `console` blocks, one after the other on one server, and writes what they
/// print in the place of what is printed there.
fn rerun(document: &str) -> String {
    let server = Server::with(&["--fgcp-stop-delay", "60"]);
    let mut rerun = String::new();
    let mut in_block = false;
    for line in document.lines() {
        match line {
            "```console" => in_block = true,
            "```" => in_block = false,
            _ => {}
        }
        let command = line.strip_prefix("$ ").filter(|_| in_block);
        if !in_block || line == "```console" || command.is_some() {
            rerun.push_str(line);
            rerun.push('\n');
        }
        if let Some(command) = command {
            let output = run(command, &server);
            rerun.push_str(&output);
            if !output.is_empty() && !output.ends_with('\n') {
                rerun.push('\n');
            }
        }
    }
    rerun
}

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    let document = fs::read_to_string(&path).unwrap();
    let rerun = rerun(&document);
    assert!(document.contains("\n$ curl "), "{name} has commands");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &rerun).unwrap();
    }
    for (number, (printed, came)) in document.lines().zip(rerun.lines()).enumerate() {
        assert_eq!(printed, came, "{name}:{}", number + 1);
    }
    assert_eq!(document, rerun, "{name}");
}

#[test]
fn the_readmes_commands_print_what_it_says() {
    check("README.md");
}

#[test]
fn the_commands_for_halo_print_what_their_page_says() {
    check("docs/HALO.md");
}

#[test]
fn the_commands_for_devices_print_what_their_page_says() {
    check("docs/VAPIX.md");
}

#[test]
fn the_api_references_commands_print_what_it_says() {
    check("docs/API.md");
}
