//! Task definitions and secrets for the lab.

use serde_json::{Value, json};

/// The content of a secret that contains this login.
pub fn login(username: &str, password: &str) -> Value {
    json!({ "SecretString": json!({ "username": username, "password": password }).to_string() })
}

/// A task definition without an execution role: the host reads the secrets. Each container is
/// given as name, image and secret.
pub fn task(containers: &[(&str, &str, Option<&str>)]) -> Value {
    let containers: Vec<_> = containers
        .iter()
        .map(|(name, image, secret)| match secret {
            None => json!({ "name": name, "image": image }),
            Some(secret) => {
                json!({ "name": name, "image": image, "repositoryCredentials": { "credentialsParameter": secret } })
            }
        })
        .collect();
    json!({ "family": "e2e", "containerDefinitions": containers })
}
