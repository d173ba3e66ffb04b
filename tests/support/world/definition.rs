//! Task definitions for the tests at the wire.

use serde_json::{Value, json};

pub const IMAGE: &str = "registry.example:5000/team/app:v1";
pub const LOGIN: &str = r#"{"username": "me", "password": "swordfish"}"#;

/// A container whose image needs the credentials of this secret.
pub fn container(name: &str, image: &str, secret: &str) -> Value {
    json!({ "name": name, "image": image, "repositoryCredentials": { "credentialsParameter": secret } })
}

/// A container without a credentials parameter.
pub fn open_container(name: &str, image: &str) -> Value {
    json!({ "name": name, "image": image })
}

/// A task definition with these containers.
pub fn task(containers: &[Value]) -> Value {
    json!({ "family": "web", "containerDefinitions": containers })
}
