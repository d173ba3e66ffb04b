//! The route of logins: the one that answers with a secret.
//!
//! It is the same login that a front door gives, from what the agent keeps for its pulls: one
//! that is kept costs no call to AWS. The answer is wiped once it has been sent, and nothing
//! of it is anywhere else: whom it went to is told by name.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{self, Answer, JSON};
use super::body;
use super::connection::Caller;
use super::problem::{Kind, Problem};
use super::server::Shared;
use crate::agent::CredentialIssued;
use crate::credential_protocols::for_agent;
use crate::task::{ImageReference, RegistryHost};

/// Longest registry or image that is asked for, in bytes.
const LIMIT: usize = 4_096;

/// What a login is wanted for.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "LoginFor",
    example = serde_json::json!({ "registry": "registry.example:5000" }),
    example = serde_json::json!({ "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1" })
)]
pub(super) enum Wanted {
    /// A registry: `host` or `host:port`, as it stands before the first slash of an image.
    Registry(#[schemars(length(min = 1, max = LIMIT))] String),
    /// An image: `registry/name:tag`, or by digest.
    Image(#[schemars(length(min = 1, max = LIMIT))] String),
}

impl Wanted {
    /// The image, or one that stands for any of the registry; and what to call what was wanted.
    fn image(&self) -> Option<(ImageReference, String)> {
        match self {
            Self::Registry(host) if host.len() <= LIMIT => {
                let image = RegistryHost::parse_address(host)?.0.example_image()?;
                let host = image.registry().to_owned();
                Some((image, host))
            }
            Self::Image(text) if text.len() <= LIMIT => {
                let image = ImageReference::parse(text).ok()?;
                let name = image.to_string();
                Some((image, name))
            }
            Self::Registry(_) | Self::Image(_) => None,
        }
    }
}

/// Gives a login. Nothing of a body that is not understood is repeated: it may be one.
pub(super) async fn give(
    shared: &Arc<Shared>,
    Caller { peer, .. }: Caller,
    request: Request<Incoming>,
) -> Result<Answer, Problem> {
    let body = body::read(request, shared.request_timeout).await?;
    let wanted: Wanted = serde_json::from_slice(&body)
        .map_err(|_| malformed("the body is {\"registry\": HOST} or {\"image\": REFERENCE}, and nothing else"))?;
    let (image, what) =
        wanted.image().ok_or_else(|| malformed("what is asked for is no registry's host, or no image"))?;
    let given = shared.work.login(&image).await.map_err(|failure| Problem::of_login(&failure))?;
    let not_ours = || format!("{} is no registry of ECR's, and no [[registry]] names it", image.registry());
    let given = given.ok_or_else(|| Problem::new(Kind::NotOurs, &not_ours()))?;
    shared.witness.gave(&CredentialIssued { to: peer, what: &what, origin: &given.origin });
    let mut answer = answer::of(StatusCode::OK, JSON, answer::full(Bytes::from_owner(for_agent(&given))));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

fn malformed(said: &str) -> Problem {
    Problem::new(Kind::Malformed, said)
}

#[cfg(test)]
mod tests {
    use super::Wanted;

    fn wanted(body: &str) -> Option<(String, String)> {
        let (image, what) = serde_json::from_str::<Wanted>(body).ok()?.image()?;
        Some((image.to_string(), what))
    }

    #[test]
    fn a_registry_is_known_under_its_aliases_and_an_image_in_full() {
        let any = "reg.example:5000/any-namespace/any-image:latest";
        for body in [r#"{"registry": "reg.example:5000"}"#, r#"{"registry": "https://REG.example:5000/v2/"}"#] {
            assert_eq!(wanted(body), Some((any.to_owned(), "reg.example:5000".to_owned())), "{body}");
        }
        let image = "docker.io/library/app:latest".to_owned();
        assert_eq!(wanted(r#"{"image": "app"}"#), Some((image.clone(), image)));
    }

    #[test]
    fn one_thing_is_asked_for() {
        let long = format!(r#"{{"registry": "{}.example"}}"#, "a".repeat(super::LIMIT));
        for body in [
            "",
            "{}",
            "[]",
            "null",
            "\"registry\"",
            r#"{"registry": null}"#,
            r#"{"registry": ""}"#,
            r#"{"image": 7}"#,
            r#"{"registry": "a.b", "image": "a.b/c"}"#,
            r#"{"registry": "a.b", "registry": "a.b"}"#,
            r#"{"registry": "registry"}"#,
            r#"{"registry": "me:it@a.b"}"#,
            r#"{"image": "UPPER"}"#,
            &long,
        ] {
            assert_eq!(wanted(body), None, "{body}");
        }
    }
}
