//! Where and why a text is not the JSON of a task definition.

use serde::de::IgnoredAny;

use super::syntax_fault::SyntaxFault;
use super::words::words_of;

/// Where and why the text is not a task definition: line from 1, column in bytes from 1, and the
/// path within the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::task) struct JsonError {
    pub line: usize,
    pub column: usize,
    pub path: String,
    /// What is wrong; never a value of the input.
    pub message: String,
    /// What to do; the name of the input is `FILE` in it.
    pub hint: String,
}

impl JsonError {
    /// The error that the parser found in this text. The path is that of the value of a wrong type.
    pub(super) fn new(text: &str, path: String, error: &serde_json::Error) -> Self {
        // A text that is no JSON may end in the middle of a wrong type.
        let syntax_error = if error.is_data() { serde_json::from_str::<IgnoredAny>(text).err() } else { None };
        let error = syntax_error.as_ref().unwrap_or(error);
        if !error.is_data() {
            let SyntaxFault { line, column, message, hint } = SyntaxFault::new(text, error);
            return Self { line, column, path: String::new(), message, hint };
        }
        let message = words_of(error);
        let hint = type_hint(&path, &message);
        Self { line: error.line(), column: error.column(), path, message, hint }
    }

    /// A text that is nested too deeply.
    pub(super) fn too_deep(line: usize, column: usize, limit: usize) -> Self {
        let message = format!("nested deeper than {limit} levels");
        Self { line, column, path: String::new(), message, hint: KEYS_HINT.to_owned() }
    }
}

const KEYS_HINT: &str =
    "use the keys and types of ECS: compare with `aws ecs register-task-definition --generate-cli-skeleton`";

/// What to write in place of a value of a wrong type.
fn type_hint(path: &str, message: &str) -> String {
    let key = path.rsplit('.').next().unwrap_or_default();
    match key {
        "repositoryCredentials" => {
            "write `\"repositoryCredentials\": {\"credentialsParameter\": \"ARN\"}`, with the ARN of the secret"
                .to_owned()
        }
        "runtimePlatform" => {
            "write `\"runtimePlatform\": {\"cpuArchitecture\": \"X86_64\", \"operatingSystemFamily\": \"LINUX\"}`"
                .to_owned()
        }
        "containerDefinitions" => {
            "write `\"containerDefinitions\": [{\"name\": \"app\", \"image\": \"registry.example/team/app:1.0\"}]`"
                .to_owned()
        }
        "image" | "credentialsParameter" | "executionRoleArn" | "name" | "family" => {
            let function =
                if message.contains("map") { "; the function of a template must be resolved first" } else { "" };
            format!("write `{key}` as a text in quotes{function}")
        }
        _ => KEYS_HINT.to_owned(),
    }
}
