//! The program as an operator meets it: options, messages, exit codes, signals, logs.

use std::io::{BufReader, Read};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::observe::TRACE;
use crate::server::{Server, program};
use crate::wire::Request;

fn file(name: &str, content: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the program to its end: exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = program(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_greeting_is_the_url_and_a_command_that_works() {
    let mut server = Server::start();
    let url = format!("http://{}/api", server.address);
    assert_eq!(
        server.greeting[0],
        format!("deltawall listens on {url} with driver mock, and has mock, mock-nftables, ec2, fgcp")
    );
    assert_eq!(server.greeting[1], format!("curl -u mockuser:mockpassword '{url}/firewalls?format=xml'"));
    let output = std::process::Command::new("sh").args(["-c", &server.greeting[1]]).output().unwrap();
    let body = String::from_utf8(output.stdout).unwrap();
    assert!(body.starts_with("<?xml version='1.0' encoding='utf-8' ?>\n<firewalls>\n"), "{body}");
    server.signal("-TERM");
    assert_eq!(server.rest_of_stdout(), "");
}

#[test]
fn help_and_version() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for option in [
        "-i, --driver",
        "API_DRIVER",
        "-P, --provider",
        "API_PROVIDER",
        "-r, --hostname",
        "API_HOST",
        "-p, --port",
        "API_PORT",
        "--public-url",
        "API_PUBLIC_URL",
        "--config",
        "API_CONFIG",
        "--log-format",
        "API_LOG_FORMAT",
        "--ec2-vpc",
        "API_EC2_VPC",
        "--ec2-show-egress",
        "API_EC2_SHOW_EGRESS",
        "--ec2-endpoint",
        "API_EC2_ENDPOINT",
        "--mock-data",
        "API_MOCK_DATA",
        "--fgcp-data",
        "API_FGCP_DATA",
        "--fgcp-stop-delay",
        "API_FGCP_STOP_DELAY",
    ] {
        assert!(help.contains(option), "{option} is in\n{help}");
    }
    let (code, version, _) = run(&["--version"]);
    let git = std::process::Command::new("git")
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "--short=12", "HEAD"])
        .output();
    let commit = git
        .ok()
        .filter(|output| output.status.success())
        .map(|output| format!(" ({})", String::from_utf8(output.stdout).unwrap().trim()));
    let expected = format!("deltawall {}{}\n", env!("CARGO_PKG_VERSION"), commit.unwrap_or_default());
    assert_eq!((code, version), (Some(0), expected));
}

#[test]
fn a_bad_option_is_one_clear_line_and_exit_2() {
    let bad_toml = file("bad.toml", "port = \"x\"\n");
    let unknown_key = file("unknown.toml", "prot = 1\n");
    let bad_data = file("bad-data.toml", "[[firewalls]]\nname = \"a\"\ndescription = \"\"\n");
    let unquoted = file("unquoted.toml", "# A password without its quotes.\npassword = hunter2\n");
    let bad_rule = file(
        "bad-rule.toml",
        "[[systems]]\nprovider=\"mars\"\nid=\"a\"\nname=\"b\"\ndescriptor=\"c\"\ncreator=\"d\"\nfirewall=\"RUNNING\"\n",
    );
    for (arguments, says) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["-p", "x"], "invalid value 'x' for '--port <PORT>'"),
        (&["-p", "65536"], "65536"),
        (&["-p"], "--port <PORT>"),
        (&["stray"], "stray"),
        (&["-i", "azure"], "unknown driver 'azure'; the drivers are mock, mock-nftables, ec2, nftables, fgcp"),
        (&["-i", "fgcp", "-P", "mars"], "Unknown provider 'mars'"),
        (&["-P", "a/b"], "Unknown provider"),
        (&["--public-url", "fw.example.com"], "https://fw.example.com"),
        (&["--public-url", "https://a?b"], "--public-url"),
        (&["--public-url", "https://user:pw@a"], "--public-url"),
        (&["--ec2-endpoint", "ec2.example.com"], "[REGION=]URL"),
        (&["--ec2-endpoint", "a b=https://ec2.example.com"], "provider's name"),
        (&["--ec2-vpc", " "], "must not be blank"),
        (&["--log-format", "xml"], "[possible values: text, json]"),
        (&["--fgcp-stop-delay=-1"], "--fgcp-stop-delay"),
        (&["--fgcp-stop-delay", "nan"], "--fgcp-stop-delay"),
        (&["--config", "/nowhere/at/all.toml"], "/nowhere/at/all.toml"),
        (&["--config", &bad_toml], "bad.toml"),
        (&["--config", &unknown_key], "prot"),
        (&["--mock-data", &bad_data], "bad-data.toml: line 1: a: description: must not be blank"),
        (&["--mock-data", &unquoted], "unquoted.toml: line 2: "),
        (&["--fgcp-data", &unquoted], "unquoted.toml: line 2: "),
        (&["--config", &unquoted], "unquoted.toml: line 2: "),
        (&["--mock-data", &unknown_key], "unknown.toml"),
        (&["--fgcp-data", &bad_rule], "'mars' is no provider"),
    ] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("hunter2"), "a file's text may be a password: {stderr}");
        assert!(stderr.starts_with("deltawall: ") && stderr.contains(says), "{arguments:?}: {stderr}");
    }
}

