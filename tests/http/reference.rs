//! The reference that the server itself has: the page, and the document for programs.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::openapi::{self, Operation, document, operations};
use crate::server::Server;
use crate::wire::Request;

#[test]
fn the_document_has_what_the_server_has() {
    let server = Server::start();
    let document = document(&server, "/api/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(
        paths.keys().collect::<Vec<_>>(),
        [
            "/",
            "/assets/{name}",
            "/docs",
            "/drivers",
            "/drivers/{driver}",
            "/firewalls",
            "/firewalls/new",
            "/firewalls/{id}",
            "/firewalls/{id}/new_rule",
            "/firewalls/{id}/rules",
            "/firewalls/{id}/{rule}",
            "/openapi.json",
        ]
    );
    for (path, methods) in paths {
        let options = server.send(Request::new("OPTIONS", &format!("/api{path}"))).expect(200);
        let allowed: BTreeSet<_> = options.header("Allow").unwrap().split(", ").map(str::to_owned).collect();
        let listed: BTreeSet<_> = methods.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        assert_eq!(listed, allowed, "{path}");
    }
}

#[test]
fn the_document_is_where_the_client_has_asked() {
    let server = Server::start();
    let plain = document(&server, "/api/openapi.json");
    assert_eq!(plain["servers"][0]["url"], "http://gateway.test:3001/api");
    let chosen = document(&server, "/api;driver=fgcp;provider=uk/openapi.json");
    assert_eq!(chosen["servers"][0]["url"], "http://gateway.test:3001/api;driver=fgcp;provider=uk");
    let behind_proxy = Server::with(&["--public-url", "https://fw.example.com/x"]);
    assert_eq!(document(&behind_proxy, "/api/openapi.json")["servers"][0]["url"], "https://fw.example.com/x/api");
}

#[test]
fn the_document_is_the_same_whatever_a_client_accepts() {
    let server = Server::start();
    let plain = server.send(Request::get("/api/openapi.json")).expect(200).text();
    for accept in ["text/html,application/xhtml+xml,*/*;q=0.8", "application/json", "image/png"] {
        let answer = server.send(Request::get("/api/openapi.json").accept(accept)).expect(200);
        assert_eq!(answer.text(), plain, "{accept}");
    }
}

#[test]
fn the_documents_references_lead_somewhere() {
    let document = document(&Server::start(), "/api/openapi.json");
    let text = document.to_string();
    let references: Vec<_> =
        text.split("\"$ref\":").skip(1).map(|rest| rest.split(['}', ',']).next().unwrap()).collect();
    assert!(references.len() > 10);
    for reference in references {
        openapi::referred(&document, &serde_json::from_str(reference).unwrap());
    }
}

/// Each example is what its schema says, and whatever is JSON has one.
#[test]
fn the_documents_examples_are_what_their_schemas_say() {
    let document = document(&Server::start(), "/api/openapi.json");
    let mut checked = 0;
    let mut check = |example: &Value, schema: &Value, where_: &str| {
        openapi::check(example, schema, &document).unwrap_or_else(|why| panic!("{where_}: {why}"));
        checked += 1;
    };
    let mut check_own = |schema: &Value, where_: &str| {
        schema["examples"].as_array().into_iter().flatten().for_each(|example| check(example, schema, where_));
    };
    let mut contents = Vec::new();
    for operation in operations(&document) {
        let name = operation.name();
        for parameter in operation.parameters() {
            check_own(&parameter["schema"], &name);
            let examples = parameter.get("example").map(|example| (example, &parameter["schema"]));
            contents.extend(examples.map(|(example, schema)| (name.clone(), example, schema)));
        }
        for (_, body) in operation.bodies() {
            let properties = body["schema"]["properties"].as_object().into_iter().flatten();
            properties.for_each(|(_, property)| check_own(property, &name));
            contents.push((name.clone(), &body["example"], &body["schema"]));
        }
        for (status, answer) in operation.answers() {
            for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
                let needs_one = media_type == "application/json" && operation.path != "/openapi.json";
                if needs_one || content.get("example").is_some() {
                    contents.push((format!("{name} {status}"), &content["example"], &content["schema"]));
                }
            }
        }
    }
    contents.into_iter().for_each(|(where_, example, schema)| check(example, schema, &where_));
    assert!(checked > 100, "{checked}");
}

