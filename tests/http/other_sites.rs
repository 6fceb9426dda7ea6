//! Pages of other sites, which must not be able to act.

use crate::server::Server;
use crate::wire::{HOST, Request};

/// A browser leaves the default port of a scheme out, others may write it.
#[test]
fn the_default_port_of_a_scheme_is_as_good_as_none() {
    let server = Server::with(&["--public-url", "https://fw.example.com:443/x"]);
    for (host, header, value, is_ours) in [
        (HOST, "Origin", "https://fw.example.com", true),
        (HOST, "Origin", "https://fw.example.com:443", true),
        (HOST, "Referer", "https://fw.example.com/x/api/firewalls/new", true),
        (HOST, "Origin", "https://fw.example.com:4430", false),
        (HOST, "Origin", "http://fw.example.com", false),
        (HOST, "Origin", "https://fw.example.com:80", false),
        ("gateway.test:80", "Origin", "http://gateway.test", true),
        ("gateway.test:443", "Origin", "https://gateway.test:443", false),
        ("gateway.test:443", "Origin", "https://gateway.test", false),
        ("gateway.test:443", "Origin", "http://gateway.test:443", true),
        ("gateway.test", "Origin", "http://gateway.test:80", true),
        ("gateway.test", "Origin", "http://gateway.test:443", false),
        ("gateway.test:443", "Referer", "http://gateway.test/api", false),
    ] {
        let request = Request::post("/api/firewalls").on_mock().form("description=d");
        // Without a name it is refused, but not for where it comes from.
        let status = if is_ours { 400 } else { 403 };
        let answer = server.send(request.header("Host", host).header(header, value));
        assert_eq!(answer.status, status, "{header} {value} to {host}: {}", answer.text());
    }
}

/// Of several, the first is no better than the last.
#[test]
fn an_origin_that_is_there_twice_is_not_ours() {
    let server = Server::start();
    let ours = format!("http://{HOST}");
    for (name, values) in [
        ("Origin", [&*ours, "http://evil.example"]),
        ("Origin", [&*ours, &*ours]),
        ("Origin", ["http://gateway.test:3001/", "http://evil.example"]),
        ("Referer", [&*ours, "http://evil.example/"]),
        ("Sec-Fetch-Site", ["same-origin", "same-origin"]),
    ] {
        let [first, second] = values;
        let head = format!("{name}: {first}\r\n{name}: {second}\r\nContent-Length: 0");
        let request = format!("POST /api/firewalls HTTP/1.1\r\nHost: {HOST}\r\n{head}\r\n\r\n");
        let mut connection = server.connect();
        connection.write(request.as_bytes());
        assert_eq!(connection.read(true).status, 403, "{name}: {values:?}");
    }
}

/// A request that a browser marks as another site's is refused before anything is done; others are not touched.
#[test]
fn pages_of_other_sites_cannot_act() {
    let ours = format!("http://{HOST}");
    let own_path = format!("{ours}/api/firewalls/new");
    let server = Server::with(&["--public-url", "https://fw.example.com/gateway"]);
    let cases: &[(&[(&str, &str)], bool)] = &[
        (&[], true),
        (&[("Sec-Fetch-Site", "same-origin")], true),
        (&[("Sec-Fetch-Site", "none")], true),
        (&[("Sec-Fetch-Site", "same-site")], false),
        (&[("Sec-Fetch-Site", "cross-site")], false),
        (&[("Sec-Fetch-Site", "cross-site"), ("Origin", &ours)], false),
        (&[("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.example")], true),
        (&[("Origin", &ours)], true),
        (&[("Origin", "https://fw.example.com")], true),
        (&[("Origin", "https://evil.example")], false),
        (&[("Origin", "http://gateway.test")], false),
        (&[("Origin", "http://gateway.test:3001.evil.example")], false),
        (&[("Origin", "https://gateway.test:3001")], false),
        (&[("Origin", "http://fw.example.com")], false),
        (&[("Origin", "null")], false),
        (&[("Origin", "")], false),
        (&[("Origin", "gateway.test:3001")], false),
        (&[("Origin", "//gateway.test:3001")], false),
        (&[("Origin", "http://gateway.test:3001@gateway.test:3001")], false),
        (&[("Origin", "http://gateway.test:x3001")], false),
        (&[("Origin", "http://gateway.test:3001 http://evil.example")], false),
        (&[("Origin", "http://[gateway.test:3001")], false),
        (&[("Origin", ""), ("Referer", &own_path)], false),
        (&[("Sec-Fetch-Site", "")], false),
        (&[("Sec-Fetch-Site", "same-origin, cross-site")], false),
        (&[("Origin", "https://evil.example"), ("Referer", &own_path)], false),
        (&[("Referer", &own_path)], true),
        (&[("Referer", "https://evil.example/?http://gateway.test:3001")], false),
        (&[("Referer", "https://gateway.test:3001@evil.example/")], false),
    ];
    for (number, (headers, is_allowed)) in cases.iter().enumerate() {
        for format in ["xml", "json", "html"] {
            let with = |request: Request| {
                headers.iter().fold(request.on_mock(), |request, (name, value)| request.header(name, value))
            };
            let name = format!("site-{number}-{format}");
            let form = format!("name={name}&description=d");
            let target = format!("/api/firewalls?format={format}");
            let is_browser = headers.iter().any(|(name, _)| ["Origin", "Referer"].contains(name));
            let status = match (is_allowed, format) {
                (false, _) => 403,
                (true, "html") if is_browser => 303,
                (true, _) => 201,
            };
            server.send(with(Request::post(&target).form(&form))).expect(status);
            let path = format!("/api/firewalls/{name}");
            server.send(Request::get(&path).on_mock()).expect(if *is_allowed { 200 } else { 404 });
            // Nor can they delete, in either way.
            if !is_allowed {
                server.send(Request::post("/api/firewalls").on_mock().form(&form)).expect(201);
                server.send(with(Request::delete(&path))).expect(403);
                server.send(with(Request::post(&path).form("_method=delete"))).expect(403);
                server.send(Request::get(&path).on_mock()).expect(200);
            }
            // Looking is free: a link to a firewall may stand anywhere.
            server.send(with(Request::get("/api/firewalls"))).expect(200);
        }
    }
}
