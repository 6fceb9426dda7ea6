//! What the machine allows: a bare actix-web handler that answers what the gateway has answered, to the byte, without any of
//! its work. `tests/bench` starts it, with files of answers as they came over the wire:
//!
//! ```text
//! ceiling WORKERS GET=FILE [POST=FILE] [DELETE=FILE]
//! ```
//!
//! It prints its address, and ends with its standard input.

mod serve;

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serve::serve;

/// An answer, without what the server adds of itself.
struct Answer {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let is_own = |name: &str| !["content-length", "date", "connection"].contains(&&*name.to_ascii_lowercase());
        let headers = lines.filter_map(header).filter(|(name, _)| is_own(name)).collect();
        Some(Self { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) })
    }
}

async fn answer(http: HttpRequest, _: Bytes, answers: web::Data<HashMap<Method, Answer>>) -> HttpResponse {
    let Some(answer) = answers.get(http.method()) else { return HttpResponse::NotFound().finish() };
    let mut response = HttpResponse::build(answer.status);
    for (name, value) in &answer.headers {
        response.insert_header((name.as_str(), value.as_str()));
    }
    let mut response = response.body(answer.body.clone());
    // The gateway writes them so, since its clients compare them as they are written.
    response.head_mut().set_camel_case_headers(true);
    response
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let workers = arguments.next().and_then(|workers| workers.parse().ok()).unwrap_or(1);
    let mut answers = HashMap::new();
    for argument in arguments {
        let wrong = || io::Error::other(format!("'{argument}' is not METHOD=FILE with an answer in it"));
        let (method, file) = argument.split_once('=').ok_or_else(wrong)?;
        let text = std::fs::read_to_string(file)?;
        answers.insert(method.parse::<Method>().ok().ok_or_else(wrong)?, Answer::parse(&text).ok_or_else(wrong)?);
    }
    let answers = web::Data::from(Arc::new(answers));
    serve(workers, move |app| {
        app.app_data(answers.clone()).default_service(web::to(answer));
    })
}
