//! The reference that the server itself has: the page, and the document for programs.

use std::process::Command;

use serde_json::Value;

use crate::server::Server;
use crate::wire::Request;

fn document(server: &Server, path: &str) -> Value {
    server.send(Request::get(path)).expect(200).json()
}

/// Each path, method and operation of the document.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.iter().flat_map(|(path, methods)| {
        methods
            .as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (path.clone(), method.to_uppercase(), operation))
    });
    methods.collect()
}

#[test]
fn the_document_has_what_the_server_has() {
    let server = Server::start();
    let document = document(&server, "/api/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    let listed: Vec<_> =
        operations(&document).into_iter().map(|(path, method, _)| format!("{method} {path}")).collect();
    assert_eq!(
        listed,
        [
            "GET /",
            "GET /docs",
            "GET /drivers",
            "GET /drivers/{driver}",
            "GET /firewalls",
            "POST /firewalls",
            "GET /firewalls/new",
            "DELETE /firewalls/new",
            "GET /firewalls/{id}",
            "DELETE /firewalls/{id}",
            "GET /firewalls/{id}/new_rule",
            "POST /firewalls/{id}/rules",
            "DELETE /firewalls/{id}/{rule}",
            "GET /openapi.json",
        ]
    );
    // What the server says of its methods agrees.
    for (path, method, _) in operations(&document) {
        let allow = server.send(Request::new("OPTIONS", &format!("/api{path}"))).expect(200);
        assert!(allow.header("Allow").unwrap().contains(&method), "{method} {path}");
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
    // It has one form, whatever a client accepts.
    server.send(Request::get("/api/openapi.json").accept("text/html")).expect(200).json();
}

/// Each reference within the document leads somewhere, and each example is what its schema says.
#[test]
fn the_documents_references_lead_somewhere() {
    let server = Server::start();
    let document = document(&server, "/api/openapi.json");
    let text = document.to_string();
    let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 10);
    for reference in references {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let json = &response["content"]["application/json"];
            let has_example = json.is_null() || !json["example"].is_null() || path == "/openapi.json";
            assert!(has_example, "{method} {path} {status}");
        }
    }
}

#[test]
fn the_page_has_what_the_document_has() {
    let server = Server::start();
    let document = document(&server, "/api/openapi.json");
    let page = server.send(Request::get("/api/docs?format=html")).expect(200).body;
    for (path, method, operation) in operations(&document) {
        let heading = format!("{method}</span> <code>/api{}</code>", path.trim_end_matches('/'));
        assert!(page.contains(&heading), "{heading}");
        for parameter in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
            assert!(page.contains(&format!("<code>{}</code>", parameter["name"].as_str().unwrap())), "{parameter}");
        }
    }
}

/// The page's examples, one after the other, do what they are examples of.
#[test]
fn the_pages_examples_work() {
    let server = Server::start();
    let address = server.address.to_string();
    let request = Request::get("/api/docs?format=html").header("Host", &address);
    let page = server.send(request).expect(200).body;
    let examples: Vec<_> =
        page.split("<code>curl ").skip(1).map(|rest| rest.split("</code>").next().unwrap()).collect();
    assert_eq!(examples.len(), 14);
    server.send(Request::post("/api/firewalls").on_mock().form("name=new&description=d")).expect(201);
    for example in examples {
        let example = example.replace("&#39;", "'").replace("&#38;", "&");
        let command = format!("curl -s -o /dev/null -w '%{{http_code}}' {example}");
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        let status = String::from_utf8(output.stdout).unwrap();
        assert!(["200", "201", "204"].contains(&&*status), "{status}: {example}");
    }
}

#[test]
fn the_pages_examples_name_the_server_as_it_is_known_outside() {
    let server = Server::with(&["--public-url", "https://fw.example.com/x"]);
    let page = server.send(Request::get("/api;driver=fgcp/docs?format=html")).expect(200).body;
    assert!(page.contains("https://fw.example.com/x/api;driver=fgcp/firewalls"), "{page}");
}
