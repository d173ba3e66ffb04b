//! Secrets for one test.

use serde_json::{Value, json};

use super::environment::Lab;

/// A secret in the lab's AWS, which is deleted when this value is dropped.
pub struct TestSecret<'a> {
    pub(super) lab: &'a Lab,
    pub name: String,
}

impl TestSecret<'_> {
    /// Adds a version with this content.
    pub fn put(&self, content: &Value) {
        self.call("put_secret_value", "SecretId", content);
    }

    /// Calls an operation with the secret's name as the parameter `key`.
    pub(super) fn call(&self, operation: &str, key: &str, parameters: &Value) {
        let mut parameters = parameters.clone();
        parameters[key] = self.name.as_str().into();
        self.lab.aws("secretsmanager", operation, &parameters);
    }
}

impl Drop for TestSecret<'_> {
    fn drop(&mut self) {
        self.call("delete_secret", "SecretId", &json!({ "ForceDeleteWithoutRecovery": true }));
    }
}
