//! A task definition reduced to the keys that taskpull reads.
//!
//! Definitions contain passwords in `environment` and keys that taskpull does not know. Code that
//! stores a definition stores only the reduced one.

use super::json::{self, SourceText};

/// The definition with only the keys that decide about its pulls, in one line of JSON, with the names of
/// those that resemble them. It parses to the same [`super::TaskDefinition`]. `None` if the text does not
/// parse.
#[must_use]
pub fn minimal_definition(text: &[u8]) -> Option<String> {
    serde_json::to_string(&json::parse(SourceText::decode(text).content()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::minimal_definition;
    use crate::task::TaskDefinition;

    #[test]
    fn keys_that_taskpull_does_not_read_are_dropped() {
        let text = r#"{"taskDefinition": {"family": "web", "cpu": "256", "executionRoleArn": "arn:aws:iam::111122223333:role/x",
            "runtimePlatform": {"cpuArchitecture": "ARM64"}, "containerDefinitions": [{"name": "app", "image": "r.example/a",
            "environment": [{"name": "PASSWORD", "value": "hunter2"}], "repositoryCredentials": {"credentialsParameter": "s"}}]}}"#;
        let minimal = minimal_definition(text.as_bytes()).unwrap();
        assert!(!minimal.contains("hunter2") && !minimal.contains("cpu\""), "{minimal}");
        let [whole, minimal] =
            [text, &minimal].map(|text| format!("{:?}", TaskDefinition::parse("-", text.as_bytes()).unwrap()));
        assert_eq!(whole, minimal);
    }

    #[test]
    fn what_does_not_parse_has_no_minimal_definition() {
        assert_eq!(minimal_definition(b"family: web"), None);
    }
}
