//! The `OpenAPI` document, generated from the table of routes and the types of the API.

use std::sync::OnceLock;

use bytes::Bytes;
use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::access::Right;
use super::dto::ProblemView;
use super::problem::MEDIA_TYPE;
use super::response::{self, ApiResponse, JSON};
use super::route::{Action, Parameter, RequiredAccess, ResponseSpec, Route};
use super::routes::ROUTES;

/// Returns the document as JSON; `docs/openapi.json` is a copy of it.
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
        path[route.method.to_ascii_lowercase()] = operation;
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "taskpull",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "The API of the agent on its Unix socket. Requests must use the host `localhost`. Requests with a header that browsers or proxies add are refused.",
        },
        "servers": [{ "url": "http://localhost" }],
        "paths": paths,
        "components": { "schemas": generator.take_definitions(true) },
    });
    format!("{document:#}\n")
}

pub(super) fn response() -> ApiResponse {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Bytes::from(openapi())).clone();
    response::new(StatusCode::OK, JSON, response::full(document))
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let access = match route.access {
        RequiredAccess::Anyone => "Requires no right.",
        RequiredAccess::Right(Right::Submit) => "Requires `access.submit`.",
        RequiredAccess::Right(Right::Read) => "Requires `access.read`.",
        RequiredAccess::Right(Right::Credentials) => "Requires `access.credentials`.",
        RequiredAccess::ReadOrOwn => "Requires `access.read`, or `access.submit` for the caller's own requests.",
        RequiredAccess::Own => "Requires `access.submit`. Only the submitter and root may cancel a request.",
    };
    let mut parameters: Vec<_> = route.parameters.iter().map(|one| parameter(one, generator)).collect();
    if route.path.contains("{id}") {
        let schema = generator.subschema_for::<crate::agent::JobId>();
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "schema": schema }));
    }
    let mut operation = json!({
        "operationId": route.operation_id,
        "summary": route.summary,
        "description": format!("{} {access}", route.description).trim_start(),
        "parameters": parameters,
        "responses": responses(route, generator),
    });
    if let Some(schema) = route.request_body {
        operation["requestBody"] = json!({ "required": true, "content": { JSON: { "schema": schema(generator) } } });
    }
    operation
}

fn parameter(Parameter { name, is_header, description, schema }: &Parameter, generator: &mut SchemaGenerator) -> Value {
    let location = if *is_header { "header" } else { "query" };
    json!({ "name": name, "in": location, "required": false, "description": description, "schema": schema(generator) })
}

fn responses(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let problem = generator.subschema_for::<ProblemView>();
    let mut responses = json!({
        "default": {
            "description": "The request failed (RFC 9457 problem details).",
            "content": { MEDIA_TYPE: { "schema": problem } },
        },
    });
    for ResponseSpec { status, media_type, description, schema } in route.responses {
        let response = &mut responses[status.as_str()];
        response["description"] = match response["description"].as_str() {
            Some(other) => format!("{other} {description}").into(),
            None => (*description).into(),
        };
        response["content"][*media_type] = json!({ "schema": schema(generator) });
        if route.action == Action::Submit {
            response["links"] = links();
        }
    }
    responses
}

/// Links from a submitted request to the operations on it.
fn links() -> Value {
    let with_id = ROUTES.iter().filter(|route| route.path.contains("{id}"));
    let link = |route: &Route| {
        let id = route.operation_id;
        (id.to_owned(), json!({ "operationId": id, "parameters": { "id": "$response.body#/id" } }))
    };
    Value::Object(with_id.map(link).collect())
}
