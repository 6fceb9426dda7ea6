//! What APIs the device has, and where they are described.

use actix_http::body::BoxBody;
use actix_http::{Response, StatusCode};
use actix_web::web::Bytes;
use serde_json::{Value, json};

use super::answer::{bytes, json_response, response};
use super::path::{DOCUMENTS, Document};
use super::types::VERSION;
use super::{model, openapi, reference};

/// Where the document is that describes all APIs.
const OPENAPI: &str = "/config/discover/openapi.json";

/// Answers a request for a document.
pub(super) fn answer(document: Document) -> Response<BoxBody> {
    let json = |value: Value| json_response(StatusCode::OK, bytes(&value));
    match document {
        Document::Device => json(json!({
            "apis": apis(),
            "device": {
                "rest_openapi": OPENAPI,
                "rest_ui": format!("/config/web-ui/swagger-ui/?url={OPENAPI}"),
            },
            "framework_version": "1.1.0",
        })),
        Document::Apis | Document::Firewall => json(apis()),
        Document::FirewallOne => json(entry()),
        Document::OpenApi => json(openapi::document()),
        Document::Model => json(model::document()),
        Document::Text => response(StatusCode::OK, "text/markdown; charset=utf-8", reference::document().into()),
        Document::Page(name) => response(StatusCode::OK, "text/html; charset=utf-8", page(name)),
    }
}

fn apis() -> Value {
    json!({ "firewall": { "v1": entry() } })
}

fn entry() -> Value {
    json!({
        "doc": format!("{DOCUMENTS}/doc.md"),
        "doc_html": format!("/config/web-ui/cu-doc.html?md-doc-loc={DOCUMENTS}/doc.md"),
        "model": format!("{DOCUMENTS}/model.json"),
        "rest_api": "/config/rest/firewall/v1",
        "rest_openapi": format!("{DOCUMENTS}/openapi.json"),
        "rest_ui": format!("/config/web-ui/swagger-ui/?url={DOCUMENTS}/openapi.json"),
        "state": "released",
        "version": VERSION,
    })
}

/// A page that leads to the documents, in the place of the applications that devices have there.
fn page(name: &str) -> Bytes {
    let of = |path: &str| format!("<li><a href=\"{DOCUMENTS}/{path}\">{path}</a></li>\n");
    let links: String = ["doc.md", "model.json", "openapi.json"].into_iter().map(of).collect();
    let title = "Firewall configuration API";
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n<h1>{title}</h1>\n<!-- {name} -->\n<ul>\n{links}</ul>\n</body>\n</html>\n"
    )
    .into()
}
