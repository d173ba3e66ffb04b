//! What of a definition is read here, and nothing else of it.
//!
//! Definitions carry passwords in `environment`, and keys that nobody here knows: whoever
//! keeps a definition keeps this of it.

use super::json;

/// The definition with the keys alone that decide about its pulls, in one line of JSON. It
/// parses to the same [`super::TaskDefinition`]. `None` for a text that does not parse.
#[must_use]
pub fn essence(text: &[u8]) -> Option<String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    serde_json::to_string(&json::read(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::essence;
    use crate::task::TaskDefinition;

    #[test]
    fn what_is_not_read_is_not_kept() {
        let text = r#"{"taskDefinition": {"family": "web", "cpu": "256", "executionRoleArn": "arn:aws:iam::111122223333:role/x",
            "runtimePlatform": {"cpuArchitecture": "ARM64"}, "containerDefinitions": [{"name": "app", "image": "r.example/a",
            "environment": [{"name": "PASSWORD", "value": "hunter2"}], "repositoryCredentials": {"credentialsParameter": "s"}}]}}"#;
        let kept = essence(text.as_bytes()).unwrap();
        assert!(!kept.contains("hunter2") && !kept.contains("cpu\""), "{kept}");
        let [whole, kept] =
            [text, &kept].map(|text| format!("{:?}", TaskDefinition::parse("-", text.as_bytes()).unwrap()));
        assert_eq!(whole, kept);
    }

    #[test]
    fn what_does_not_parse_has_no_essence() {
        assert_eq!(essence(b"family: web"), None);
    }
}
