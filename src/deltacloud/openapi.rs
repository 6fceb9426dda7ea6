//! The OpenAPI document, from the tables that requests go through and with examples that the views themselves write.

use std::io;
use std::sync::Arc;

use actix_web::http::StatusCode;
use deltawall_core::{
    Account, Action, Description, Direction, Firewall, FirewallId, FirewallName, Protocol, Rule, RuleContent, Source,
};
use serde_json::Value;
use utoipa::OpenApi;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, ContentBuilder, HttpMethod, InfoBuilder, OpenApiBuilder, PathItem, Ref, RefOr, Required, Response,
    ResponseBuilder, ServerBuilder,
};

use super::answer::View;
use super::error::{ApiError, Failure};
use super::parameter::{Form, Parameter};
use super::parameters::ShownRules;
use super::path::Method;
use super::reference::{self, Endpoint, Gives};
use super::request::Head;
use super::{json, xml};

/// What the document calls HTTP Basic credentials.
const LOGIN: &str = "login";

/// The whole document.
pub(super) fn document(head: &Head) -> io::Result<Vec<u8>> {
    let mut components = json::Schemas::openapi().components.unwrap_or_default();
    let by_id = of_type(Type::Object).additional_properties(Some(Ref::from_schema_name("Driver")));
    components.schemas.insert("Drivers".into(), by_id.build().into());
    components.add_security_scheme(LOGIN, SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    let mut paths = PathsBuilder::new();
    for endpoint in reference::endpoints() {
        let method = match endpoint.method {
            Method::Get => HttpMethod::Get,
            Method::Post => HttpMethod::Post,
            Method::Delete => HttpMethod::Delete,
            Method::Options => HttpMethod::Options,
        };
        // The server's URL has the rest.
        let path = match endpoint.template.trim_start_matches("/api") {
            "" => "/",
            path => path,
        };
        paths = paths.path(path, PathItem::new(method, operation(&endpoint, head)));
    }
    let info = InfoBuilder::new()
        .title("deltawall")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("One firewall API in front of every cloud: Apache Deltacloud's, as version 1.1.3 spoke it."));
    let document = OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([ServerBuilder::new().url(head.urls.entry_point()).build()]))
        .paths(paths)
        .components(Some(components))
        .build();
    Ok(document.to_json()?.into_bytes())
}

fn operation(endpoint: &Endpoint, head: &Head) -> OperationBuilder {
    let description = &endpoint.description;
    let mut operation = OperationBuilder::new()
        .operation_id(Some(description.id))
        .summary(Some(description.summary))
        .tag(endpoint.template.split('/').nth(2).unwrap_or("entry point"));
    for name in endpoint.placeholders() {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(of_type(Type::String).min_length(Some(1)).examples([example_of(name)]))),
        );
    }
    for parameter in description.query {
        operation = operation.parameter(in_query(parameter));
    }
    if description.gives != Gives::Document {
        for (name, what) in [("X-Deltacloud-Driver", "driver"), ("X-Deltacloud-Provider", "provider")] {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Header)
                    .description(Some(format!("The {what} to use, where the path chooses none.")))
                    .schema(Some(of_type(Type::String))),
            );
        }
    }
    if !description.body.is_empty() {
        let form = content(body(description.body, schema), None);
        let json = content(body(description.body, json_schema), None);
        let body = RequestBodyBuilder::new()
            .required(Some(Required::True))
            .content("application/x-www-form-urlencoded", form.clone())
            .content("multipart/form-data", form)
            .content("application/json", json);
        operation = operation.request_body(Some(body.build()));
    }
    let (status, meaning) = description.success();
    operation = operation.response(status.as_str(), answer(meaning, description.gives, head));
    if description.gives == Gives::Deletion {
        let message = ResponseBuilder::new().description("it will be gone, and the message says when");
        let view = View::Message("Firewall will be deleted once it has stopped".into());
        operation = operation.response(StatusCode::ACCEPTED.as_str(), in_all_formats(message, "Message", &view, head));
    }
    if matches!(description.gives, Gives::Made | Gives::Deletion | Gives::Nothing) {
        let next = Response::new("it is done, for clients that want HTML: the page to go on with");
        operation = operation.response(StatusCode::SEE_OTHER.as_str(), next);
    }
    for failure in &description.failures {
        operation = operation.response(failure.appearance().status.as_str(), failed(*failure, head));
    }
    if description.needs_credentials() {
        operation = operation.security(SecurityRequirement::new::<_, [&str; 0], _>(LOGIN, []));
        // Only force_auth asks for them there.
        if description.gives == Gives::EntryPoint {
            operation = operation.security(SecurityRequirement::default());
        }
    }
    operation
}

/// What may stand for a placeholder of a path.
fn example_of(placeholder: &str) -> &'static str {
    match placeholder {
        "driver" => "mock",
        "rule" => "393485797142~tcp~22~22~@address,ipv4,87.228.192.251,32",
        _ => "default",
    }
}

fn in_query(parameter: &Parameter) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(if parameter.is_required { Required::True } else { Required::False })
        .description(Some(parameter.meaning))
        .schema(Some(schema(parameter)))
        .example(Some(parameter.example.into()))
}

/// An object of these parameters, the numbered ones with number 1. Others are let pass: clients of old send more.
fn body(parameters: &[&Parameter], schema: fn(&Parameter) -> ObjectBuilder) -> Schema {
    let object = parameters.iter().fold(of_type(Type::Object), |object, parameter| {
        let name = parameter.name.replacen('N', "1", 1);
        match parameter.is_required {
            true => object.property(&name, schema(parameter)).required(name),
            false => object.property(&name, schema(parameter)),
        }
    });
    object.build().into()
}

