//! The export of traces by OTLP over HTTP, with OpenTelemetry's own library.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanExporter as _};

use super::collector_client::CollectorClient;
use super::span_queue::{QueueProcessor, SpanQueue, SpanSender};
use crate::config::TracesSettings;
use crate::config::table::{TRACES_ENDPOINT, TRACES_URL};
use crate::secret::Secret;

/// Maximum wait for a response of the collector.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the end of the program waits for the export of the last spans.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// The default service name.
const SERVICE_NAME: &str = "taskpull";

/// The traces of this process, if there are any. Dropping them waits a limited time for the export
/// of the last spans.
#[derive(Default)]
pub struct Traces(Option<Exporter>);

struct Exporter {
    provider: SdkTracerProvider,
    queue: Arc<SpanQueue>,
    /// The sender, until its thread has started.
    sender: Mutex<Option<SpanSender>>,
}

/// Traces are configured, and cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The collector's URL is malformed.
    #[error("`{}` or `{}` is not an `http://` or `https://` URL", TRACES_ENDPOINT.key, TRACES_URL.key)]
    Url,
    /// The OpenTelemetry library rejects the configuration.
    #[error("{0}")]
    Exporter(#[from] ExporterBuildError),
}

impl Traces {
    /// Prepares the traces that the settings configure. It starts no thread and sends nothing.
    ///
    /// # Errors
    /// [`TracesError`] if the settings make an export impossible.
    pub fn open(settings: &TracesSettings) -> Result<Self, TracesError> {
        settings.export_url().map(|url| Exporter::new(settings, &url)).transpose().map(Self)
    }

    /// The tracer that makes the spans; `None` if there are no traces.
    #[must_use]
    pub fn tracer(&self) -> Option<SdkTracer> {
        self.0.as_ref().map(|exporter| exporter.provider.tracer(SERVICE_NAME))
    }

    /// Starts the thread that sends the spans. A second call does nothing.
    ///
    /// # Errors
    /// The error of the operating system if it cannot create the thread.
    pub fn start(&self) -> io::Result<()> {
        let Some(exporter) = &self.0 else { return Ok(()) };
        let Some(sender) = exporter.sender.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        thread::Builder::new().name("traces".to_owned()).spawn(move || sender.run())?;
        Ok(())
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let Some(Exporter { queue, sender, .. }) = &self.0 else { return };
        let has_started = sender.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        if has_started && !queue.close(FLUSH_TIMEOUT) {
            tracing::warn!("last traces lost: the collector is too slow");
        }
    }
}

impl Exporter {
    fn new(settings: &TracesSettings, url: &str) -> Result<Self, TracesError> {
        let uri: http::Uri = url.parse().map_err(|_| TracesError::Url)?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(TracesError::Url);
        }
        let last_error = Arc::default();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(CollectorClient::new(RESPONSE_TIMEOUT, Arc::clone(&last_error)))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(url)
            .with_headers(headers(settings))
            .with_timeout(RESPONSE_TIMEOUT)
            .with_retry_policy(RetryPolicy::recommended().with_max_retries(1))
            .build()?;
        let queue = Arc::<SpanQueue>::default();
        let resource = resource(settings);
        exporter.set_resource(&resource);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(QueueProcessor(Arc::clone(&queue)))
            .with_resource(resource)
            .build();
        let sender = SpanSender { queue: Arc::clone(&queue), exporter, last_error };
        Ok(Self { provider, queue, sender: Mutex::new(Some(sender)) })
    }
}

/// The headers of the settings. The library also reads its own variables.
fn headers(settings: &TracesSettings) -> HashMap<String, String> {
    #[expect(clippy::disallowed_methods, reason = "a collector's token goes into the headers of its requests")]
    let text = settings.headers.as_ref().map(Secret::expose).unwrap_or_default();
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

fn resource(settings: &TracesSettings) -> Resource {
    let attributes = settings.attributes().map(|(name, value)| KeyValue::new(name.to_owned(), value.to_owned()));
    let service_name = settings.service_name.clone().map(|name| KeyValue::new("service.name", name));
    Resource::builder()
        .with_attribute(KeyValue::new("service.name", SERVICE_NAME))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(attributes.chain(service_name))
        .build()
}
