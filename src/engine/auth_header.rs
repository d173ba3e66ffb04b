//! `X-Registry-Auth`: a login in the form that the Engine API accepts.
//!
//! Padded base64url of JSON (Engine API, "Authentication"). An engine that cannot decode the header
//! ignores it and pulls anonymously, so it is not left to bollard 0.21, which writes the standard
//! alphabet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::credential::Login;
use crate::task::ImageReference;

/// The JSON of the header.
#[derive(Serialize)]
struct AuthConfig<'a> {
    #[serde(flatten)]
    fields: AuthFields<'a>,
    serveraddress: &'a str,
}

/// Never both: an engine that receives both prefers the token.
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

/// The registry's address as engines know it: the host of the image, and for Docker Hub the key
/// that Docker has always used (V6: no other one has a scheme).
fn server_address(image: &ImageReference) -> &str {
    match image.registry() {
        ImageReference::DOCKER_HUB => ImageReference::DOCKER_HUB_KEY,
        registry => registry,
    }
}

/// Returns the header for this login, or `None` for an anonymous pull. Its buffers are wiped when
/// the last request that carries it is dropped, and `Debug` prints it as `Sensitive`.
pub(crate) fn auth_header(image: &ImageReference, login: &Login) -> Option<HeaderValue> {
    #[expect(clippy::disallowed_methods, reason = "this is the only function that writes a login")]
    let fields = match login {
        Login::Anonymous => return None,
        Login::Password { username, password } => {
            AuthFields::Password { username: username.expose(), password: password.expose() }
        }
        Login::IdentityToken(token) => AuthFields::Token { identitytoken: token.expose() },
    };
    Some(encode(&AuthConfig { fields, serveraddress: server_address(image) }))
}

/// Encodes the header. There is no fallback: without the header the engine would pull anonymously.
#[expect(clippy::expect_used, reason = "texts are JSON, the buffer has base64's length, base64 is a header's text")]
fn encode(config: &AuthConfig<'_>) -> HeaderValue {
    // A buffer that grows leaves its old contents in memory, so it starts with the maximum: JSON
    // makes at most six bytes of one.
    let max_length = 6 * (config.fields.len() + config.serveraddress.len()) + 64;
    let mut json = Zeroizing::new(Vec::with_capacity(max_length));
    serde_json::to_writer(&mut *json, config).expect("texts are JSON");
    let mut text = Zeroizing::new(vec![0; json.len().div_ceil(3) * 4]);
    URL_SAFE.encode_slice(&*json, &mut text).expect("the buffer has the length");
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).expect("base64 is a header's text");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;
    use serde_json::json;

    use super::{URL_SAFE, auth_header};
    use crate::credential::Login;
    use crate::secret::Secret;
    use crate::task::ImageReference;

    fn header(image: &str, username: &str, password: &str) -> http::HeaderValue {
        let login =
            Login::Password { username: Secret::new(username.to_owned()), password: Secret::new(password.to_owned()) };
        auth_header(&ImageReference::parse(image).unwrap(), &login).unwrap()
    }

    fn decode(header: &http::HeaderValue) -> serde_json::Value {
        serde_json::from_slice(&URL_SAFE.decode(header.as_bytes()).unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn any_password_is_encoded_as_padded_base64url(username in "(?s).{0,40}", password in "(?s).{0,80}") {
            let header = header("registry.example/app", &username, &password);
            prop_assert_eq!(header.len() % 4, 0);
            let expected =
                json!({ "username": username, "password": password, "serveraddress": "registry.example" });
            prop_assert_eq!(decode(&header), expected);
        }

        #[test]
        fn any_identity_token_is_sent_without_username_and_password(token in "(?s).{0,80}") {
            let login = Login::IdentityToken(Secret::new(token.clone()));
            let header = auth_header(&ImageReference::parse("registry.example/app").unwrap(), &login).unwrap();
            prop_assert_eq!(decode(&header), json!({ "identitytoken": token, "serveraddress": "registry.example" }));
        }
    }

    #[test]
    fn server_address_is_the_images_host_or_docker_hubs_key() {
        assert_eq!(decode(&header("registry.example:5000/app", "u", "p"))["serveraddress"], "registry.example:5000");
        assert_eq!(decode(&header("nginx", "u", "p"))["serveraddress"], "https://index.docker.io/v1/");
    }

    #[test]
    fn debug_does_not_print_the_header() {
        assert_eq!(format!("{:?}", header("registry.example/app", "u", "p")), "Sensitive");
    }

    #[test]
    fn an_anonymous_pull_has_no_header() {
        assert!(auth_header(&ImageReference::parse("nginx").unwrap(), &Login::Anonymous).is_none());
    }
}
