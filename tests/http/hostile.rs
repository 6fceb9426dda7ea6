//! Hostile text wherever a client can put it: it may be refused in any way, but never be our own fault.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::cloud::ec2;
use crate::emulator::{Account, STRICT};
use crate::instance::{Instance, file, run};
use crate::server::Server;
use crate::subject::{Subject, on_each_driver};
use crate::wire::{Answer, Connection, Request};

on_each_driver!(text_in_parameters, text_in_json, text_in_paths_and_headers, text_in_credentials);

/// Each control character within other text, what Unicode has besides, what some format or library has a meaning for, and
/// what is long.
fn texts() -> Vec<String> {
    let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32);
    let odd = ['\u{ad}', '\u{2028}', '\u{202e}', '\u{feff}', '\u{fffd}', '\u{fffe}', '\u{ffff}', '\u{10ffff}'];
    let mut texts: Vec<_> = controls.chain(odd).map(|c| format!("a{c}b")).collect();
    let special = [
        "",
        " ",
        "\0",
        "\r\n",
        "%",
        "%zz",
        "%00",
        "\\",
        "\\u0000",
        "'",
        "\"",
        "<",
        "&",
        "&#0;",
        "]]>",
        "<![CDATA[",
        "{{",
        "${a}",
        "~",
        "@",
        ",",
        ";",
        "=",
        "/",
        "..",
        "*",
        "?",
        "-1",
        "NaN",
        "1e999",
        "$argon2id$",
        "$2y$",
    ];
    texts.extend(special.map(str::to_owned));
    texts.extend(["x", "é", "9", "\u{10ffff}", "%", "\0"].map(|c| c.repeat(4096 / c.len())));
    texts
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// Whatever becomes of it, it is told in the client's format and is not a fault of ours.
#[track_caller]
fn check(answer: &Answer, case: &str) {
    assert!(answer.status != 500 && answer.status != 504, "{case:?}: {}", answer.text());
    answer.text();
}

fn send(connection: &mut Connection, request: Request, case: &str) {
    check(&connection.send(request), case);
}

fn text_in_parameters(subject: &Subject) {
    subject.create("web");
    let mut connection = subject.connect();
    let account = &subject.account;
    for text in texts() {
        let value = encoded(&text);
        let rule = |more: &str| {
            Request::post("/api/firewalls/web/rules").form(&format!("protocol=tcp&port_from=1&port_to=1&{more}"))
        };
        for request in [
            Request::post("/api/firewalls").form(&format!("name={value}&description=d&vpc_id=vpc-none")),
            Request::post("/api/firewalls").form(&format!("name=web&description={value}")),
            Request::post("/api/firewalls").form(&format!("name=n&description=d&vpc_id={value}")),
            Request::post("/api/firewalls").form(&format!("name=web&description=d&_method={value}")),
            Request::post("/api/firewalls").form(&format!("{value}={value}")),
            Request::get(&format!("/api/firewalls?id={value}")),
            Request::get(&format!("/api/firewalls?format={value}")),
            Request::get(&format!("/api/firewalls?direction={value}")),
            rule(&format!("ip_address1={value}")),
            rule(&format!("group1={value}&group1owner={account}")),
            rule(&format!("group1=web&group1owner={value}")),
            rule(&format!("group1=sg-{value}&group1owner={account}")),
            rule(&format!("prefix_list1={value}")),
            rule(&format!("ip_address1=10.0.0.0/8&ip_address2=10.0.0.0/8&rule_description={value}")),
            rule(&format!("ip_address1=10.0.0.0/8&direction={value}")),
            Request::post("/api/firewalls/web/rules").form(&format!("protocol={value}&ip_address1=10.0.0.0/8")),
            Request::post("/api/firewalls/web/rules").form(&format!("protocol=udp&port_from={value}&port_to={value}")),
        ] {
            send(&mut connection, request, &text);
        }
        let part = Request::post("/api/firewalls").multipart(&[("name", "web"), ("description", &text)]);
        send(&mut connection, part, &text);
        // As the boundary of a form only what can stand in a header.
        if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let boundary = format!("multipart/form-data; boundary={text}");
            let body = format!("--{text}\r\nContent-Disposition: form-data; name=\"{text}\"\r\n\r\n\r\n--{text}--\r\n");
            send(&mut connection, Request::post("/api/firewalls").body(&boundary, body), &text);
        }
    }
    // The emulator takes what EC2 would not, which nothing could be held against.
    subject.send(Request::delete("/api/firewalls/web")).expect(204);
}

