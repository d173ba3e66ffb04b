//! The HTTP client for the collector. It closes each connection after one request, so that an idle
//! process has no open connection that could wake it up.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use rustls::crypto::aws_lc_rs as provider;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use crate::error::Printable;

/// Maximum size of a response, in bytes. A collector answers with a few.
const RESPONSE_LIMIT: usize = 64 << 10;

/// The client of one collector.
pub(super) struct CollectorClient {
    timeout: Duration,
    /// Built at the first request that needs it.
    tls: OnceLock<Arc<ClientConfig>>,
    last_error: Arc<Mutex<Option<Printable>>>,
}

impl CollectorClient {
    /// A client that waits `timeout` for a response, and stores why the last request failed.
    pub(super) fn new(timeout: Duration, last_error: Arc<Mutex<Option<Printable>>>) -> Self {
        Self { timeout, tls: OnceLock::new(), last_error }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let is_https = request.uri().scheme_str() == Some("https");
        let request = request.map(Full::new);
        let mut client = Client::builder(TokioExecutor::new());
        client.pool_max_idle_per_host(0);
        let response = if is_https {
            client.build(HttpsConnector::from((tcp, Arc::clone(self.tls()?)))).request(request).await?
        } else {
            client.build(tcp).request(request).await?
        };
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, Limited::new(body, RESPONSE_LIMIT).collect().await?.to_bytes()))
    }

    fn tls(&self) -> Result<&Arc<ClientConfig>, rustls::Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls);
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(provider::default_provider()));
        let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        Ok(self.tls.get_or_init(|| Arc::new(config)))
    }
}

impl HttpClient for CollectorClient {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let response = timeout(self.timeout, self.send(request)).await;
            let response = response.unwrap_or_else(|_| Err("the collector does not answer in time".into()));
            let error = response.as_ref().err().map(|error| error_chain(&**error));
            *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
            response
        })
    }
}

/// The texts of an error and its sources, in one line.
fn error_chain(error: &(dyn std::error::Error + 'static)) -> Printable {
    let errors = std::iter::successors(Some(error), |error| error.source());
    Printable::new(&errors.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

impl fmt::Debug for CollectorClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorClient").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}
