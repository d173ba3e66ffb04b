//! The parsers of untrusted input, one function for each fuzz target.
//!
//! Exists only in builds with `--cfg fuzzing`. Each function must return for any input, and panics if
//! an error repeats a secret.

use http::{HeaderValue, header};

use crate::agent::JournalRecord;
use crate::answers::{PullContext, SentLogin, classify};
use crate::aws::{Denial, SecretValue, SecretVersion};
use crate::cluster::{Attributes, Expression};
use crate::config::AccessTokens;
use crate::credential::content::{SecretContent, parse_login};
use crate::credential::host_logins::parse_engine_auth_data;
use crate::credential_protocols::{docker::ServerUrl, kubelet};
use crate::engine::{DockerAddress, EngineError, LineBuffer, parse_line};
use crate::error::{Explain as _, Failure, Printable};
use crate::registry::Challenges;
use crate::secret::Secret;
use crate::task::{CredentialsParameter, ImageReference, KeyArn, Platform, Region, RegistryHost, TaskDefinition};

/// Parses the JSON of a task definition.
pub fn task_definition(bytes: &[u8]) {
    let _ = TaskDefinition::parse("fuzz", bytes);
}

/// Parses image references, ARNs, Regions, platforms and registry hosts.
pub fn image_reference(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(image) = ImageReference::parse(&text) {
        assert_eq!(ImageReference::parse(&image.to_string()).ok(), Some(image), "a parsed reference parses again");
    }
    let _ = (CredentialsParameter::parse(&text), KeyArn::parse(&text), Region::parse(&text));
    let _ = (Platform::parse(&text), RegistryHost::parse_address(&text), Printable::new(&text));
}

/// Parses the content of a secret. The first line of the input is the image, the rest is the
/// content.
pub fn secret_content(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (image, content) = text.split_once('\n').unwrap_or(("registry.example/app", &text));
    let Ok(image) = ImageReference::parse(image) else { return };
    let version = SecretVersion {
        arn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:fuzz-AbCdEf".to_owned(),
        version_id: "fuzz".to_owned(),
        stage: None,
        requests: Vec::new(),
        value: SecretValue::Text(Secret::new(content.to_owned())),
    };
    match SecretContent::new(&version) {
        Ok(SecretContent::Text(text)) => {
            if let Err(error) = parse_login(&version, text, &image, AccessTokens::Accept) {
                check_failure(error.to_failure(), content);
            }
        }
        Ok(SecretContent::Sealed(_)) => {}
        Err(error) => check_failure(error.to_failure(), content),
    }
}

/// Panics if an error about a secret repeats a long part of it.
fn check_failure(failure: Failure, secret: &str) {
    let is_unmistakable = |word: &&str| word.len() >= 24 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
    for word in secret.split(|c: char| !c.is_ascii_alphanumeric()).filter(is_unmistakable) {
        assert!(!failure.message.as_str().contains(word), "the error repeats the secret: {failure:?}");
    }
}

/// Parses the value of `ECS_ENGINE_AUTH_DATA`, which has the form of the `auths` in a Docker
/// `config.json`.
pub fn docker_config(bytes: &[u8]) {
    let _ = parse_engine_auth_data(&Secret::new(String::from_utf8_lossy(bytes).into_owned()));
}

/// Parses a pull stream in chunks whose length is the first byte.
pub fn pull_stream(bytes: &[u8]) {
    let Some((size, stream)) = bytes.split_first() else { return };
    let Ok(address) = DockerAddress::parse("unix:///fuzz.sock") else { return };
    let mut lines = LineBuffer::new(64 * 1_024);
    for chunk in stream.chunks(usize::from(*size).max(1)) {
        lines.push(chunk);
        while let Ok(Some(line)) = lines.next_line() {
            let _ = parse_line(&address, &line);
        }
    }
    if let Some(rest) = lines.take_rest() {
        let _ = parse_line(&address, &rest);
    }
}

/// Classifies the text of an engine's error.
pub fn engine_message(bytes: &[u8]) {
    let Ok(image) = ImageReference::parse("registry.example/team/app:1") else { return };
    let text = String::from_utf8_lossy(bytes).into_owned();
    let _ = classify(
        &EngineError::ErrorMessage { status: 500, code: None, text },
        &image,
        &PullContext::with_login(SentLogin::unremarkable()),
    );
}

/// Reads AWS's sentence about a denial. What it says must be safe to paste into a shell.
pub fn aws_denial(bytes: &[u8]) {
    if let Some(denial) = Denial::parse(&String::from_utf8_lossy(bytes)) {
        let shown = format!("{} {}", denial.reason(), denial.hint());
        assert!(shown.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{shown}");
        let names = [denial.principal(), denial.resource(), denial.action()];
        let is_safe = |name: &str| !name.contains(['`', '$', ';', '&', '|', '<', '>', '\'', '"', '\\', ' ']);
        assert!(names.into_iter().flatten().all(is_safe), "{denial:?}");
    }
}

/// Parses the `WWW-Authenticate` header of a registry.
pub fn registry_challenge(bytes: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let headers = [(header::WWW_AUTHENTICATE, value)].into_iter().collect();
        let _ = Challenges::from_headers(&headers).preferred();
    }
}

/// Parses a file of the journal.
pub fn journal_record(bytes: &[u8]) {
    let _ = serde_json::from_slice::<JournalRecord>(bytes);
}

/// Parses a kubelet's request, and the stdin of a Docker credential helper.
pub fn login_requests(bytes: &[u8]) {
    let _ = (kubelet::parse_request(bytes), ServerUrl::parse(bytes));
}

/// Parses and evaluates a placement expression of the cluster query language.
pub fn cluster_query(bytes: &[u8]) {
    if let Some(expression) = Expression::parse(&String::from_utf8_lossy(bytes)) {
        let _ = expression.evaluate(&Attributes::new());
    }
}
