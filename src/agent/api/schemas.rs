//! Schemas of parameters and bodies that have no Rust type: parameters, task definitions, text.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Longest source, in characters: the length of the longest path.
pub(super) const SOURCE_LIMIT: usize = 4_096;

/// Longest idempotency key, in bytes.
pub(super) const KEY_LIMIT: usize = 255;

/// Maximum number of requests in one list.
pub(super) const LIST_LIMIT: usize = 1_000;

/// Number of requests in a list if the client states no limit.
pub(super) const LIST_DEFAULT: usize = 100;

pub(super) fn source(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": SOURCE_LIMIT, "default": "request" })
}

pub(super) fn idempotency_key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": KEY_LIMIT })
}

pub(super) fn status(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<super::dto::JobStatus>()
}

pub(super) fn limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": LIST_LIMIT, "default": LIST_DEFAULT })
}

pub(super) fn text(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

pub(super) fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

pub(super) fn alive(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "required": ["alive"], "properties": { "alive": { "const": true } } })
}

/// The keys of a task definition that the agent reads, with the constraints that apply to every
/// definition: a bare definition, the output of `aws ecs describe-task-definition`, or a list of
/// containers.
pub(super) fn definition(_: &mut SchemaGenerator) -> Schema {
    let text = |description: &str| serde_json::json!({ "type": ["string", "null"], "description": description });
    let containers = serde_json::json!({
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["image"],
            "properties": {
                "name": { "type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 255 },
                "image": {
                    "type": "string",
                    "minLength": 1,
                    "description": "`registry/name:tag` or `registry/name@digest`."
                },
                "repositoryCredentials": {
                    "type": ["object", "null"],
                    "additionalProperties": false,
                    "properties": {
                        "credentialsParameter": {
                            "type": ["string", "null"],
                            "description": "ARN or name of the secret; an empty one is none."
                        }
                    }
                }
            }
        }
    });
    let definition = serde_json::json!({
        "type": "object",
        "required": ["containerDefinitions"],
        "properties": {
            "family": text("Family of the task definition; the role session is named after it."),
            "executionRoleArn": text("Role that reads the secrets."),
            "runtimePlatform": {
                "type": ["object", "null"],
                "properties": {
                    "cpuArchitecture": text("`X86_64` or `ARM64`."),
                    "operatingSystemFamily": text("`LINUX`, or a value that begins with `WINDOWS_SERVER_`.")
                }
            },
            "containerDefinitions": containers
        }
    });
    let described = serde_json::json!({
        "type": "object",
        "required": ["taskDefinition"],
        "properties": { "taskDefinition": definition }
    });
    let example = serde_json::json!({
        "family": "web",
        "containerDefinitions": [{
            "name": "app",
            "image": "registry.example:5000/team/app:v1",
            "repositoryCredentials": {
                "credentialsParameter": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/hub-Ab12Cd"
            }
        }]
    });
    json_schema!({
        "description": "ECS task definition. The agent reads and stores only these keys.",
        "anyOf": [definition, described, containers],
        "examples": [example]
    })
}
