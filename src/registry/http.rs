//! One bounded question over HTTP: no redirection is followed, no answer is read without end,
//! and a header with a login in it is marked as what it is.

use std::error::Error;
use std::sync::Arc;

use ::http::header::{ACCEPT, AUTHORIZATION, USER_AGENT, WWW_AUTHENTICATE};
use ::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs as provider;
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

/// The longest answer, in bytes; a token has some thousand.
const LIMIT: usize = 256 * 1_024;

/// What a manifest may be, oldest last (H7).
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, */*";

/// Why there was no answer.
pub(super) type Lost = Box<dyn Error + Send + Sync>;

/// The client of one try. Its connections are tasks of the command's runtime and end with it.
pub(super) struct Client(HyperClient<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// An answer.
pub(super) struct Answer {
    pub status: StatusCode,
    headers: HeaderMap,
    pub body: Zeroizing<Vec<u8>>,
}

impl Client {
    /// A client that trusts the system's certificates.
    pub(super) fn new() -> Result<Self, Lost> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let connector = HttpsConnector::from((tcp, Arc::new(config)));
        Ok(Self(HyperClient::builder(TokioExecutor::new()).build(connector)))
    }

    /// Asks once.
    pub(super) async fn ask(&self, method: Method, uri: &Uri, login: Option<&HeaderValue>) -> Result<Answer, Lost> {
        let request = Request::builder().method(method).uri(uri).header(ACCEPT, MANIFESTS);
        let mut request =
            request.header(USER_AGENT, concat!("taskpull/", env!("CARGO_PKG_VERSION"))).body(Empty::new())?;
        if let Some(login) = login {
            request.headers_mut().insert(AUTHORIZATION, login.clone());
        }
        let (head, body) = self.0.request(request).await?.into_parts();
        let body = Limited::new(body, LIMIT).collect().await?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body: Zeroizing::new(body.to_vec()) })
    }
}

impl Answer {
    /// What the registry wants, header by header.
    pub(super) fn challenges(&self) -> Vec<&str> {
        self.headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}