fn text_in_json(subject: &Subject) {
    let mut connection = subject.connect();
    let mut values: Vec<_> = texts().iter().map(|text| serde_json::to_string(text).unwrap()).collect();
    let odd = [
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""a\ud83d""#,
        r#""\u0000""#,
        r#""\uFFFE""#,
        r#""\u{41}""#,
        r#""\x41""#,
        "\"\u{0}\"",
        "1e999",
        "-0",
        "01",
        "NaN",
        "[[]]",
        "{\"\":{}}",
        "null",
        "true",
        "\"",
    ];
    values.extend(odd.map(str::to_owned));
    for value in values {
        for body in [
            format!("{{\"name\":{value},\"description\":\"d\",\"vpc_id\":\"vpc-none\"}}"),
            format!("{{\"name\":\"n\",\"description\":\"d\",\"vpc_id\":{value}}}"),
            format!("{{{value}:{value}}}"),
        ] {
            send(&mut connection, Request::post("/api/firewalls").json(&body), &value);
        }
        let rule = format!("{{\"protocol\":\"tcp\",\"port_from\":{value},\"port_to\":1,\"sources\":[{value}]}}");
        send(&mut connection, Request::post("/api/firewalls/none/rules").json(&rule), &value);
    }
}

fn text_in_paths_and_headers(subject: &Subject) {
    let mut connection = subject.connect();
    for text in texts() {
        let value = encoded(&text);
        for request in [
            Request::get(&format!("/api/firewalls/{value}")),
            Request::get(&format!("/api/firewalls/sg-{value}")),
            Request::delete(&format!("/api/firewalls/none/{value}")),
            Request::delete(&format!("/api/firewalls/none/1~tcp~1~1~@group,{value},{value}")),
            Request::delete(&format!("/api/firewalls/none/1~tcp~1~1~@prefix_list,{value}")),
            Request::post(&format!("/api/firewalls/{value}/rules")).form("protocol=-1&ip_address1=10.0.0.0/8"),
            Request::get(&format!("/api;provider={value}/firewalls")),
            Request::get(&format!("/api;driver={value}/firewalls")),
            Request::get(&format!("/api/{value}")),
            Request::get(&format!("/{value}")),
        ] {
            send(&mut connection, request, &text);
        }
        for header in [
            "X-Deltacloud-Provider",
            "X-Deltacloud-Driver",
            "X-Http-Method-Override",
            "X-Amz-Security-Token",
            "X-Request-Id",
            "Accept",
            "Host",
            "Origin",
            "Content-Type",
            "If-None-Match",
            "Traceparent",
        ] {
            let request = Request::post("/api/firewalls").form("name=web&description=d&vpc_id=vpc-none");
            // The HTTP server refuses what no header can hold, and closes the connection.
            let mut connection = subject.connect();
            connection.write(&request.header(header, &text).login(&subject.login).bytes());
            let status = connection.read(false).status;
            assert!(status != 500 && status != 504, "{header}: {text:?}: {status}");
        }
    }
}

fn login(user: &str, password: &str) -> String {
    BASE64_STANDARD.encode(format!("{user}:{password}"))
}

fn text_in_credentials(subject: &Subject) {
    let mut connection = subject.connect();
    for text in texts() {
        for login in [login(&text, "secret"), login("AKIANOBODY", &text), login(&text, &text)] {
            for format in ["xml", "json"] {
                let list = Request::get(&format!("/api/firewalls?format={format}")).login(&login);
                let answer = connection.send(list);
                assert_eq!(answer.status, 401, "{text:?}: {}", answer.text());
                assert_eq!(answer.header("Content-Type"), Some(&*format!("application/{format}")));
            }
        }
    }
}

/// Whatever a password is, it is compared with hashes of either kind.
#[test]
fn text_in_passwords_of_clients() {
    let hash = bcrypt::hash_with_result("secret", 4).unwrap().format_for_version(bcrypt::Version::TwoY);
    let path = file("hostile-clients", &format!("bcrypt:{hash}:read-only:mock\n"));
    let add = ["clients", "add", &path, "argon2", "--rights", "read-only", "--drivers", "mock"];
    assert_eq!(run(&add, "secret\n").0, Some(0));
    let instance = Instance::with(&["--user", "mockuser", "--password", "mockpassword", "--clients", &path]);
    let mut connection = instance.connect();
    for text in texts() {
        for login in [login("bcrypt", &text), login("argon2", &text), login(&text, &text)] {
            let answer = connection.send(Request::get("/api/firewalls").login(&login));
            assert_eq!(answer.status, 401, "{text:?}: {}", answer.text());
        }
    }
}

/// No call is made for them, and EC2's own words are told.
#[test]
fn keys_that_no_request_can_be_signed_with_are_nobodys() {
    let subject = Subject::ec2();
    let full = String::from_utf8(BASE64_STANDARD.decode(&subject.login).unwrap()).unwrap();
    let (key, secret) = full.split_once(':').unwrap();
    subject.unheard(|| {
        for control in (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32) {
            for (key, secret) in
                [(format!("{key}{control}"), secret.to_owned()), (key.to_owned(), format!("{control}{secret}"))]
            {
                let create = Request::post("/api/firewalls").form("name=n&description=d");
                let answer = subject.send(create.login(&login(&key, &secret))).expect(401);
                assert_eq!(
                    answer.message(),
                    "AuthFailure: AWS was not able to validate the provided access credentials"
                );
            }
        }
        for token in ["a\tb", "a\u{80}b", "a\u{85}b"] {
            let list = Request::get("/api/firewalls").login(&subject.login).header("X-Amz-Security-Token", token);
            subject.send(list).expect(401);
        }
    });
}

