//! The HTTP clients of the SDK: which certificates they trust, and which of them use a proxy.
//!
//! There are two. The client for AWS's services uses the proxy of the environment (`HTTPS_PROXY`,
//! `HTTP_PROXY`, `NO_PROXY`). The client for the metadata service and a container's credentials
//! endpoint does not: these belong to this host, no proxy can reach them, and their answers are
//! credentials that no proxy should see.

use std::path::Path;
use std::sync::Arc;

use aws_sdk_secretsmanager::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};

use crate::aws::{
    ca_bundle::CaBundleError, ca_bundle::read_ca_bundle, clock_offset::ClockOffset,
    endpoint_connector::ExplainingClient,
};

/// The clients of one process.
#[derive(Debug)]
pub(crate) struct HttpClients {
    /// For AWS's services.
    pub services: SharedHttpClient,
    /// For the services of this host: instance metadata and container credentials.
    pub local: SharedHttpClient,
    /// The clock of AWS's services, compared with this host's.
    pub clock: Arc<ClockOffset>,
}

impl HttpClients {
    /// Makes clients that trust the system's certificates, or only those of `ca_bundle`, as AWS's
    /// own programs do.
    ///
    /// # Errors
    /// [`CaBundleError`]
    pub(crate) fn new(ca_bundle: Option<&Path>) -> Result<Self, CaBundleError> {
        let trust = match ca_bundle {
            Some(path) => TrustStore::empty().with_pem_certificate(read_ca_bundle(path)?),
            None => TrustStore::default(),
        };
        #[expect(clippy::expect_used, reason = "the builder only combines two values and cannot fail")]
        let context = TlsContext::builder().with_trust_store(trust).build().expect("a context");
        let clock = Arc::<ClockOffset>::default();
        let services = client(context.clone(), ProxyConfig::from_env());
        let local = client(context, ProxyConfig::disabled());
        let explaining = |client, clock| SharedHttpClient::new(ExplainingClient { client, clock });
        Ok(Self { services: explaining(services, Some(Arc::clone(&clock))), local: explaining(local, None), clock })
    }
}

fn client(context: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder();
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.set_proxy_config(Some(proxy.clone()));
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.tls_context(context.clone()).build()
    })
}