/// Whatever stands where it should not in a file may be a password.
#[test]
fn what_a_file_says_is_not_repeated_where_it_is_wrong() {
    const SECRET: &str = "31415926";
    for (number, line) in [
        "password = 31415926",
        "password = 31415926.5",
        "password = 0x1DF5E76",
        "password = [\"31415926\"]",
        "password = { is = \"31415926\" }",
        "password.is = \"31415926\"",
        "password = 31415926-a",
        "password = \"31415926",
        "password = \"\\31415926\"",
        "port = '31415926\", expected a string'",
        "password: 31415926",
        "password 31415926",
        "user = 31415926",
        "port = \"31415926\"",
        "port = 31415926",
        "port = \", expected 31415926\"",
        "log_format = \"31415926\"",
        "log_format = \"`, expected 31415926\"",
        "account = 31415926",
        "firewalls = \"31415926\"",
        "firewalls = [\"31415926\"]",
        "certificates = \"31415926\"",
        "certificates = [{ folder = \"f\", passphrase = 31415926 }]",
        "public_url = \"https://user:31415926@fw.example.com\"",
        "ec2_endpoint = [\"https://user:31415926@fw.example.com\"]",
    ]
    .into_iter()
    .enumerate()
    {
        let path = file(&format!("secret-{number}.toml"), &format!("# Ours.\n{line}\n"));
        for option in ["--config", "--mock-data", "--fgcp-data"] {
            let (code, stdout, stderr) = run(&["-p", "0", "-r", "192.0.2.1", "--insecure-http", option, &path]);
            let is_for_this = stderr.contains(": line 2: ") || stderr.contains("for --");
            assert!(code == Some(2) && stdout.is_empty() && is_for_this, "{option} {line}: {stderr}");
            assert!(!stderr.contains(SECRET), "{option} {line}: {stderr}");
        }
    }
    // What it should have been is said.
    let path = file("expected.toml", "[[firewalls]]\nname = 31415926\n");
    let (_, _, stderr) = run(&["--mock-data", &path]);
    assert!(stderr.ends_with("expected.toml: line 2: invalid type, expected a string\n"), "{stderr}");
}

#[test]
fn a_port_in_use_is_one_clear_line_and_exit_1() {
    let server = Server::start();
    let port = server.address.port().to_string();
    let (code, stdout, stderr) = run(&["-p", &port]);
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert_eq!(stderr, format!("deltawall: cannot listen on 127.0.0.1:{port}: Address already in use (os error 98)\n"));
    let (code, _, stderr) = run(&["-p", "0", "-r", "192.0.2.1", "--insecure-http"]);
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
}