#[test]
fn keys_of_the_gateway_that_no_request_can_be_signed_with_are_said_at_the_start() {
    let config = file("control.toml", "driver = \"EC2\"\nuser = \"AKIA\\r\"\npassword = \"hunter2\"\n");
    for arguments in [
        &["-i", "ec2", "--user", "AKIA\r", "--password", "hunter2"][..],
        &["-i", "ec2", "--user", "AKIA", "--password", "hunter2\n"],
        &["-i", "ec2", "--user", "AKIA\u{7f}", "--password", "hunter2"],
        &["--config", &config],
    ] {
        let (code, stdout, stderr) = run(&[&["-p", "0"], arguments].concat(), "");
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("--user and --password") && !stderr.contains("hunter2"), "{stderr}");
    }
    // Other drivers may have such users.
    drop(Server::with(&["--user", "a\tb", "--password", "hunter2"]));
}

#[test]
fn keys_in_the_environment_or_a_profile_that_cannot_be_used_are_said_at_the_start() {
    let url = "http://127.0.0.1:9";
    let start = |variables: &[(&str, &str)]| {
        let mut command = ec2(url, &["--ec2-credentials", "ambient"]);
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{variables:?}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
        stderr
    };
    for (key, secret, token) in
        [("AKIA\r", "hunter2", "t"), ("AKIA", "hunter2\u{1}", "t"), ("AKIA", "s", "hunter2\u{7f}a")]
    {
        let told =
            start(&[("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_SESSION_TOKEN", token)]);
        assert!(told.contains("environment") && told.contains("AWS_SECRET_ACCESS_KEY"), "{told}");
    }
    // What is no text would be repeated by the SDK with each request.
    let mut command = ec2(url, &["--ec2-credentials", "ambient"]);
    command.env("AWS_ACCESS_KEY_ID", OsStr::from_bytes(b"hunter2\xff")).env("AWS_SECRET_ACCESS_KEY", "s");
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
    for (name, text) in [
        ("key", "[default]\naws_access_key_id = AKIA\u{1}\naws_secret_access_key = hunter2\n"),
        ("secret", "[default]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\u{7f}a\n"),
        (
            "token",
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\naws_session_token = hunter2\u{2}a\n",
        ),
        (
            "source",
            "[default]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n\
            [base]\naws_access_key_id = AKIA\naws_secret_access_key = hunter2\u{85}a\n",
        ),
    ] {
        let path = file(&format!("profile-{name}"), text);
        let told = start(&[("AWS_SHARED_CREDENTIALS_FILE", &path)]);
        assert!(told.contains("profile"), "{told}");
    }
    // A profile that is not used does not matter.
    let account = Account::on(STRICT);
    let (key, secret) = account.keys_of("AKIAFULL");
    let good = format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n");
    let path = file("profile-good", &format!("{good}[other]\naws_access_key_id = a\u{1}\naws_secret_access_key = b\n"));
    let mut command = ec2(&account.url, &["--ec2-credentials", "ambient", "--public-url", "http://gateway.test:3001"]);
    command.env("AWS_SHARED_CREDENTIALS_FILE", &path);
    Instance::spawn(command).send(Request::get("/api/firewalls")).expect(200);
}

/// Those of a container or an instance come with the first call. A file says here what they say.
#[test]
fn keys_that_turn_out_to_be_unusable_later_are_told_as_the_gateways_fault() {
    for control in ["\\r", "\\u0000", "\\u007f"] {
        let keys = format!(
            "{{\"AccessKeyId\":\"AKIA{control}\",\"SecretAccessKey\":\"hunter2\",\"Token\":\"t\",\"Expiration\":\"2099-01-01T00:00:00Z\"}}"
        );
        let container = crate::answers::serve(&keys);
        let mut command =
            ec2("http://127.0.0.1:9", &["--ec2-credentials", "ambient", "--public-url", "http://gateway.test:3001"]);
        command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container).env_remove("AWS_EC2_METADATA_DISABLED");
        let instance = Instance::spawn(command);
        let answer = instance.send(Request::get("/api/firewalls")).expect(502);
        assert!(answer.message().contains("The gateway cannot prove itself to the cloud."), "{}", answer.body);
        assert!(answer.message().contains("control characters"), "{}", answer.body);
        assert!(!format!("{:?}", instance.log()).contains("hunter2"));
    }
}