/// Text that is not blank and has no control characters (`deltawall_core::text`).
const NOT_BLANK: &str = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x20\x7f-\xa0\s][^\x00-\x1f\x7f-\x9f]*$";
/// The same, or blank.
const MAYBE_BLANK: &str = r"^(\s*|[^\x00-\x1f\x7f-\x9f]*)$";
/// The same with any white space around it.
const SPACED: &str = r"^\s*[^\x00-\x1f\x7f-\x9f]*\s*$";
const WHOLE_NUMBER: &str = r"^-?[0-9]{1,5}$";

/// What a parameter is in a query or form, where everything is text.
fn schema(parameter: &Parameter) -> ObjectBuilder {
    let schema = ObjectBuilder::new().description(Some(parameter.meaning));
    let schema = match parameter.form {
        Form::Any => schema.schema_type(Type::String),
        Form::Exact if parameter.is_required => schema.schema_type(Type::String).pattern(Some(NOT_BLANK)),
        Form::Exact => schema.schema_type(Type::String).pattern(Some(MAYBE_BLANK)),
        Form::Text | Form::Addresses => schema.schema_type(Type::String).pattern(Some(SPACED)),
        Form::Number(first, last) => {
            schema.schema_type(Type::Integer).minimum(Some(f64::from(first))).maximum(Some(f64::from(last)))
        }
        // What may be left out may be left empty.
        Form::Word(words) if parameter.is_required => words_of(schema, words, None),
        Form::Word(words) => words_of(schema, words, Some("")),
    };
    match parameter.example {
        "" => schema,
        example => schema.examples([Value::from(example)]),
    }
}

fn words_of(schema: ObjectBuilder, words: &[&str], empty: Option<&str>) -> ObjectBuilder {
    schema.schema_type(Type::String).enum_values(Some(words.iter().copied().chain(empty)))
}

/// What a parameter is in JSON: text, or a number or boolean that stands for its text.
fn json_schema(parameter: &Parameter) -> ObjectBuilder {
    let schema = schema(parameter);
    match parameter.form {
        Form::Number(..) => schema.schema_type(types([Type::Integer, Type::String])).pattern(Some(WHOLE_NUMBER)),
        Form::Any | Form::Exact | Form::Text => schema.schema_type(types([Type::String, Type::Number, Type::Boolean])),
        Form::Addresses | Form::Word(_) => schema,
    }
}

fn types<const N: usize>(types: [Type; N]) -> SchemaType {
    SchemaType::Array(types.into())
}

/// The answer of success.
fn answer(meaning: &str, gives: Gives, head: &Head) -> Response {
    let response = ResponseBuilder::new().description(meaning);
    let page = || content(text(), None);
    let in_all = |schema, view| in_all_formats(ResponseBuilder::new().description(meaning), schema, &view, head);
    match gives {
        Gives::EntryPoint => in_all("EntryPoint", View::EntryPoint).content("text/html", page()),
        Gives::Drivers => in_all("Drivers", View::Drivers).content("text/html", page()),
        Gives::Driver => {
            let driver = Arc::clone(head.driver_handle());
            in_all("OneDriver", View::Driver(driver)).content("text/html", page())
        }
        Gives::Firewalls => {
            let firewalls = sample().into_iter().map(Arc::new).collect();
            in_all("Firewalls", View::Firewalls(firewalls, ShownRules::All)).content("text/html", page())
        }
        Gives::Firewall | Gives::Made => match sample() {
            Some(firewall) => {
                let response = in_all("OneFirewall", View::Firewall(Arc::new(firewall), ShownRules::All));
                if gives == Gives::Firewall { response.content("text/html", page()) } else { response }
            }
            None => response,
        },
        Gives::Page => response.content("text/html", page()),
        Gives::Document => response.content("application/json", content(of_type(Type::Object), None)),
        Gives::Deletion | Gives::Nothing => response,
    }
    .build()
}

fn failed(failure: Failure, head: &Head) -> Response {
    let error: ApiError = failure.with("What was wrong, and what would be right.");
    let response = ResponseBuilder::new().description(failure.appearance().meaning);
    with_examples(response, "Error", json::error(&error), Ok(xml::error(&error, head)))
        .content("text/html", content(text(), None))
        .build()
}

/// A response as XML and as JSON of this schema, both with the view as their example.
fn in_all_formats(response: ResponseBuilder, schema: &str, view: &View, head: &Head) -> ResponseBuilder {
    with_examples(response, schema, json::view(view, head), xml::view(view, head))
}

fn with_examples(
    response: ResponseBuilder,
    schema: &str,
    json: io::Result<Vec<u8>>,
    xml: io::Result<Vec<u8>>,
) -> ResponseBuilder {
    let json = json.ok().and_then(|json| serde_json::from_slice(&json).ok());
    let xml = xml.ok().map(|xml| String::from_utf8_lossy(&xml).into_owned().into());
    response
        .content("application/json", content(Ref::from_schema_name(schema), json))
        .content("application/xml", content(text(), xml))
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

/// A firewall for examples.
fn sample() -> Option<Firewall> {
    let owner = Account::new("393485797142").ok()?;
    let content = RuleContent {
        owner: owner.clone(),
        protocol: Protocol::from_parts("tcp", Some((80, 80))).ok()?,
        direction: Direction::Ingress,
        action: Action::Accept,
        sources: vec![Source::Address("10.1.0.0/16".parse().ok()?)],
    };
    Some(Firewall {
        id: FirewallId::new("web").ok()?,
        name: FirewallName::new("web").ok()?,
        description: Description::new("Web servers").ok(),
        owner: Some(owner),
        rules: vec![Rule { cloud_id: None, content, log: false, description: None }],
    })
}
