//! The OpenAPI document, from the tables that requests go through and with examples that the views themselves write.

use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use serde_json::{Map, Value};
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    self, Content, ContentBuilder, HttpMethod, InfoBuilder, OpenApiBuilder, PathItem, Ref, RefOr, Required, Response,
    ResponseBuilder, ServerBuilder,
};

use super::answer::View;
use super::error::{ApiError, Failure};
use super::examples::Examples;
use super::head::Head;
use super::operation::Method;
use super::parameter::{Parameter, Syntax};
use super::reference::{self, Endpoint, Gives, Header};
use super::samples::{sample, sample_plan};
use super::shown_rules::ShownRules;
use super::{html, json, rule_set_schema, xml};

/// What the document calls HTTP Basic credentials.
const LOGIN: &str = "login";

/// The whole document.
pub(super) fn document(head: &Head<'_>) -> io::Result<Vec<u8>> {
    let mut components = json::Schemas::openapi().components.unwrap_or_default();
    let by_id = of_type(Type::Object).additional_properties(Some(Ref::from_schema_name("Driver")));
    components.schemas.insert("Drivers".into(), by_id.build().into());
    components.add_security_scheme(LOGIN, SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    let examples = Examples::new(head);
    let mut paths = PathsBuilder::new();
    for endpoint in reference::endpoints(head.driver().capabilities()) {
        let methods: &[_] = match endpoint.method {
            Method::Get => &[HttpMethod::Get, HttpMethod::Head],
            Method::Post => &[HttpMethod::Post],
            Method::Put => &[HttpMethod::Put],
            Method::Delete => &[HttpMethod::Delete],
            Method::Options => &[HttpMethod::Options],
        };
        // The server's URL has the rest.
        let path = match endpoint.template.trim_start_matches("/api") {
            "" => "/",
            path => path,
        };
        for method in methods {
            let operation = operation(&endpoint, method, &examples, head)?;
            paths = paths.path(path, PathItem::new(method.clone(), operation));
        }
        let successes = endpoint.description.gives.successes().iter().flat_map(|success| success.headers);
        let failures = endpoint.description.failures.iter().flat_map(|failure| reference::headers(*failure));
        for header in successes.chain(failures).chain(&reference::HEADERS) {
            components.headers.entry(header.name.to_owned()).or_insert_with(|| described(header).into());
        }
        for failure in &endpoint.description.failures {
            let status = failure.appearance().status.as_str().to_owned();
            components.responses.entry(status).or_insert_with(|| failed(*failure, head).into());
        }
    }
    let info = InfoBuilder::new()
        .title("deltawall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "One firewall API in front of every cloud: Apache Deltacloud's, as version 1.1.3 spoke it. A POST is a DELETE where \
             its form has `_method=delete`, or its header `X-HTTP-Method-Override` is `DELETE`.",
        ));
    let document = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url(head.urls.entry_point()).build()]))
        .paths(paths)
        .components(Some(components))
        .build();
    Ok(document.to_json()?.into_bytes())
}