#[test]
fn the_page_has_what_the_document_has() {
    let server = Server::start();
    let document = document(&server, "/api/openapi.json");
    let page = server.send(Request::get("/api/docs?format=html")).expect(200).body;
    for operation in operations(&document) {
        let name = operation.name();
        // What all paths have, or GET has, is said once.
        if ["HEAD", "OPTIONS"].contains(&&*operation.method) {
            continue;
        }
        let heading = format!("{}</span> <code>/api{}</code>", operation.method, operation.path.trim_end_matches('/'));
        let section = page.split("<section").find(|section| section.contains(&heading)).expect(&name);
        let fields = operation.fields().into_iter().map(|field| field.replace('1', "N"));
        let others = operation.names("path").into_iter().chain(operation.names("query")).map(str::to_owned);
        for parameter in fields.chain(others) {
            assert!(section.contains(&format!("<code>{parameter}</code></th>")), "{name}: {parameter}");
        }
        let rows: Vec<_> = section.split("<tr>").collect();
        for (status, answer) in operation.answers() {
            let row = rows.iter().find(|row| row.contains(&format!(">{status} "))).expect(&name);
            assert!(row.contains(answer["description"].as_str().unwrap()), "{row}");
            for header in answer["headers"].as_object().unwrap().keys() {
                let header = format!("<code>{header}</code>");
                assert!(row.contains(&header) || page.split("<section").next().unwrap().contains(&header), "{row}");
            }
        }
    }
    for text in ["_method=delete", "X-HTTP-Method-Override", "HEAD is where GET is"] {
        assert!(page.contains(text), "{text}");
    }
}

/// The commands on a page.
fn examples(page: &str) -> Vec<String> {
    let examples = page.split("<code>curl ").skip(1).map(|rest| rest.split("</code>").next().unwrap());
    examples.map(|example| example.replace("&#34;", "\"").replace("&#39;", "'").replace("&#38;", "&")).collect()
}

/// The page's examples, one after the other in a shell, do what they are examples of, on each driver that has sample data.
#[test]
fn the_pages_examples_work() {
    for (path, count) in
        [("/api", 16), ("/api;driver=mock", 16), ("/api;driver=mock-nftables", 16), ("/api;driver=fgcp", 14)]
    {
        let server = Server::start();
        let address = server.address.to_string();
        let request = Request::get(&format!("{path}/docs?format=html")).header("Host", &address);
        let page = server.send(request).expect(200).body;
        let examples = examples(&page);
        assert_eq!(examples.len(), count, "{path}");
        if !path.ends_with("fgcp") {
            server
                .send(Request::post(&format!("{path}/firewalls")).on_mock().form("name=new&description=d"))
                .expect(201);
        }
        for example in examples {
            let command = format!("curl -s -o /dev/null -w '%{{http_code}}' {example}");
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            let status = String::from_utf8(output.stdout).unwrap();
            // fgcp chooses the ids of firewalls, and never this one.
            let is_nobodys = path.ends_with("fgcp") && example.contains("-X 'DELETE'") && example.contains("/new?");
            let expected: &[_] = if is_nobodys { &["404"] } else { &["200", "201", "204"] };
            assert!(expected.contains(&&*status), "{status}: {example}");
        }
    }
}

#[test]
fn the_page_says_what_a_driver_cannot_do() {
    let page = Server::start().send(Request::get("/api;driver=fgcp/docs?format=html")).expect(200).body;
    for id in ["createRule", "showNewRule"] {
        let section = page.split("<section").find(|section| section.contains(&format!("<h2 id=\"{id}\""))).unwrap();
        assert!(section.contains("The fgcp driver cannot create rules."), "{section}");
        assert!(examples(section).is_empty(), "{section}");
    }
}

#[test]
fn the_pages_examples_name_what_is_to_be_replaced_where_no_sample_is() {
    let data = crate::instance::file("empty.toml", "");
    let page = Server::with(&["--mock-data", &data]).send(Request::get("/api/docs?format=html")).expect(200).body;
    let examples = examples(&page);
    let expected = "-u 'USER:PASSWORD' 'http://gateway.test:3001/api/firewalls/NAME?format=json'";
    assert!(examples.iter().any(|example| example == expected), "{examples:?}");
    // Nor is it known what another provider has.
    let page = Server::start().send(Request::get("/api;driver=fgcp;provider=uk/docs?format=html")).expect(200).body;
    assert!(page.contains(";provider=uk/firewalls/NAME/RULE?"), "{page}");
}

#[test]
fn the_pages_examples_name_the_server_as_it_is_known_outside() {
    let server = Server::with(&["--public-url", "https://fw.example.com/x"]);
    let page = server.send(Request::get("/api;driver=fgcp/docs?format=html")).expect(200).body;
    assert!(page.contains("https://fw.example.com/x/api;driver=fgcp/firewalls"), "{page}");
}

