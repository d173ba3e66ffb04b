//! The HTTP client around the SDK's: names the host of a connection that failed, and compares the
//! clock of AWS with the one of this host.

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_secretsmanager::config::http::HttpRequest;
use aws_sdk_secretsmanager::config::{
    ConfigBag, HttpClient, RuntimeComponents, RuntimeComponentsBuilder, SharedHttpClient,
};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::aws::{clock_offset::ClockOffset, endpoint_fault::EndpointFault, endpoint_fault::FaultCause};

/// A client whose connectors explain their failures.
#[derive(Debug)]
pub(super) struct ExplainingClient {
    pub client: SharedHttpClient,
    /// Where the offset of the clock is recorded; `None` for services of this host, whose clock is
    /// this host's.
    pub clock: Option<Arc<ClockOffset>>,
}

#[derive(Debug)]
struct ExplainingConnector {
    connector: SharedHttpConnector,
    clock: Option<Arc<ClockOffset>>,
}

impl HttpClient for ExplainingClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.client.http_connector(settings, components);
        SharedHttpConnector::new(ExplainingConnector { connector, clock: self.clock.clone() })
    }

    /// Reads the system's certificates, on the thread that builds the SDK's configuration.
    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.client, components, config)
    }
}

impl HttpConnector for ExplainingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let uri = request.uri().to_owned();
        let (answer, clock) = (self.connector.call(request), self.clock.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(|error| explained(&uri, error))?;
            if let (Some(clock), Some(date)) = (clock, answer.headers().get("date")) {
                clock.record(date, SystemTime::now());
            }
            Ok(answer)
        })
    }
}

/// The same kind of error with a source that names the host. A rejected certificate is final: the
/// SDK does not retry an error that the user has to correct.
fn explained(uri: &str, error: ConnectorError) -> ConnectorError {
    let Some((host, port)) = host_and_port(uri) else { return error };
    // The text of the outermost error is the same for all failures.
    let first: &(dyn Error + 'static) = error.source().unwrap_or(&error);
    let fault = EndpointFault::new(&host, port, first);
    match fault.cause() {
        FaultCause::Certificate(_) => ConnectorError::user(fault.into()),
        _ if error.is_timeout() => ConnectorError::timeout(fault.into()),
        _ if error.is_user() => ConnectorError::user(fault.into()),
        _ if error.is_io() => ConnectorError::io(fault.into()),
        _ => ConnectorError::other(fault.into(), error.as_other()),
    }
}

fn host_and_port(uri: &str) -> Option<(String, u16)> {
    let uri: http::Uri = uri.parse().ok()?;
    let default = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    Some((uri.host()?.to_owned(), uri.port_u16().unwrap_or(default)))
}