fn operation(
    endpoint: &Endpoint,
    method: &HttpMethod,
    examples: &Examples<'_>,
    head: &Head<'_>,
) -> io::Result<OperationBuilder> {
    let description = &endpoint.description;
    let is_named = !matches!(method, HttpMethod::Head | HttpMethod::Options);
    let mut operation = OperationBuilder::new()
        .operation_id(is_named.then_some(description.id))
        .summary(Some(description.summary))
        .tag(endpoint.template.split('/').nth(2).unwrap_or("entry point"));
    for name in endpoint.placeholders() {
        let example = examples.segment(endpoint, name);
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some(reference::meaning(name)))
                .schema(Some(of_type(Type::String).min_length(Some(1)).examples([example]))),
        );
    }
    for parameter in &description.query {
        operation = operation.parameter(in_query(parameter, examples.value(endpoint, parameter)));
    }
    for (name, meaning) in description.request_headers() {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .description(Some(meaning))
                .schema(Some(of_type(Type::String))),
        );
    }
    if description.takes_rule_set {
        operation = operation.request_body(Some(rule_set_schema::body(examples.rule_set())?));
    } else if !description.body.is_empty() {
        let example =
            description.example.iter().map(|one| (one.first_name(), value(one, examples.value(endpoint, one))));
        let example = Value::from(Map::from_iter(example));
        let of = |body: ObjectBuilder| content(Schema::from(body.build()), Some(example.clone()));
        let body_of = |schema| body(description.body, schema);
        let body = RequestBodyBuilder::new()
            .description(Some(
                "What is not in the body may be in the query. What is in both counts as the body has it.",
            ))
            .content("application/x-www-form-urlencoded", of(body_of(schema)))
            .content("multipart/form-data", of(body_of(schema).property_names(Some(in_a_header()))))
            .content("application/json", of(body_of(json_schema)));
        operation = operation.request_body(Some(body.build()));
    }
    for success in description.gives.successes() {
        // What answers HEAD has no body.
        let has_body = *method != HttpMethod::Head;
        let response = ResponseBuilder::new().description(success.meaning);
        let response = if has_body { answer(response, success.status, description.gives, head) } else { response };
        operation = operation.response(success.status.as_str(), with_headers(response, success.headers));
    }
    for failure in &description.failures {
        let status = failure.appearance().status;
        operation = operation.response(status.as_str(), Ref::from_response_name(status.as_str()));
    }
    if description.needs_credentials() {
        operation = operation.security(SecurityRequirement::new::<_, [&str; 0], _>(LOGIN, []));
        // Only force_auth asks for them there.
        if description.gives == Gives::EntryPoint {
            operation = operation.security(SecurityRequirement::default());
        }
    }
    Ok(operation)
}

fn in_query(parameter: &Parameter, example: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(if parameter.is_required { Required::True } else { Required::False })
        .description(Some(parameter.meaning))
        .schema(Some(schema(parameter)))
        // No number is empty.
        .example((!example.is_empty() || !matches!(parameter.syntax, Syntax::Number(..))).then(|| example.into()))
}

/// An object of these parameters, the numbered ones with number 1. Others are let pass: clients of old send more.
fn body(parameters: &[&Parameter], schema: fn(&Parameter) -> ObjectBuilder) -> ObjectBuilder {
    parameters.iter().fold(of_type(Type::Object), |object, parameter| {
        let name = parameter.first_name();
        match parameter.is_required {
            true => object.property(&name, schema(parameter)).required(name),
            false => object.property(&name, schema(parameter)),
        }
    })
}

/// What a name of a part of a multipart form can be, which stands in a header there.
fn in_a_header() -> Schema {
    of_type(Type::String).pattern(Some(NO_CONTROLS)).build().into()
}

/// Text that is not blank and has no control characters (`deltawall_core::text`).
const NOT_BLANK: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$";
/// The same, or blank.
const MAYBE_BLANK: &str = r"^(\s*|[^\x00-\x1f\x7f-\x9f]*)$";
/// The same with any white space around it.
const SPACED: &str = r"^\s*[^\x00-\x1f\x7f-\x9f]*\s*$";
const WHOLE_NUMBER: &str = r"^-?[0-9]{1,5}$";
const PROTOCOL: &str = r"^\s*([Tt][Cc][Pp]|[Uu][Dd][Pp]|[Ii][Cc][Mm][Pp]([Vv]6)?|-1|\+?[0-9]+)\s*$";
/// Of IPv6 addresses this says no more than which characters they have.
const ADDRESSES: &str = concat!(
    r"^[\s,]*((",
    r"((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3})",
    r"|([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)",
    r")(/[0-9]{1,3})?(\s*,[\s,]*|\s*$))*$"
);
/// Of packets this says those of TCP and UDP between hosts of IPv4.
const PACKET: &str = concat!(
    r"^(\s*|(tcp|udp)/[1-9][0-9]{0,3} (from|to) ",
    r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3})$"
);
/// Of times this says those of later centuries, which are not over yet.
const TIME: &str = concat!(
    r"^(\s*|2[1-9][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])",
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)$"
);
const CHANGE: &str = r"^(\s*|[0-9A-Za-z]{26})$";
const NO_CONTROLS: &str = r"^[^\x00-\x1f\x7f]*$";