/// Each parameter that an operation reads is described for it, and the other way round: one that is read makes another
/// answer of a value that nothing has.
#[test]
fn the_document_describes_the_parameters_that_are_read() {
    let server = Server::start();
    let document = document(&server, "/api/openapi.json");
    let all = operations(&document);
    let in_query: BTreeSet<_> = all.iter().flat_map(|one| one.names("query")).collect();
    let in_bodies: BTreeSet<_> = all.iter().flat_map(Operation::fields).collect();
    let in_headers: BTreeSet<_> = all.iter().flat_map(|one| one.names("header")).collect();
    for operation in &all {
        // Forms are filled in with whatever comes.
        if operation.name().ends_with("/new") || operation.name().ends_with("/new_rule") {
            continue;
        }
        let fields = operation.fields();
        // What is deleted once is not there again.
        let segments = (operation.method == "DELETE").then_some("absent");
        let answers = |name: Option<&str>| {
            let request = match (name, operation.body()) {
                (None, _) => operation.request(segments, ""),
                // That is about a firewall which is there.
                (Some("If-Match"), _) => operation.request(None, "").header("If-Match", "\"other\""),
                (Some("If-None-Match"), _) => operation.request(segments, "").header("If-None-Match", "*"),
                (Some(name), _) if in_headers.contains(name) => operation.request(segments, "").header(name, ".."),
                (Some(name), Some(body)) if fields.contains(name) => {
                    let mut body = body.clone();
                    body[name] = "\u{1}".into();
                    operation.request(segments, "").json(&body.to_string())
                }
                (Some(name), _) => operation.request(segments, &format!("?{name}=%01")),
            };
            let answer = |request| {
                let answer = server.send(request);
                // Of what answers HEAD, the length is all that tells.
                (answer.status, answer.header("Content-Length").map(str::to_owned), answer.body)
            };
            let json = request.clone().accept("application/json");
            [json.clone(), json.on_mock(), request.accept("text/html").on_mock()].map(answer)
        };
        // What the first makes is there from then on.
        answers(None);
        let usual = answers(None);
        let described: BTreeSet<_> = &(&operation.names("query") | &operation.names("header")) | &fields;
        let known = &(&in_query | &in_headers) | &in_bodies;
        // Where nothing is made that could end, an end is refused, and a trial of what could not come back.
        let is_refused =
            |name: &str| (name.starts_with("expires_") || name == "confirm_within") && !described.contains(name);
        let read = known.into_iter().filter(|name| !is_refused(name) && answers(Some(name)) != usual).collect();
        assert_eq!(described, read, "{}", operation.name());
    }
}

/// Whether a status takes more than a request: a slow client, an account that may not, a driver that cannot, or a cloud
/// that fails.
fn is_out_of_reach(status: u16) -> bool {
    status >= 500 || [403, 408].contains(&status)
}

/// Headers that go without saying.
const EVERYWHERE: [&str; 8] = [
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "referrer-policy",
    "server",
    "x-content-type-options",
    "x-frame-options",
];

/// Headers that depend on more than the status.
const SOMETIMES: [&str; 2] = ["x-backend-runtime", "x-deltacloud-provider"];

/// Requests that succeed, and that fail in the ways that need nothing but a request.
fn probes(operation: &Operation<'_>, on_driver: fn(Request) -> Request) -> Vec<Request> {
    let plain = on_driver(operation.request(None, ""));
    let mut probes = Vec::new();
    if ["POST", "PUT", "DELETE"].contains(&&*operation.method) {
        probes.extend([
            on_driver(operation.request(None, "?dry_run=true")),
            plain.clone().header("If-Match", "\"other\""),
        ]);
    }
    probes.extend([
        plain.clone(),
        plain.clone().accept("text/html"),
        plain.clone().accept("text/html").header("If-None-Match", "*"),
        plain.clone().accept("image/png"),
        plain.clone().accept("text/html").header("X-Deltacloud-Provider", ".."),
        on_driver(operation.request(Some("absent"), "")).accept("text/html"),
        operation.request(None, "?force_auth=1&format=json"),
        operation.request(None, "?format=html"),
    ]);
    if ["POST", "PUT"].contains(&&*operation.method) {
        probes.extend([plain.clone().body("text/plain", "text"), plain.clone().form(&"x".repeat(1024 * 1024 + 1))]);
    }
    if operation.method == "POST" {
        probes.push(plain.clone().header("X-HTTP-Method-Override", "PUT"));
    }
    probes
}

