//! `X-Registry-Auth`: a login as the Engine API takes it.
//!
//! Padded base64url of JSON (Engine API, "Authentication"). An engine that cannot decode
//! the header passes it over in silence and pulls anonymously, which is why this is not
//! left to the client library: bollard 0.21 writes the standard alphabet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::credential::Login;
use crate::task::ImageReference;

/// What the engine reads.
#[derive(Serialize)]
struct AuthConfig<'a> {
    #[serde(flatten)]
    shown: AuthFields<'a>,
    serveraddress: &'a str,
}

/// One or the other: an engine that gets both prefers the token.
#[derive(Serialize)]
#[serde(untagged)]
enum AuthFields<'a> {
    Password { username: &'a str, password: &'a str },
    Token { identitytoken: &'a str },
}

impl AuthFields<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Password { username, password } => username.len() + password.len(),
            Self::Token { identitytoken } => identitytoken.len(),
        }
    }
}

/// The registry's address as engines know it: the image's own host, and for Docker Hub the
/// key under which Docker has always kept it (V6: no other one has a scheme).
fn server_address(image: &ImageReference) -> &str {
    match image.registry() {
        ImageReference::DOCKER_HUB => ImageReference::DOCKER_HUB_KEY,
        registry => registry,
    }
}

/// The header for this login, or none for an anonymous pull. Its buffers are wiped when
/// the last request that carries it is gone, and it prints as `Sensitive`.
pub(crate) fn auth_header(image: &ImageReference, login: &Login) -> Option<HeaderValue> {
    #[expect(clippy::disallowed_methods, reason = "the one writer of a login")]
    let shown = match login {
        Login::Anonymous => return None,
        Login::Password { username, password } => {
            AuthFields::Password { username: username.expose(), password: password.expose() }
        }
        Login::IdentityToken(token) => AuthFields::Token { identitytoken: token.expose() },
    };
    let config = AuthConfig { shown, serveraddress: server_address(image) };
    Some(encoded(&config))
}

/// Cannot fail, and must not fall back to anything: without the header the engine would
/// pull anonymously.
#[expect(clippy::expect_used, reason = "texts are JSON, the buffer has base64's length, base64 is a header's text")]
fn encoded(config: &AuthConfig<'_>) -> HeaderValue {
    // A buffer that grows leaves its old contents behind: six times is the most that JSON
    // makes of a byte.
    let most = 6 * (config.shown.len() + config.serveraddress.len()) + 64;
    let mut json = Zeroizing::new(Vec::with_capacity(most));
    serde_json::to_writer(&mut *json, config).expect("texts are JSON");
    let mut text = Zeroizing::new(vec![0; json.len().div_ceil(3) * 4]);
    URL_SAFE.encode_slice(&*json, &mut text).expect("the buffer has the length");
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).expect("base64 is a header's text");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::{URL_SAFE, auth_header};
    use crate::credential::Login;
    use crate::secret::Secret;
    use crate::task::ImageReference;
    use base64::Engine as _;

    fn header(image: &str, password: &str) -> http::HeaderValue {
        let login =
            Login::Password { username: Secret::new("me".to_owned()), password: Secret::new(password.to_owned()) };
        auth_header(&ImageReference::parse(image).unwrap(), &login).unwrap()
    }

    fn decoded(header: &http::HeaderValue) -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE.decode(header.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn any_password_survives_the_way() {
        for length in 0..64 {
            for letter in ['~', '?', '>', 'ÿ', '"', '\u{1}', '\u{ffff}'] {
                let password: String = std::iter::repeat_n(letter, length).collect();
                let header = header("registry.example/app", &password);
                assert!(!header.as_bytes().iter().any(|b| matches!(b, b'+' | b'/')));
                assert_eq!(header.len() % 4, 0, "padded");
                assert_eq!(decoded(&header)["password"].as_str().unwrap_or_default(), password);
            }
        }
    }

    #[test]
    fn the_server_address_is_the_images_host_and_docker_hubs_own_key() {
        assert_eq!(decoded(&header("registry.example:5000/app", "p"))["serveraddress"], "registry.example:5000");
        assert_eq!(decoded(&header("nginx", "p"))["serveraddress"], "https://index.docker.io/v1/");
    }

    #[test]
    fn an_identity_token_goes_without_user_and_password() {
        let login = Login::IdentityToken(Secret::new("t".to_owned()));
        let header = auth_header(&ImageReference::parse("registry.example/app").unwrap(), &login).unwrap();
        let expected = serde_json::json!({ "identitytoken": "t", "serveraddress": "registry.example" });
        assert_eq!(decoded(&header), expected);
    }

    #[test]
    fn the_header_does_not_print() {
        assert_eq!(format!("{:?}", header("registry.example/app", "p")), "Sensitive");
    }

    #[test]
    fn an_anonymous_pull_has_none() {
        assert!(auth_header(&ImageReference::parse("nginx").unwrap(), &Login::Anonymous).is_none());
    }
}