/// What a parameter is in a query or form, where everything is text.
fn schema(parameter: &Parameter) -> ObjectBuilder {
    let schema = ObjectBuilder::new().description(Some(parameter.meaning));
    let schema = match parameter.syntax {
        Syntax::Any => schema.schema_type(Type::String),
        Syntax::Exact if parameter.is_required => schema.schema_type(Type::String).pattern(Some(NOT_BLANK)),
        Syntax::Exact => schema.schema_type(Type::String).pattern(Some(MAYBE_BLANK)),
        Syntax::Text | Syntax::List => schema.schema_type(Type::String).pattern(Some(SPACED)),
        Syntax::Protocol => schema.schema_type(Type::String).pattern(Some(PROTOCOL)),
        Syntax::Addresses => schema.schema_type(Type::String).pattern(Some(ADDRESSES)),
        Syntax::Packet => schema.schema_type(Type::String).pattern(Some(PACKET)),
        Syntax::Time => schema.schema_type(Type::String).pattern(Some(TIME)),
        Syntax::Change => schema.schema_type(Type::String).pattern(Some(CHANGE)),
        Syntax::Flag => words_of(schema, &["true", "false"], None),
        Syntax::Number(first, last) => {
            schema.schema_type(Type::Integer).minimum(Some(f64::from(first))).maximum(Some(f64::from(last)))
        }
        // What may be left out may be left empty.
        Syntax::Word(words) if parameter.is_required => words_of(schema, words, None),
        Syntax::Word(words) => words_of(schema, words, Some("")),
    };
    match parameter.example {
        "" => schema,
        example => schema.examples([value(parameter, example)]),
    }
}

/// A parameter's text as its schema has it.
fn value(parameter: &Parameter, text: &str) -> Value {
    match parameter.syntax {
        Syntax::Number(..) => text.parse().map_or_else(|_| text.into(), |number: i32| number.into()),
        _ => text.into(),
    }
}

fn words_of(schema: ObjectBuilder, words: &[&str], empty: Option<&str>) -> ObjectBuilder {
    schema.schema_type(Type::String).enum_values(Some(words.iter().copied().chain(empty)))
}

/// What a parameter is in JSON: text, or a whole number or boolean that stands for its text.
fn json_schema(parameter: &Parameter) -> ObjectBuilder {
    let schema = schema(parameter);
    match parameter.syntax {
        Syntax::Number(..) => schema.schema_type(types([Type::Integer, Type::String])).pattern(Some(WHOLE_NUMBER)),
        Syntax::List => schema.schema_type(types([Type::String, Type::Integer, Type::Boolean, Type::Array])),
        Syntax::Any | Syntax::Exact | Syntax::Text => {
            schema.schema_type(types([Type::String, Type::Integer, Type::Boolean]))
        }
        Syntax::Protocol
        | Syntax::Packet
        | Syntax::Addresses
        | Syntax::Flag
        | Syntax::Word(_)
        | Syntax::Time
        | Syntax::Change => schema,
    }
}

fn types<const N: usize>(types: [Type; N]) -> SchemaType {
    SchemaType::Array(types.into())
}

