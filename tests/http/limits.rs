//! What a client may send, at the limit and past it. The connection stays usable.

use crate::instance::{Instance, file};
use crate::server::program;
use crate::subject::{Subject, on_each_driver};
use crate::wire::{Connection, Request};

on_each_driver! {
    a_body_of_a_mebibyte_and_no_more,
    a_chunked_body_has_the_same_limit,
    an_endless_body_is_answered_and_the_connection_closed,
    a_body_that_ends_too_soon_changes_nothing,
    as_many_parameters_and_no_more,
    as_many_sources_and_no_more,
    fields_of_four_kibibytes_and_no_more,
}

const MIB: usize = 1024 * 1024;

/// The same connection answers another request.
#[track_caller]
fn is_usable(connection: &mut Connection) {
    connection.send(Request::get("/api")).expect(200);
}

/// A form of `size` bytes that makes a firewall, filled up with parameters that mean nothing.
fn form(size: usize) -> String {
    let filler = format!("&x={}", "y".repeat(4000));
    let mut form = "name=n&description=d".to_owned();
    while form.len() + filler.len() < size {
        form.push_str(&filler);
    }
    let rest = size - form.len() - "&z=".len();
    form + "&z=" + &"z".repeat(rest)
}

fn a_body_of_a_mebibyte_and_no_more(subject: &Subject) {
    for format in ["xml", "json"] {
        let mut connection = subject.connect();
        let target = format!("/api/firewalls?format={format}");
        let post = |form: &str| Request::post(&target).form(form);
        for too_large in [MIB + 1, 5 * MIB] {
            let answer = connection.send(post(&form(too_large))).expect(413);
            assert_eq!(answer.message(), "The body of the request is larger than 1048576 bytes.");
            is_usable(&mut connection);
        }
        connection.send(post(&form(MIB))).expect(201);
        is_usable(&mut connection);
        connection.send(Request::delete("/api/firewalls/n")).expect(204);
    }
}

fn a_chunked_body_has_the_same_limit(subject: &Subject) {
    let mut connection = subject.connect();
    let head = Request::post("/api/firewalls").login(&subject.login).header("Transfer-Encoding", "chunked").bytes();
    let head = String::from_utf8(head).unwrap().replace("Content-Length: 0\r\n", "");
    connection.write(head.as_bytes());
    let chunk = form(MIB / 2);
    for _ in 0..3 {
        connection.write(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes());
    }
    connection.write(b"0\r\n\r\n");
    connection.read(true).expect(413);
    is_usable(&mut connection);
}

fn an_endless_body_is_answered_and_the_connection_closed(subject: &Subject) {
    let mut connection = subject.connect();
    let head = Request::post("/api/firewalls").login(&subject.login).header("Content-Length", "99999999999").bytes();
    connection.write(String::from_utf8(head).unwrap().replace("Content-Length: 0\r\n", "").as_bytes());
    for _ in 0..9 {
        connection.write(&vec![b'x'; MIB + 1]);
    }
    connection.read(true).expect(413);
    assert!(connection.is_closed());
}

fn a_body_that_ends_too_soon_changes_nothing(subject: &Subject) {
    let mut connection = subject.connect();
    let head = Request::post("/api/firewalls").login(&subject.login).form("name=n&description=d").bytes();
    let head = String::from_utf8(head).unwrap().replace("Content-Length: 20", "Content-Length: 50");
    connection.write(head.as_bytes());
    connection.stream.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
    connection.read(true).expect(400);
    subject.send(Request::get("/api/firewalls/n")).expect(404);
}

