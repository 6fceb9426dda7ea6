//! What docs/install has for those who install the gateway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::instance::{Instance, file};
use crate::server::not_run;

fn install(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/install").join(name)
}

/// systemd reads the unit, and finds nothing wrong with it.
#[test]
fn the_unit_is_one_that_systemd_understands() {
    let unit = fs::read_to_string(install("deltawall.service")).unwrap();
    let unit = unit.replace("/usr/bin/deltawall", env!("CARGO_BIN_EXE_deltawall"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deltawall.service");
    fs::write(&path, unit).unwrap();
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        return not_run("what systemd says of docs/install/deltawall.service: systemd-analyze is not there");
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let of_ours: Vec<_> = said.lines().filter(|line| line.contains("deltawall")).collect();
    assert!(verified.status.success() && of_ours.is_empty(), "{said}");
}

/// The gateway starts with the configuration as it is, and with all that is commented out taken in.
#[test]
fn the_configuration_has_options_that_there_are() {
    let text = fs::read_to_string(install("deltawall.toml")).unwrap();
    let instance = Instance::with(&["--config", &file("as-it-is.toml", &text)]);
    drop(instance);
    let without_files = |line: &&str| {
        let is_of_a_machine = ["tls_", "clients", "drivers"].iter().any(|start| line.starts_with(start));
        !is_of_a_machine
    };
    let lines = text.lines().filter_map(|line| match line.strip_prefix('#') {
        Some(taken_in) => (!taken_in.starts_with(' ')).then_some(taken_in),
        None => Some(line),
    });
    let taken_in: Vec<_> = lines.filter(without_files).collect();
    assert!(taken_in.contains(&"keep_changes = 90") && taken_in.contains(&"[[feed]]"), "{taken_in:?}");
    let taken_in = taken_in.join("\n").replace("port = 3001", "port = 0").replace("127.0.0.1:9101", "127.0.0.1:0");
    let mut command = crate::server::program(&["--config", &file("taken-in.toml", &taken_in)]);
    command.stderr(crate::server::printed());
    let server = crate::server::Server::spawn(command);
    assert!(server.greeting[0].contains("deltawall listens"), "{:?}", server.greeting);
}