#[test]
fn options_win_over_the_environment_and_this_over_the_file() {
    let config = file("config.toml", "driver = \"fgcp\"\nprovider = \"uk\"\nport = 1\npublic_url = \"https://file\"\n");
    let start = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = program(&[&["--config", &config], arguments].concat());
        command.envs(environment.iter().copied()).stderr(Stdio::null());
        Server::spawn(command)
    };
    let seen = |server: &Server| {
        let answer = server.send(Request::get("/api?format=json")).json();
        let api = &answer["api"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        [text(&api["driver"]), text(&api["provider"]), text(&api["links"][0]["href"])]
    };
    let server = start(&[], &[("API_PORT", "0")]);
    assert_eq!(seen(&server), ["fgcp", "uk", "https://file/api/drivers"]);
    let server = start(&["-p", "0"], &[("API_PORT", "1"), ("API_PROVIDER", "AU"), ("API_PUBLIC_URL", "https://env/")]);
    assert_eq!(seen(&server), ["fgcp", "au", "https://env/api/drivers"]);
    let server = start(&["-p", "0", "-i", "mock", "-P", "Arg"], &[("API_PROVIDER", "env"), ("API_DRIVER", "fgcp")]);
    assert_eq!(seen(&server), ["mock", "arg", "https://file/api/drivers"]);
    let server = start(&["-p", "0"], &[("API_PROVIDER", "")]);
    assert_eq!(seen(&server), ["fgcp", "uk", "https://file/api/drivers"]);
    let server = Server::with(&["-r", "localhost"]);
    assert!(server.address.ip().is_loopback());
}

