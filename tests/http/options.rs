//! The options of operation: each is in the help, and refused in one line where it is wrong.

use std::net::TcpListener;

use crate::instance::{Instance, file, fixture, run};
use crate::server::not_run;
use crate::wire::Request;

#[test]
fn the_help_has_them() {
    let (code, help, _) = run(&["--help"], "");
    assert_eq!(code, Some(0));
    for option in [
        "tls-cert",
        "tls-key",
        "halo-hosts",
        "drivers",
        "insecure-http",
        "admin-listen",
        "user",
        "password",
        "ec2-credentials",
        "clients",
        "backend-timeout",
        "backend-requests",
        "backend-queue",
        "header-timeout",
        "body-timeout",
        "idle-timeout",
        "max-connections",
        "max-peer-connections",
        "max-body",
        "max-parameters",
        "max-field",
        "max-sources",
        "drain-timeout",
        "ec2-max-answer",
    ] {
        let variable = format!("API_{}", option.to_uppercase().replace('-', "_"));
        assert!(help.contains(&format!("--{option} ")) && help.contains(&variable), "{option} is in\n{help}");
    }
    let (_, help, _) = run(&["clients", "--help"], "");
    assert!(help.contains("add") && help.contains("check"), "{help}");
}

#[test]
fn the_help_does_not_tell_the_password() {
    let mut command = crate::server::program(&["--help"]);
    let output = command.env("API_PASSWORD", "hunter2").output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("hunter2"));
}

