//! The documents by which clients find the API, and what they say of it.

use serde_json::{Value, json};

use crate::vapix::client::{Device, LOGIN};
use crate::wire::{Connection, Request};

const DOCUMENTS: &str = "/config/discover/apis/firewall/v1";

fn get(device: &Device, path: &str) -> Value {
    device.send(Request::get(path)).expect(200).json()
}

#[test]
fn what_apis_there_are() {
    let device = Device::new();
    let entry = json!({
        "doc": "/config/discover/apis/firewall/v1/doc.md",
        "doc_html": "/config/web-ui/cu-doc.html?md-doc-loc=/config/discover/apis/firewall/v1/doc.md",
        "model": "/config/discover/apis/firewall/v1/model.json",
        "rest_api": "/config/rest/firewall/v1",
        "rest_openapi": "/config/discover/apis/firewall/v1/openapi.json",
        "rest_ui": "/config/web-ui/swagger-ui/?url=/config/discover/apis/firewall/v1/openapi.json",
        "state": "released",
        "version": "1.1.2",
    });
    let apis = json!({ "firewall": { "v1": entry } });
    assert_eq!(get(&device, DOCUMENTS), entry);
    for path in ["/config/discover/apis", "/config/discover/apis.json", "/config/discover/apis/firewall"] {
        assert_eq!(get(&device, path), apis, "{path}");
    }
    let whole = json!({
        "apis": apis,
        "device": {
            "rest_openapi": "/config/discover/openapi.json",
            "rest_ui": "/config/web-ui/swagger-ui/?url=/config/discover/openapi.json",
        },
        "framework_version": "1.1.0",
    });
    assert_eq!(get(&device, "/config/discover"), whole);
    let bytes = device.send(Request::get(DOCUMENTS)).expect(200).body;
    assert!(bytes.starts_with("{\n  \"doc\": \"") && bytes.ends_with("\"version\": \"1.1.2\"\n}"), "{bytes}");
    for name in ["doc", "doc_html", "model", "rest_api", "rest_openapi", "rest_ui"] {
        device.send(Request::get(entry[name].as_str().unwrap())).expect(200);
    }
    device.send(Request::get("/config/discover/openapi.json")).expect(200);
    device.send(Request::get("/config/discover/apis/firewall/v1beta")).expect(404);
    Connection::to(device.address).send(Request::get("/config/discover")).expect(401);
    let text = device.send(Request::get(&format!("{DOCUMENTS}/doc.md"))).expect(200);
    assert!(text.header("Content-Type").unwrap().starts_with("text/markdown"));
    let head = Request::new("HEAD", DOCUMENTS).login(LOGIN);
    let mut connection = Connection::to(device.address);
    connection.write(&head.bytes());
    assert_eq!(connection.read(false).status, 200);
}

/// Each path that the document has is there, with its methods, and what it shows is as the document says.
#[test]
fn the_document_says_what_there_is() {
    let device = Device::new();
    let document = get(&device, &format!("{DOCUMENTS}/openapi.json"));
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "/config/rest" }]));
    assert_eq!(document["info"]["title"], "firewall");
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 12);
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let target = format!("/config/rest{path}");
            let request = Request::new(&method.to_uppercase(), &target).json("{\"data\":{}}");
            let answer = device.send(request);
            assert!(![404, 405].contains(&answer.status), "{method} {path}");
            if method == "get" {
                let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
                let mut schema = schema.clone();
                schema["components"] = document["components"].clone();
                let validator = jsonschema::validator_for(&schema).unwrap();
                let shown = answer.expect(200).json();
                assert!(validator.is_valid(&shown), "{path}: {:?}", validator.iter_errors(&shown).next());
            }
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    assert!(schemas.contains_key("firewall.v1.conf.rules") && schemas.contains_key("datatype.Rule"));
    assert_eq!(schemas["datatype.Rule"]["required"].as_array().unwrap().len(), 11);
    assert!(schemas["datatype.Rule-set"].get("required").is_none());
    for (name, schema) in schemas {
        assert_eq!(schema["additionalProperties"], false, "{name}");
    }
    let model = get(&device, &format!("{DOCUMENTS}/model.json"));
    let members = [
        "id",
        "version",
        "name",
        "state",
        "short_description",
        "description",
        "export_import",
        "root_entity",
        "data_types",
    ];
    assert_eq!(model.as_object().unwrap().keys().collect::<Vec<_>>(), members);
    let root = &model["root_entity"];
    assert_eq!(root["collection"], "singleton");
    assert_eq!(root["properties"]["activated"]["operations"]["set"]["roles"], json!(["admin"]));
    assert_eq!(root["entities"]["conf"]["actions"].as_object().unwrap().len(), 3);
}