/// Requests that have begun are answered, whichever signal stops the program.
#[test]
fn a_signal_finishes_the_requests_under_way() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start();
        let mut connection = server.connect();
        let request = Request::post("/api/firewalls").on_mock().form("name=n&description=d");
        let request = request.header("Expect", "100-continue").bytes();
        let (head, body) = request.split_at(request.len() - "name=n&description=d".len());
        connection.write(head);
        // So the server says that it has begun.
        assert_eq!(connection.read(false).status, 100);
        server.signal(signal);
        let refuses = || TcpStream::connect(server.address).is_err();
        while !refuses() {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(server.child.try_wait().unwrap().is_none(), "it waits for the request");
        connection.write(body);
        connection.read(true).expect(201);
        let started = Instant::now();
        assert_eq!(server.child.wait().unwrap().code(), Some(0));
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn an_idle_connection_does_not_hold_up_the_end() {
    let mut server = Server::start();
    let mut connection = server.connect();
    connection.send(Request::get("/api")).expect(200);
    let started = Instant::now();
    server.signal("-TERM");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// With what would break a line, or end a value in one.
const ODD_PATH: &str = "/api;driver=fgcp;provider=uk/firewalls/%1b%5b31m%0a\"\\";

/// What the program logs of a few requests, a line each, beside the audit.
fn log(format: &str) -> Vec<String> {
    let mut server = Server::spawn(program(&["-p", "0", "--log-format", format]));
    let stderr = server.child.stderr.take().unwrap();
    let mut connection = server.connect();
    connection.send(Request::get("/api/firewalls?format=json&password=hunter2").on_mock()).expect(200);
    let odd = Request::delete(ODD_PATH).on_mock().header("X-Request-Id", "known").header("traceparent", TRACE);
    connection.send(odd).expect(404);
    connection.send(Request::get("/api/firewalls").header("Authorization", "Basic c2VjcmV0OmlzLXdyb25n")).expect(401);
    drop(connection);
    server.signal("-TERM");
    server.child.wait().unwrap();
    let mut text = String::new();
    BufReader::new(stderr).read_to_string(&mut text).unwrap();
    for secret in ["mockuser", "mockpassword", "bW9ja3VzZXI6", "hunter2", "c2VjcmV0OmlzLXdyb25n", "is-wrong"] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
    text.lines().filter(|line| !line.contains("deltawall::audit")).map(str::to_owned).collect()
}

#[test]
fn each_request_is_one_line_of_the_log() {
    let lines = log("text");
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let shape = |line: &str| {
        let (_, what) = line.split_once("Z  INFO deltawall::requests: request ").unwrap();
        let (before, after) = what.split_once(" microseconds=").unwrap();
        let after = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        format!("{before}{after}")
    };
    let start = r#"method="GET" path="/api/firewalls" status=200 driver="mock" provider="default" request_id=""#;
    assert!(shape(&lines[0]).starts_with(start), "{}", lines[0]);
    assert_eq!(
        shape(&lines[1]),
        r#"method="DELETE" path="/api;driver=fgcp;provider=uk/firewalls/%1b%5b31m%0a\"\\" status=404 driver="fgcp" provider="uk" request_id="known" trace_id="4bf92f3577b34da6a3ce929d0e0e4736" parent_id="00f067aa0ba902b7""#
    );

    let lines: Vec<Value> = log("json").iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    let expected = [
        ("GET", "/api/firewalls", 200, "mock", "default"),
        ("DELETE", ODD_PATH, 404, "fgcp", "uk"),
        ("GET", "/api/firewalls", 401, "mock", "default"),
    ];
    for (line, (method, path, status, driver, provider)) in lines.iter().zip(expected) {
        assert_eq!((&line["method"], &line["path"], &line["status"]), (&method.into(), &path.into(), &status.into()));
        assert_eq!((&line["driver"], &line["provider"]), (&driver.into(), &provider.into()));
        assert!(line["microseconds"].is_u64(), "{line}");
    }
    assert_eq!(lines[1]["request_id"], "known");
    assert_eq!((lines[1]["trace_id"].as_str(), lines[1]["parent_id"].as_str()), (TRACE.get(3..35), TRACE.get(36..52)));
    assert_eq!(lines[0]["request_id"].as_str().unwrap().len(), 36);
    assert_ne!(lines[0]["request_id"], lines[2]["request_id"]);
}

/// The targets and levels of lines, of a page with its style, of a change and of what is no request.
fn logged(level: Option<&str>, format: &str) -> Vec<(String, String)> {
    let mut command = program(&["-p", "0", "--log-format", format]);
    command.envs(level.map(|level| ("API_LOG_LEVEL", level)));
    let mut server = Server::spawn(command);
    let stderr = server.child.stderr.take().unwrap();
    let mut connection = server.connect();
    connection.send(Request::get("/api/firewalls?format=json").on_mock()).expect(200);
    connection.send(Request::get("/api/assets/style.css")).expect(200);
    connection.send(Request::post("/api/firewalls").on_mock().form("name=level&description=one")).expect(201);
    drop(connection);
    server.signal("-TERM");
    server.child.wait().unwrap();
    let mut text = String::new();
    BufReader::new(stderr).read_to_string(&mut text).unwrap();
    let read = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(line) => (line["level"].as_str().unwrap().into(), line["target"].as_str().unwrap().into()),
        Err(_) => {
            let mut words = line.split_whitespace().skip(1);
            let level = words.next().unwrap().to_owned();
            (level, words.next().unwrap().trim_end_matches(':').to_owned())
        }
    };
    text.lines().map(read).collect()
}

#[test]
fn the_log_has_what_its_level_says_and_always_the_audit() {
    let line = |level: &str, target: &str| (level.to_owned(), format!("deltawall::{target}"));
    let (audit, request, asset) = (line("INFO", "audit"), line("INFO", "requests"), line("DEBUG", "requests"));
    for format in ["text", "json"] {
        let quiet = [&audit, &audit].map(Clone::clone).to_vec();
        let usual = [&request, &audit, &audit, &request].map(Clone::clone).to_vec();
        let all = [&request, &asset, &audit, &audit, &request].map(Clone::clone).to_vec();
        for (level, expected) in [
            (None, &usual),
            (Some("info"), &usual),
            (Some("debug"), &all),
            (Some("warn"), &quiet),
            (Some("error"), &quiet),
        ] {
            assert_eq!(&logged(level, format), expected, "{level:?} {format}");
        }
    }
    let (code, _, error) = run(&["--log-level", "loud"]);
    assert!(code == Some(2) && error.contains("[possible values: error, warn, info, debug]"), "{error}");
}

/// Lines about requests have the time that the program's other lines have, in whatever second they are written.
#[test]
fn lines_of_the_log_follow_each_other_in_time() {
    let mut server = Server::spawn(program(&["-p", "0"]));
    let stderr = server.child.stderr.take().unwrap();
    let mut connection = server.connect();
    for number in 0..6 {
        let name = format!("name=g{number}&description=one");
        connection.send(Request::post("/api/firewalls").on_mock().form(&name)).expect(201);
        std::thread::sleep(Duration::from_millis(300));
    }
    drop(connection);
    server.signal("-TERM");
    server.child.wait().unwrap();
    let mut text = String::new();
    BufReader::new(stderr).read_to_string(&mut text).unwrap();
    let times: Vec<_> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(times.len(), 18, "two lines of the audit and one of the request for each change: {text}");
    assert!(times.iter().all(|time| time.len() == "2026-11-22T07:09:05.123456Z".len()), "{text}");
    assert!(times.is_sorted(), "{text}");
}
