//! Responses that contain a login: the only file of this module that unwraps secrets.
//!
//! A response is wiped when it is dropped, and its buffer never grows: a buffer that grows leaves its
//! old contents in memory.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::credential::Login;
use crate::pipeline::IssuedLogin;
use crate::report::timestamp;

/// The version of the kubelet's protocol, in requests and responses.
pub(super) const KUBELET_API_VERSION: &str = "credentialprovider.kubelet.k8s.io/v1";

/// The bytes of a response; they contain a login.
pub struct SecretResponse(Zeroizing<Vec<u8>>);

impl SecretResponse {
    /// The bytes to write. Do not copy them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    #[expect(clippy::expect_used, reason = "strings serialize to JSON, and writing to a Vec cannot fail")]
    fn json(value: &impl Serialize, length: usize) -> Self {
        // JSON makes at most six bytes of one.
        let mut text = Zeroizing::new(Vec::with_capacity(6 * length + 512));
        serde_json::to_writer(&mut *text, value).expect("strings serialize to JSON");
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
struct KubeletResponse<'a> {
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

/// A registry login.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Login")]
pub struct AgentLogin<'a> {
    /// The user name; `<token>` if the secret is an identity token.
    username: &'a str,
    /// The password or token.
    secret: &'a str,
    /// Which images it may be used for.
    covers: Covers,
    /// When an ECR token expires. Absent for a secret, which may be rotated at any time.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// Which images a login may be used for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Covers {
    /// Every image of the registry.
    Registry,
    /// The requested image; another image of the registry may have another login.
    Image,
}

impl<'a> KubeletResponse<'a> {
    fn new(cache_key_type: &'a str, seconds: u64, auth: Option<(&'a str, KubeletLogin<'a>)>) -> Self {
        Self {
            api_version: KUBELET_API_VERSION,
            kind: "CredentialProviderResponse",
            cache_key_type,
            cache_duration: format!("{seconds}s"),
            auth: auth.into_iter().collect(),
        }
    }
}

/// User name and secret in clear text.
#[expect(clippy::disallowed_methods, reason = "the response to another program contains the login")]
fn expose(login: &Login) -> (&str, &str) {
    match login {
        Login::Anonymous => ("", ""),
        Login::Password { username, password } => (username.expose(), password.expose()),
        Login::IdentityToken(token) => ("<token>", token.expose()),
    }
}

/// The response of a credential helper.
pub(crate) fn for_docker(server: &str, login: &Login) -> SecretResponse {
    let (username, secret) = expose(login);
    SecretResponse::json(&DockerLogin { server, username, secret }, server.len() + username.len() + secret.len())
}

/// The response to a kubelet for one pattern; `None` for an identity token.
pub(crate) fn for_kubelet(key_type: &str, seconds: u64, pattern: &str, login: &Login) -> Option<SecretResponse> {
    let Login::Password { .. } = login else { return None };
    let (username, password) = expose(login);
    let length = pattern.len() + username.len() + password.len();
    let response = KubeletResponse::new(key_type, seconds, Some((pattern, KubeletLogin { username, password })));
    Some(SecretResponse::json(&response, length))
}

/// The response to a kubelet for a registry that taskpull is not configured for. The kubelet must
/// not cache it, so that a changed configuration takes effect at once.
pub(crate) fn empty_for_kubelet() -> SecretResponse {
    SecretResponse::json(&KubeletResponse::new("Image", 0, None), 0)
}

/// The response of the agent's login route.
#[must_use]
pub fn for_agent(IssuedLogin { login, covers_registry, provenance, .. }: &IssuedLogin) -> SecretResponse {
    let (username, secret) = expose(login);
    let covers = if *covers_registry { Covers::Registry } else { Covers::Image };
    let length = username.len() + secret.len();
    let expires_at = provenance.expires().map(timestamp);
    SecretResponse::json(&AgentLogin { username, secret, covers, expires_at }, length)
}

/// The password and a line end, for `--password-stdin` (D8); `None` for an identity token.
#[must_use]
pub fn password(login: &Login) -> Option<SecretResponse> {
    let Login::Password { .. } = login else { return None };
    let (_, password) = expose(login);
    let mut text = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    text.extend_from_slice(password.as_bytes());
    text.push(b'\n');
    Some(SecretResponse(text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{SecretResponse, empty_for_kubelet, for_docker, for_kubelet, password};
    use crate::credential::Login;
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
    fn any_password_is_written_without_growing_the_buffer() {
        for letter in ['~', 'ÿ', '"', '\\', '\u{1}', '\u{ffff}', '\n'] {
            let secret: String = std::iter::repeat_n(letter, 5_000).collect();
            for written in [for_docker("reg.example", &login(&secret)), password(&login(&secret)).unwrap()] {
                assert!(written.0.capacity() >= written.0.len());
            }
            let written = for_docker("reg.example", &login(&secret));
            assert!(written.0.capacity() == 6 * ("reg.exampleme".len() + secret.len()) + 512, "the buffer has grown");
            let expected = json!({ "ServerURL": "reg.example", "Username": "me", "Secret": secret });
            assert_eq!(json_of(&written), expected);
        }
    }

    #[test]
    fn identity_token_is_written_only_where_the_protocol_has_one() {
        let expected = json!({ "ServerURL": "r", "Username": "<token>", "Secret": "t" });
        assert_eq!(json_of(&for_docker("r", &token())), expected);
        assert!(for_kubelet("Image", 1, "r/app", &token()).is_none() && password(&token()).is_none());
    }

    #[test]
    fn kubelet_response_has_one_pattern_or_none() {
        let expected = json!({
            "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderResponse",
            "cacheKeyType": "Image", "cacheDuration": "300s",
            "auth": { "reg.example/app": { "username": "me", "password": "p" } },
        });
        assert_eq!(json_of(&for_kubelet("Image", 300, "reg.example/app", &login("p")).unwrap()), expected);
        let nothing = json_of(&empty_for_kubelet());
        assert_eq!((&nothing["auth"], &nothing["cacheDuration"]), (&json!({}), &json!("0s")));
    }

    #[test]
    fn password_alone_ends_in_one_line_end() {
        assert_eq!(password(&login("p w")).unwrap().bytes(), b"p w\n");
    }
}
