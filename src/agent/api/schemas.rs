//! The schemas of what is no type of ours: parameters, definitions, plain answers.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Longest source, in characters: the longest path.
pub(super) const SOURCE_LIMIT: usize = 4_096;

/// Longest key, in bytes.
pub(super) const KEY_LIMIT: usize = 255;

/// Most requests in one list.
pub(super) const LIST_LIMIT: usize = 1_000;

pub(super) fn source(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": SOURCE_LIMIT, "default": "request" })
}

pub(super) fn key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": KEY_LIMIT })
}

pub(super) fn state(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<super::view::StateWord>()
}

pub(super) fn limit(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "minimum": 1, "maximum": LIST_LIMIT, "default": 100 })
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

/// A task definition, as far as it is read: types, and what is refused whatever it is. Whole,
/// as `aws ecs describe-task-definition` has it, or the containers alone.
pub(super) fn definition(_: &mut SchemaGenerator) -> Schema {
    let text = |says: &str| serde_json::json!({ "type": ["string", "null"], "description": says });
    let containers = serde_json::json!({
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["image"],
            "properties": {
                "name": { "type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 255 },
                "image": { "type": "string", "minLength": 1, "description": "`registry/name:tag`, or by digest." },
                "repositoryCredentials": {
                    "type": ["object", "null"],
                    "required": ["credentialsParameter"],
                    "properties": {
                        "credentialsParameter": {
                            "type": "string",
                            "minLength": 1,
                            "description": "The secret's ARN, or its name."
                        }
                    }
                }
            }
        }
    });
    let whole = serde_json::json!({
        "type": "object",
        "required": ["containerDefinitions"],
        "properties": {
            "family": text("What a role's session is named after."),
            "executionRoleArn": text("Who reads the secrets."),
            "runtimePlatform": {
                "type": ["object", "null"],
                "properties": {
                    "cpuArchitecture": text("`X86_64` or `ARM64`."),
                    "operatingSystemFamily": text("`LINUX`, or one that begins with `WINDOWS_SERVER_`.")
                }
            },
            "containerDefinitions": containers
        }
    });
    let described = serde_json::json!({
        "type": "object",
        "required": ["taskDefinition"],
        "properties": { "taskDefinition": whole }
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
        "description": "A task definition of ECS; of its keys only these are read and kept.",
        "anyOf": [whole, described, containers],
        "examples": [example]
    })
}