/// Each answer's status and headers are described for its operation, and each that is described comes.
#[test]
fn the_document_describes_the_answers_that_come() {
    let server = Server::start();
    let described = document(&server, "/api/openapi.json");
    let described: BTreeMap<_, _> = operations(&described).iter().map(|one| (one.name(), one.answers())).collect();
    let mut requests = Vec::new();
    for (path, on_driver) in
        [("/api", Request::on_mock as fn(Request) -> Request), ("/api;driver=fgcp", Request::on_fgcp)]
    {
        for operation in operations(&document(&server, &format!("{path}/openapi.json"))) {
            requests.extend(probes(&operation, on_driver).into_iter().map(|probe| (operation.name(), probe)));
        }
    }
    let (firewall, new) = ("name=web2&description=d", "name=new&description=d");
    let rule = "protocol=tcp&port_from=81&port_to=81&ip_address1=10.0.0.0/8";
    let rule_id = "/api/firewalls/default/393485797142~tcp~81~81~@address,ipv4,10.0.0.0,8";
    let by_browser = |request: Request| request.on_mock().accept("text/html").header("Upgrade-Insecure-Requests", "1");
    for (operation, request) in [
        ("POST /firewalls", by_browser(Request::post("/api/firewalls").form(firewall))),
        ("DELETE /firewalls/{id}", by_browser(Request::delete("/api/firewalls/web2"))),
        ("POST /firewalls", Request::post("/api/firewalls").on_mock().form(new)),
        ("DELETE /firewalls/new", Request::delete("/api/firewalls/new?dry_run=true").on_mock()),
        ("DELETE /firewalls/new", Request::delete("/api/firewalls/new").header("If-Match", "\"other\"").on_mock()),
        ("DELETE /firewalls/new", Request::delete("/api/firewalls/new").on_mock()),
        ("POST /firewalls", Request::post("/api/firewalls").on_mock().form(new)),
        ("DELETE /firewalls/new", by_browser(Request::delete("/api/firewalls/new"))),
        ("POST /firewalls/{id}/rules", by_browser(Request::post("/api/firewalls/default/rules").form(rule))),
        ("DELETE /firewalls/{id}/{rule}", by_browser(Request::delete(rule_id))),
        ("POST /firewalls", Request::post("/api/firewalls").form("name=a&description=absent").on_fgcp()),
        ("DELETE /firewalls/{id}", Request::delete("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001").on_fgcp()),
        ("DELETE /firewalls/{id}", Request::delete("/api/firewalls/UZXC0GRT-3A7QLM2P9-S-0001").on_fgcp()),
        ("DELETE /firewalls/{id}/{rule}", Request::delete("/api/firewalls/UZXC0GRT-ZG8ZJCJ07-S-0001/50000").on_fgcp()),
    ] {
        requests.push((operation.to_owned(), request));
    }

    let mut seen: BTreeSet<(&str, u16)> = BTreeSet::new();
    for (name, request) in &requests {
        let answer = server.send(request.clone());
        let says = described[name].get(&answer.status).unwrap_or_else(|| panic!("{name}: {}", answer.text()));
        let lower = |header: &str| header.to_ascii_lowercase();
        let sent = answer.headers.iter().map(|(header, _)| lower(header));
        let sent: BTreeSet<_> = sent.filter(|header| !EVERYWHERE.contains(&&**header)).collect();
        let promised: BTreeSet<_> = says["headers"].as_object().unwrap().keys().map(|header| lower(header)).collect();
        // A plan of a change has none where the change itself has one.
        let is_plan = answer.text().contains("<plan>");
        let is_sometimes = |header: &str| SOMETIMES.contains(&header) || is_plan && header == "etag";
        let is_there = |header: &String| sent.contains(header) || !is_sometimes(header);
        let expected: BTreeSet<_> = promised.into_iter().filter(is_there).collect();
        assert_eq!(sent, expected, "{name}: {}", answer.status_line);
        seen.insert((name, answer.status));
    }
    for (name, answers) in &described {
        let of_others: &[u16] = match name.as_str() {
            // fgcp, where deletions may take time or not be allowed, calls no firewall so.
            "DELETE /firewalls/new" => &[202, 405, 409],
            // It takes somebody else who changes the rules at the same time.
            "PUT /firewalls/{id}/rules" => &[409],
            // A trial or a guard may stand against any change.
            _ if name.starts_with("POST ") || name.starts_with("DELETE ") => &[409],
            _ => &[],
        };
        for status in answers.keys().filter(|status| !of_others.contains(status) && !is_out_of_reach(**status)) {
            assert!(seen.contains(&(name, *status)), "{name}: {status} is described, and did not come");
        }
    }
}