fn as_many_parameters_and_no_more(subject: &Subject) {
    let mut connection = subject.connect();
    let fields = |count: usize| "&a=b".repeat(count);
    for (query, body, status) in [(1248, 1250, 201), (1249, 1250, 400), (0, 2499, 400), (2500, 0, 400)] {
        let target = format!("/api/firewalls?x{}", fields(query).replacen("&a=b", "", 1));
        let request = Request::post(&target);
        let answer = connection.send(request.form(&format!("name=n&description=d{}", fields(body)))).expect(status);
        if status == 400 {
            assert_eq!(answer.message(), "The request has more than 2500 parameters.");
        }
        is_usable(&mut connection);
    }
    let parts = vec![("a", "b"); 2501];
    connection.send(Request::post("/api/firewalls").multipart(&parts)).expect(400);
    is_usable(&mut connection);
    let list = format!(r#"{{"name":"n","description":"d","x":[{}1]}}"#, "1,".repeat(2500));
    connection.send(Request::post("/api/firewalls").json(&list)).expect(400);
    is_usable(&mut connection);
    connection.send(Request::get(&format!("/api?x=y{}", fields(2500)))).expect(400);
    is_usable(&mut connection);
}

fn as_many_sources_and_no_more(subject: &Subject) {
    let mut connection = subject.connect();
    let rule = |count: usize| {
        let mut rule = "protocol=tcp&port_from=1&port_to=1".to_owned();
        for n in 0..count {
            rule.push_str(&format!("&ip_address{n}=10.{}.{}.0/24", n / 256, n % 256));
        }
        Request::post("/api/firewalls/web/rules").form(&rule)
    };
    subject.create("web");
    let answer = connection.send(rule(1001)).expect(400);
    assert_eq!(answer.message(), "The rule has more than 1000 sources.");
    is_usable(&mut connection);
    // EC2 has a limit of its own, of rules with one source each.
    for too_many in [1000, 61] {
        let answer = connection.send(rule(too_many)).expect(502);
        assert!(answer.message().starts_with("RulesPerSecurityGroupLimitExceeded: "), "{}", answer.body);
    }
    let made = connection.send(rule(60)).expect(201);
    assert_eq!(made.body.matches("<source ").count(), 60);
    is_usable(&mut connection);
    // The id of such a rule is long, and still names it.
    let id = made.body.split(" id='").nth(2).unwrap().split('\'').next().unwrap();
    connection.send(Request::delete(&format!("/api/firewalls/web/{id}"))).expect(204);
}

fn fields_of_four_kibibytes_and_no_more(subject: &Subject) {
    let mut connection = subject.connect();
    let long = "x".repeat(4096);
    let too_long = "x".repeat(4097);
    for (request, status) in [
        (Request::post("/api/firewalls").form(&format!("name=n1&description=d&x={long}")), 201),
        (Request::post("/api/firewalls").form(&format!("name=n2&description=d&x={too_long}")), 400),
        (Request::post("/api/firewalls").form(&format!("name=n2&description=d&{too_long}=x")), 400),
        (Request::post("/api/firewalls").form(&format!("name=n2&description={too_long}")), 400),
        (Request::post(&format!("/api/firewalls?x={too_long}")).form("name=n2&description=d"), 400),
        (Request::post("/api/firewalls").multipart(&[("name", "n2"), ("description", "d"), ("x", &too_long)]), 400),
        (Request::post("/api/firewalls").json(&format!(r#"{{"name":"n2","description":"d","x":"{too_long}"}}"#)), 400),
    ] {
        for format in ["application/xml", "application/json"] {
            let answer = connection.send(request.clone().accept(format));
            if status == 400 {
                let message = answer.expect(400).message();
                assert!(message.ends_with("is longer than 4096 bytes.") && message.len() < 400, "{message}");
            }
            is_usable(&mut connection);
        }
    }
    connection.send(Request::get("/api/firewalls/n1")).expect(200);
    connection.send(Request::get("/api/firewalls/n2")).expect(404);
}

/// From all that set them: an option, the environment and the file.
#[test]
fn an_operator_can_set_them() {
    let config = file("limits.toml", "port = 0\nadmin_listen = \"0\"\nmax_field = 5000\nmax_sources = 2\n");
    let mut command = program(&["--config", &config, "--max-body", "6000", "--log-format", "json"]);
    command.env("API_MAX_PARAMETERS", "4");
    let instance = Instance::spawn(command);
    let mut connection = instance.connect();
    let mut refuse = |request: Request, status: u16, message: &str| {
        assert_eq!(connection.send(request.on_mock()).expect(status).message(), message);
        is_usable(&mut connection);
    };
    let firewalls = || Request::post("/api/firewalls");
    let (long, too_long) = ("x".repeat(5000), "x".repeat(5001));
    let too_large = "The body of the request is larger than 6000 bytes.";
    let too_many = "The request has more than 4 parameters.";
    let too_long_field = "Parameter 'x' is longer than 5000 bytes.";

    refuse(firewalls().form(&form(6001)), 413, too_large);
    refuse(firewalls().multipart(&[("x", &long), ("y", &long)]), 413, too_large);
    refuse(firewalls().json(&format!(r#"{{"x":"{}"}}"#, "x".repeat(6000))), 413, too_large);

    refuse(Request::get("/api/firewalls?a=1&b=2&c=3&d=4&e=5"), 400, too_many);
    refuse(Request::post("/api/firewalls?a=1&b=2&c=3").form("name=n&description=d"), 400, too_many);
    refuse(firewalls().multipart(&[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5")]), 400, too_many);
    refuse(firewalls().json(r#"{"name":"n","description":"d","x":[1,2,3]}"#), 400, too_many);

    refuse(Request::get(&format!("/api/firewalls?x={too_long}")), 400, too_long_field);
    refuse(firewalls().form(&format!("name=n&description=d&x={too_long}")), 400, too_long_field);
    refuse(firewalls().multipart(&[("name", "n"), ("description", "d"), ("x", &too_long)]), 400, too_long_field);
    refuse(firewalls().json(&format!(r#"{{"name":"n","description":"d","x":"{too_long}"}}"#)), 400, too_long_field);

    let rule = |sources: &str| {
        let rule = format!("protocol=tcp&port_from=1&port_to=1&ip_address={sources}");
        Request::post("/api/firewalls/new_firewall/rules").form(&rule)
    };
    let three = "10.0.0.0/24,10.0.1.0/24,10.0.2.0/24";
    refuse(rule(three), 400, "The rule has more than 2 sources.");

    // At each limit it is still good, beyond what it is where nobody sets it too.
    let mut accept = |request: Request| connection.send(request.on_mock()).expect(201);
    accept(rule("10.0.0.0/24,10.0.1.0/24"));
    accept(Request::post("/api/firewalls?a=1").form(&format!("name=form&description=d&x={long}")));
    accept(Request::post(&format!("/api/firewalls?x={long}")).form("name=query&description=d"));
    accept(firewalls().multipart(&[("name", "parts"), ("description", "d"), ("x", &long)]));
    accept(firewalls().json(&format!(r#"{{"name":"json","description":"d","x":"{long}"}}"#)));
}