#[test]
fn a_bad_one_is_one_clear_line_and_exit_2() {
    let no_certificate = file("empty.pem", "");
    let bad_clients = file("bad-clients", "# people\nalice:hunter2:read-only:*\n");
    let bad_rights = file("bad-rights", "alice:$2y$05$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01232:all:*\n");
    let (first, second) = (fixture("tls/first.pem"), fixture("tls/second.key"));
    let own = ["--user", "u", "--password", "hunter2"];
    for (arguments, says) in [
        (&["--backend-timeout", "0"][..], "'0' for --backend-timeout leaves no time at all"),
        (&["--backend-timeout=-1"], "--backend-timeout"),
        (&["--body-timeout", "nan"], "--body-timeout"),
        (&["--header-timeout", "86401"], "--header-timeout"),
        (&["--idle-timeout", "x"], "--idle-timeout"),
        (&["--drain-timeout", "inf"], "--drain-timeout"),
        (&["--max-connections", "0"], "'0' for --max-connections would let nothing through"),
        (&["--max-peer-connections", "0"], "--max-peer-connections"),
        (&["--max-body", "0"], "'0' for --max-body would let nothing through"),
        (&["--max-parameters", "0"], "--max-parameters"),
        (&["--max-field=-1"], "--max-field"),
        (&["--max-field", "4294967296"], "--max-field"),
        (&["--max-sources", "0"], "--max-sources"),
        (&["--ec2-max-answer", "0"], "'0' for --ec2-max-answer would let nothing through"),
        (&["--backend-requests", "0"], "--backend-requests"),
        (&["--backend-queue=-1"], "--backend-queue"),
        (&["--admin-listen", "here"], "'here' for --admin-listen is not [HOST:]PORT"),
        (&["--admin-listen", "::1:9101"], "--admin-listen"),
        (&["--tls-cert", &first], "--tls-cert and --tls-key need each other"),
        (&["--tls-key", &second], "--tls-cert and --tls-key need each other"),
        (&["--tls-cert", "/nowhere.pem", "--tls-key", &second], "/nowhere.pem: "),
        (&["--tls-cert", &no_certificate, "--tls-key", &second], "there is no certificate in it"),
        (&["--tls-cert", &first, "--tls-key", &second], "second.key: "),
        (&["--tls-cert", &first, "--tls-key", &first], "first.pem: "),
        (&["--halo-hosts", "*"], "'*' for --halo-hosts is neither a host name, such as api.example.com, nor *.DOMAIN"),
        (&["--halo-hosts", "*."], "'*.' for --halo-hosts"),
        (&["--halo-hosts", "a.test,*.*.test"], "'*.*.test' for --halo-hosts"),
        (&["--halo-hosts", "api.*.test"], "'api.*.test' for --halo-hosts"),
        (&["--halo-hosts", "a.test:443"], "'a.test:443' for --halo-hosts"),
        (&["--halo-hosts", "https://a.test"], "'https://a.test' for --halo-hosts"),
        (&["--halo-hosts", "a.test.."], "'a.test..' for --halo-hosts"),
        (&["--halo-hosts", "192.0.2.1"], "'192.0.2.1' for --halo-hosts"),
        (&["--halo-hosts", "a.test, none"], "'none' for --halo-hosts goes with nothing else"),
        (&["-r", "0.0.0.0"], "give --tls-cert and --tls-key, or --insecure-http"),
        (&["-r", "::"], "give --tls-cert and --tls-key, or --insecure-http"),
        (&["--user", "u"], "--user and --password need each other"),
        (&["--password", "hunter2"], "--user and --password need each other"),
        (&[&own[..], &["-r", "0.0.0.0", "--insecure-http"]].concat(), "give --clients"),
        (&["--clients", &bad_clients], "--clients is for --user and --password"),
        (&[&own[..], &["--clients", "/nowhere"]].concat(), "/nowhere: "),
        (&[&own[..], &["--clients", &bad_clients]].concat(), "line 2: the hash is neither Argon2's nor bcrypt's"),
        (&[&own[..], &["--clients", &bad_rights]].concat(), "line 1: the rights are neither read-only nor read-write"),
        (&["--public-url", "http://fw.example.com:65536"], "is no public URL"),
        (&["--public-url", "http://fw.example.com:x"], "is no public URL"),
        (&["-i", "azure"], "unknown driver 'azure'; the drivers are mock, mock-nftables, ec2, nftables, fgcp"),
        (
            &["--drivers", "mock,azure"],
            "--drivers: unknown driver 'azure'; the drivers are mock, mock-nftables, ec2, nftables, fgcp",
        ),
        (&["-i", "ec2", "--drivers", "azure"], "--drivers: unknown driver 'azure'"),
        (&["-i", "ec2", "--drivers", "mock,gcp"], "the default driver, ec2, is not among --drivers"),
        (&["--drivers", "gcp"], "the default driver, mock, is not among --drivers"),
        (&["--drivers", "mock", "--ec2-credentials", "ambient"], "for a gateway that serves ec2"),
        (&["--ec2-credentials", "mine"], "[possible values: client, ambient]"),
        (
            &["-i", "ec2", "--user", "u", "--password", "hunter2", "--ec2-credentials", "ambient"],
            "both say how to ask ec2",
        ),
    ] {
        let (code, stdout, stderr) = run(&[&["-p", "0"], arguments].concat(), "");
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
        assert!(stderr.starts_with("deltawall: ") && stderr.contains(says), "{arguments:?}: {stderr}");
    }
}

#[test]
fn plain_http_for_others_has_to_be_said() {
    let mut hosts = vec![&["-r", "0.0.0.0", "--insecure-http"][..], &["-r", "localhost"], &["-r", "[::1]"]];
    if let Err(error) = TcpListener::bind("[::1]:0") {
        not_run(&format!("listening on an IPv6 address: {error}"));
        hosts.pop();
    }
    for arguments in hosts {
        let instance = Instance::with(arguments);
        let address = std::net::SocketAddr::new(
            if instance.address.is_ipv6() { "::1" } else { "127.0.0.1" }.parse().unwrap(),
            instance.address.port(),
        );
        crate::wire::Connection::to(address).send(Request::get("/api")).expect(200);
    }
}

