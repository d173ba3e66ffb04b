//! The way to the collector: a connection for each request, closed behind it, so that nothing
//! is left to be woken up by.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client as Http;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use rustls::crypto::aws_lc_rs as provider;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use crate::error::Printable;

/// A collector's answer is a few bytes.
const LONGEST_ANSWER: usize = 64 << 10;

/// The client of one collector.
pub(super) struct Client {
    within: Duration,
    /// Read when it is needed first.
    tls: OnceLock<Arc<ClientConfig>>,
    why: Arc<Mutex<Option<Printable>>>,
}

impl Client {
    /// Waits for an answer for so long; `why` is told what broke on the way.
    pub(super) fn new(within: Duration, why: Arc<Mutex<Option<Printable>>>) -> Self {
        Self { within, tls: OnceLock::new(), why }
    }

    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let body = |request: Request<Bytes>| request.map(Full::new);
        let response = if request.uri().scheme_str() == Some("https") {
            let tls = HttpsConnector::from((tcp, Arc::clone(self.tls()?)));
            Http::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tls).request(body(request)).await?
        } else {
            Http::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(tcp).request(body(request)).await?
        };
        let (head, body) = response.into_parts();
        Ok(Response::from_parts(head, Limited::new(body, LONGEST_ANSWER).collect().await?.to_bytes()))
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

impl HttpClient for Client {
    fn send_bytes<'a, 'f>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let answer = timeout(self.within, self.answer(request)).await;
            let answer = answer.unwrap_or_else(|_| Err("it does not answer in time".into()));
            let why = answer.as_ref().err().map(|error| said(&**error));
            *self.why.lock().unwrap_or_else(PoisonError::into_inner) = why;
            answer
        })
    }
}

/// The texts of an error and its sources, in one line.
fn said(error: &(dyn std::error::Error + 'static)) -> Printable {
    let causes = std::iter::successors(Some(error), |error| error.source());
    Printable::new(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// What TLS is made of is of no use to anybody.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("within", &self.within).finish_non_exhaustive()
    }
}
