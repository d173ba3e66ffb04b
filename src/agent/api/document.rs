//! The OpenAPI document, made from the table of routes and the types of the answers.

use std::sync::OnceLock;

use bytes::Bytes;
use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::answer::{self, Answer, JSON};
use super::problem::{MEDIA_TYPE, ProblemView};
use super::routes::{Action, Demand, Gives, Parameter, ROUTES, Route};

/// The document, as the file in `docs/` has it.
#[must_use]
pub fn openapi() -> String {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in &ROUTES {
        let operation = operation(route, &mut generator);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "taskpull",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "The agent's API on its Unix socket. Requests are for the host `localhost`, and have no header that a browser or a proxy adds.",
        },
        "servers": [{ "url": "http://localhost" }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    });
    format!("{document:#}\n")
}

pub(super) fn answer() -> Answer {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Bytes::from(openapi())).clone();
    answer::of(StatusCode::OK, JSON, answer::full(document))
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let needs = match route.demand {
        Demand::Nothing => "Needs no right.",
        Demand::Of(super::Right::Submit) => "Needs `access.submit`.",
        Demand::Of(super::Right::Read) => "Needs `access.read`.",
        Demand::Of(super::Right::Credentials) => "Needs `access.credentials`.",
        Demand::ReadOrOwn => "Needs `access.read`, or `access.submit` for one's own requests.",
        Demand::Own => "Needs `access.submit`, and to be its sender or root.",
    };
    let mut parameters: Vec<_> = route.parameters.iter().map(|one| parameter(one, generator)).collect();
    if route.path.contains("{id}") {
        let schema = generator.subschema_for::<crate::agent::JobId>();
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "schema": schema }));
    }
    let mut responses: Map<_, _> = route.gives.iter().map(|gives| response(gives, generator)).collect();
    let problem = generator.subschema_for::<ProblemView>();
    let problem =
        json!({ "description": "It was not served, and why.", "content": { MEDIA_TYPE: { "schema": problem } } });
    responses.insert("default".to_owned(), problem);
    if route.action == Action::Submit {
        for gives in route.gives {
            responses[gives.status.as_str()]["links"] = links();
        }
    }
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "description": needs,
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(of) = route.takes {
        operation["requestBody"] = json!({ "required": true, "content": { JSON: { "schema": of(generator) } } });
    }
    operation
}

/// What can be done with a request that was submitted.
fn links() -> Value {
    let with_id = ROUTES.iter().filter(|route| route.path.contains("{id}"));
    let link = |route: &Route| {
        (route.name.to_owned(), json!({ "operationId": route.name, "parameters": { "id": "$response.body#/id" } }))
    };
    Value::Object(with_id.map(link).collect())
}

fn parameter(Parameter { name, is_header, says, of }: &Parameter, generator: &mut SchemaGenerator) -> Value {
    let place = if *is_header { "header" } else { "query" };
    json!({ "name": name, "in": place, "required": false, "description": says, "schema": of(generator) })
}

fn response(Gives { status, says, content }: &Gives, generator: &mut SchemaGenerator) -> (String, Value) {
    let content: Map<_, _> =
        content.iter().map(|(kind, of)| ((*kind).to_owned(), json!({ "schema": of(generator) }))).collect();
    (status.as_str().to_owned(), json!({ "description": says, "content": content }))
}