#[test]
fn the_file_and_the_environment_set_them_too() {
    let config =
        file("operation.toml", "port = 0\nadmin_listen = \"0\"\nmax_peer_connections = 1\nbody_timeout = 0.5\n");
    let mut command = crate::server::program(&["--config", &config]);
    command.env("API_INSECURE_HTTP", "true").env("API_HOST", "0.0.0.0");
    let instance = Instance::spawn(command);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], instance.address.port()));
    let mut only = crate::wire::Connection::to(address);
    only.send(Request::get("/api")).expect(200);
    assert!(crate::wire::Connection::to(address).is_closed());
}

#[test]
fn a_variable_by_the_programs_own_name_wins() {
    let given = |variables: &[(&str, &str)]| {
        let mut command = crate::server::program(&["check"]);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        let from = text.find("127.0.0.1:").map_or(0, |at| at + "127.0.0.1:".len());
        text[from..].split(" with ").next().unwrap().to_owned()
    };
    assert_eq!(given(&[("DELTAWALL_PORT", "1001")]), "1001");
    assert_eq!(given(&[("API_PORT", "1002")]), "1002");
    assert_eq!(given(&[("API_PORT", "1002"), ("DELTAWALL_PORT", "1001")]), "1001");
    assert_eq!(given(&[("API_PORT", "1002"), ("DELTAWALL_PORT", "")]), "1002", "an empty one says nothing");
    let wrong = given(&[("DELTAWALL_PORT", "x")]);
    assert!(wrong.starts_with("deltawall: ") && wrong.contains("--port"), "{wrong}");
    let config = file("own-name.toml", "port = 1003\n");
    assert_eq!(given(&[("DELTAWALL_CONFIG", &config)]), "1003");
    let mut help = crate::server::program(&["--help"]);
    let output = help.env("DELTAWALL_PASSWORD", "hunter2").env("DELTAWALL_PORT", "1001").output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("DELTAWALL_PORT=1001") && !help.contains("hunter2"), "{help}");
}

#[test]
fn paths_in_the_file_are_relative_to_it() {
    let place = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("relative-{}", std::process::id()));
    std::fs::create_dir_all(place.join("below")).unwrap();
    std::fs::copy(fixture("tls/first.pem"), place.join("first.pem")).unwrap();
    std::fs::copy(fixture("tls/first.key"), place.join("below/first.key")).unwrap();
    let absolute = format!("{}/fixtures/mock.toml", env!("CARGO_MANIFEST_DIR"));
    let write = |text: &str| std::fs::write(place.join("deltawall.toml"), text).unwrap();
    let check = |folder: &std::path::Path, config: &str| {
        let output = crate::server::program(&["check", "--config", config]).current_dir(folder).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let pair = "tls_cert = \"first.pem\"\ntls_key = \"below/first.key\"\nclients = \"\"\nstate = \"memory\"\n";
    write(&format!("{pair}mock_data = \"{absolute}\"\n"));
    let from = place.parent().unwrap();
    let name = place.file_name().unwrap().to_str().unwrap();
    let config = format!("{name}/deltawall.toml");
    for (folder, config) in
        [(from, config.as_str()), (&place, "deltawall.toml"), (&place.join("below"), "../deltawall.toml")]
    {
        let said = check(folder, config);
        assert!(said.starts_with("deltawall would listen on "), "{said}");
    }
    for (text, says) in [
        ("mock_data = \"none.toml\"", "none.toml"),
        ("fgcp_data = \"none.toml\"", "none.toml"),
        ("user = \"u\"\npassword = \"p\"\nclients = \"none\"", "none"),
        ("state = \"none/state.db\"", "none/state.db"),
        ("state = \"state.db\"\nstate_key = \"none/key\"", "none/key"),
    ] {
        write(text);
        let said = check(from, &config);
        assert!(said.starts_with(&format!("deltawall: {name}/{says}: ")), "{said}");
    }
    // What is typed is relative to where the program runs.
    write("");
    let output =
        crate::server::program(&["check", "--config", &config, "--mock-data", "none.toml"]).current_dir(from).output();
    assert!(String::from_utf8(output.unwrap().stderr).unwrap().starts_with("deltawall: none.toml: "));
    std::fs::remove_dir_all(&place).unwrap();
}
