//! Logins as front doors write them: the one file of this room that takes the wrapping off.
//!
//! What is written is wiped when it is dropped, and never grows on its way: a buffer that
//! grows leaves its old contents behind.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::credential_protocols::kubelet::API_VERSION;
use crate::pipeline::{IssuedLogin, Login};
use crate::report::timestamp;

/// Bytes for whoever asked.
pub struct SecretResponse(Zeroizing<Vec<u8>>);

impl SecretResponse {
    /// The bytes, to be written and forgotten.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    #[expect(clippy::expect_used, reason = "texts are JSON, and a Vec takes them all")]
    fn json(value: &impl Serialize, texts: usize) -> Self {
        // Six times is the most that JSON makes of a byte.
        let mut text = Zeroizing::new(Vec::with_capacity(6 * texts + 512));
        serde_json::to_writer(&mut *text, value).expect("texts are JSON");
        text.push(b'\n');
        Self(text)
    }
}

impl AsRef<[u8]> for SecretResponse {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerLogin<'a> {
    #[serde(rename = "ServerURL")]
    server: &'a str,
    username: &'a str,
    secret: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KubeletAnswer<'a> {
    api_version: &'static str,
    kind: &'static str,
    cache_key_type: &'a str,
    cache_duration: String,
    auth: BTreeMap<&'a str, KubeletLogin<'a>>,
}

#[derive(Serialize)]
struct KubeletLogin<'a> {
    username: &'a str,
    password: &'a str,
}

/// A login, as the agent's socket gives it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Login")]
pub struct AgentLogin<'a> {
    /// The user name; `<token>` where the secret is an identity token.
    username: &'a str,
    /// The password or token.
    secret: &'a str,
    /// What it may be shown for.
    covers: Covers,
    /// When it ends: an ECR token's. A secret may be another one at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// What a login may be shown for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Covers {
    /// Every image of the registry.
    Registry,
    /// The image that was asked for; another of the registry may have another login.
    Image,
}

impl<'a> KubeletAnswer<'a> {
    fn new(cache_key_type: &'a str, seconds: u64, auth: Option<(&'a str, KubeletLogin<'a>)>) -> Self {
        Self {
            api_version: API_VERSION,
            kind: "CredentialProviderResponse",
            cache_key_type,
            cache_duration: format!("{seconds}s"),
            auth: auth.into_iter().collect(),
        }
    }
}

/// User name and secret, as they are.
#[expect(clippy::disallowed_methods, reason = "the writer of a login for a front door")]
fn exposed(login: &Login) -> (&str, &str) {
    match login {
        Login::Anonymous => ("", ""),
        Login::Password { username, password } => (username.expose(), password.expose()),
        Login::IdentityToken(token) => ("<token>", token.expose()),
    }
}

/// A credential helper's answer.
pub(crate) fn for_docker(server: &str, login: &Login) -> SecretResponse {
    let (username, secret) = exposed(login);
    SecretResponse::json(&DockerLogin { server, username, secret }, server.len() + username.len() + secret.len())
}

/// A kubelet's answer for one pattern; none for an identity token.
pub(crate) fn for_kubelet(key_type: &str, seconds: u64, pattern: &str, login: &Login) -> Option<SecretResponse> {
    let Login::Password { .. } = login else { return None };
    let (username, password) = exposed(login);
    let texts = pattern.len() + username.len() + password.len();
    let answer = KubeletAnswer::new(key_type, seconds, Some((pattern, KubeletLogin { username, password })));
    Some(SecretResponse::json(&answer, texts))
}

/// A kubelet's answer about an image that is not ours. It is not kept: a changed configuration
/// counts at once.
pub(crate) fn nothing_for_kubelet() -> SecretResponse {
    SecretResponse::json(&KubeletAnswer::new("Image", 0, None), 0)
}

/// The agent's answer.
#[must_use]
pub fn for_agent(IssuedLogin { login, is_of_registry, origin, .. }: &IssuedLogin) -> SecretResponse {
    let (username, secret) = exposed(login);
    let covers = if *is_of_registry { Covers::Registry } else { Covers::Image };
    let texts = username.len() + secret.len();
    SecretResponse::json(&AgentLogin { username, secret, covers, expires_at: origin.expires().map(timestamp) }, texts)
}

/// The password alone and a newline, for `--password-stdin` (D8); none for an identity token.
#[must_use]
pub fn password(login: &Login) -> Option<SecretResponse> {
    let Login::Password { .. } = login else { return None };
    let (_, password) = exposed(login);
    let mut text = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    text.extend_from_slice(password.as_bytes());
    text.push(b'\n');
    Some(SecretResponse(text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{SecretResponse, for_docker, for_kubelet, nothing_for_kubelet, password};
    use crate::pipeline::Login;
    use crate::secret::Secret;

    fn login(secret: &str) -> Login {
        Login::Password { username: Secret::new("me".to_owned()), password: Secret::new(secret.to_owned()) }
    }

    fn token() -> Login {
        Login::IdentityToken(Secret::new("t".to_owned()))
    }

    fn json_of(written: &SecretResponse) -> Value {
        serde_json::from_slice(written.bytes()).unwrap()
    }

    #[test]
    fn any_password_survives_and_no_buffer_grows() {
        for letter in ['~', 'ÿ', '"', '\\', '\u{1}', '\u{ffff}', '\n'] {
            let secret: String = std::iter::repeat_n(letter, 5_000).collect();
            for written in [for_docker("reg.example", &login(&secret)), password(&login(&secret)).unwrap()] {
                assert!(written.0.capacity() >= written.0.len());
            }
            let written = for_docker("reg.example", &login(&secret));
            assert!(written.0.capacity() == 6 * ("reg.exampleme".len() + secret.len()) + 512, "it has not grown");
            let expected = json!({ "ServerURL": "reg.example", "Username": "me", "Secret": secret });
            assert_eq!(json_of(&written), expected);
        }
    }

    #[test]
    fn an_identity_token_is_said_where_the_protocol_has_one() {
        let expected = json!({ "ServerURL": "r", "Username": "<token>", "Secret": "t" });
        assert_eq!(json_of(&for_docker("r", &token())), expected);
        assert!(for_kubelet("Image", 1, "r/app", &token()).is_none() && password(&token()).is_none());
    }

    #[test]
    fn a_kubelet_is_told_a_login_by_pattern_or_none() {
        let expected = json!({
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderResponse",
            "cacheKeyType": "Image", "cacheDuration": "300s",
            "auth": { "reg.example/app": { "username": "me", "password": "p" } },
        });
        assert_eq!(json_of(&for_kubelet("Image", 300, "reg.example/app", &login("p")).unwrap()), expected);
        let nothing = json_of(&nothing_for_kubelet());
        assert_eq!((&nothing["auth"], &nothing["cacheDuration"]), (&json!({}), &json!("0s")));
    }

    #[test]
    fn a_password_alone_ends_in_one_newline() {
        assert_eq!(password(&login("p w")).unwrap().bytes(), b"p w\n");
    }
}
