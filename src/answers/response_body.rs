//! The body of a registry's error answer.

use serde::Deserialize;

/// What the body of an error answer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseBody {
    /// The first error code, in lower case with spaces.
    pub code: Option<String>,
    /// The messages, or the body itself if it is not a registry's.
    pub text: String,
}

/// The body in the forms that registries and token services use: `errors` of the distribution
/// specification, `details` of older token services, `error` of OAuth 2, and `message`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorDocument {
    errors: Vec<ErrorEntry>,
    details: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    message: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorEntry {
    code: Option<serde_json::Value>,
    message: Option<String>,
}

impl ResponseBody {
    /// Parses a body. A body that is not JSON is the text.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(document) = serde_json::from_slice::<ErrorDocument>(body) else {
            return Self { code: None, text: String::from_utf8_lossy(body).trim().to_owned() };
        };
        let code = document.errors.iter().find_map(|entry| entry.code.as_ref()?.as_str().map(plain_code));
        let messages: Vec<_> = document.errors.into_iter().filter_map(|entry| entry.message).collect();
        let others = [document.details, document.error_description, document.message, document.error];
        let text = if messages.is_empty() {
            others.into_iter().flatten().next().unwrap_or_default()
        } else {
            messages.join("\n")
        };
        Self { code, text }
    }
}

/// A code as engines show it: `MANIFEST_UNKNOWN` is `manifest unknown`.
fn plain_code(code: &str) -> String {
    code.to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::ResponseBody;

    #[test]
    fn every_form_of_an_error_body_gives_its_words() {
        for (body, code, text) in [
            (r#"{"errors":[{"code":"DENIED","message":"no"}]}"#, Some("denied"), "no"),
            (r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#, Some("manifest unknown"), ""),
            (r#"{"errors":[{"status":401,"message":"Bad credentials"}]}"#, None, "Bad credentials"),
            (r#"{"details":"incorrect username or password"}"#, None, "incorrect username or password"),
            (r#"{"error":"invalid_grant","error_description":"expired"}"#, None, "expired"),
            (r#"{"message":"no such user"}"#, None, "no such user"),
            ("<html>no</html>\n", None, "<html>no</html>"),
            ("", None, ""),
        ] {
            let parsed = ResponseBody::parse(body.as_bytes());
            assert_eq!((parsed.code.as_deref(), &*parsed.text), (code, text), "{body}");
        }
    }
}