/// The same response, with what its body is.
fn answer(response: ResponseBuilder, status: StatusCode, gives: Gives, head: &Head<'_>) -> ResponseBuilder {
    let firewall = || sample().map(|firewall| View::Firewall(Arc::new(firewall), ShownRules::All));
    let (schemas, view): (&[&str], _) = match (status, gives) {
        (StatusCode::OK, Gives::EntryPoint) => (&["EntryPoint"], Some(View::EntryPoint)),
        (StatusCode::OK, Gives::Drivers) => (&["Drivers"], Some(View::Drivers)),
        (StatusCode::OK, Gives::Driver) => (&["OneDriver"], Some(View::Driver(Arc::clone(head.driver_handle())))),
        (StatusCode::OK, Gives::Firewalls) => {
            let all = sample().into_iter().map(Arc::new).collect();
            (&["Firewalls"], Some(View::Firewalls(all, ShownRules::All)))
        }
        (StatusCode::OK, Gives::Firewall) => (&["OneFirewall", "OneExplanation"], firewall()),
        (StatusCode::OK, Gives::Replaced) => (&["OneFirewall", "OnePlan"], firewall()),
        (StatusCode::OK, Gives::NewFirewall | Gives::NewRule | Gives::Deletion | Gives::Nothing) => {
            (&["OnePlan"], sample_plan(head))
        }
        (StatusCode::CREATED, _) => (&["OneFirewall"], firewall()),
        (StatusCode::ACCEPTED, _) => {
            (&["Message"], Some(View::Message("Firewall will be deleted once it has stopped".into())))
        }
        _ => (&[], None),
    };
    let has_page = view.is_some() || status == StatusCode::OK && gives == Gives::Page;
    let response = match view {
        Some(view) => with_examples(response, one_of(schemas), json::view(&view, head), xml::view(&view, head)),
        None => response,
    };
    match (status, gives) {
        _ if has_page => response.content("text/html", content(text(), None)),
        (StatusCode::OK, Gives::Document) => response.content("application/json", content(of_type(Type::Object), None)),
        (StatusCode::OK, Gives::Asset) => html::media_types()
            .fold(response, |response, media_type| response.content(media_type, content(text(), None))),
        _ => response,
    }
}

/// What has one of these schemas.
fn one_of(schemas: &[&str]) -> RefOr<Schema> {
    match schemas {
        [one] => Ref::from_schema_name(*one).into(),
        several => {
            let all = several.iter().map(|name| Ref::from_schema_name(*name));
            Schema::from(all.fold(OneOfBuilder::new(), |one_of, one| one_of.item(one)).build()).into()
        }
    }
}

fn failed(failure: Failure, head: &Head<'_>) -> Response {
    let error: ApiError = failure.with("What was wrong, and what would be right.");
    let response = ResponseBuilder::new().description(failure.appearance().meaning);
    let response = with_examples(
        response,
        one_of(&["Error"]),
        json::error(&error),
        Ok(xml::error(&error, "/api/firewalls", head)),
    )
    .content("text/html", content(text(), None));
    with_headers(response, reference::headers(failure)).build()
}

/// The same response with these headers and those that all have.
fn with_headers(response: ResponseBuilder, headers: &[Header]) -> ResponseBuilder {
    reference::HEADERS.iter().chain(headers).fold(response, |response, header| {
        response.header_ref(header.name, Ref::new(format!("#/components/headers/{}", header.name)))
    })
}

fn described(header: &Header) -> openapi::Header {
    HeaderBuilder::new().description(Some(header.meaning)).schema(Some(text())).build()
}

/// A response as XML and as JSON of this schema, both with an example.
fn with_examples(
    response: ResponseBuilder,
    schema: RefOr<Schema>,
    json: io::Result<Vec<u8>>,
    xml: io::Result<Vec<u8>>,
) -> ResponseBuilder {
    let json = json.ok().and_then(|json| serde_json::from_slice(&json).ok());
    let xml = xml.ok().map(|xml| String::from_utf8_lossy(&xml).into_owned().into());
    response.content("application/json", content(schema, json)).content("application/xml", content(text(), xml))
}

fn content(schema: impl Into<RefOr<Schema>>, example: Option<Value>) -> Content {
    ContentBuilder::new().schema(Some(schema)).example(example).build()
}

fn text() -> ObjectBuilder {
    of_type(Type::String)
}

fn of_type(kind: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(kind)
}
