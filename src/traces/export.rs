//! Traces that are sent by OTLP over HTTP, with OpenTelemetry's own library.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, SpanExporter as _};

use super::client::Client;
use super::queue::{Entrance, Queue};
use super::sender::Sender;
use crate::config::TracesSettings;
use crate::config::table::{TRACES_ENDPOINT, TRACES_URL};
use crate::secret::Secret;

/// The longest wait for a collector's answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// How long the end of the program waits for what is still to be sent.
const LAST_SPANS: Duration = Duration::from_secs(3);

/// Whose traces they are, where nobody says otherwise.
const NAME: &str = "taskpull";

/// The traces of this process, if there are to be any. When they go, they wait for what is
/// still to be sent, for a while.
#[derive(Default)]
pub struct Traces(Option<Sent>);

struct Sent {
    provider: SdkTracerProvider,
    queue: Arc<Queue>,
    /// Who sends, until it has begun.
    sender: Mutex<Option<Sender>>,
}

/// There can be no traces.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// Where they are to go is no URL.
    #[error("`{}` or `{}` is no `http://` or `https://` URL", TRACES_ENDPOINT.key, TRACES_URL.key)]
    Url,
    /// The library wants none.
    #[error("{0}")]
    Exporter(#[from] ExporterBuildError),
}

impl Traces {
    /// Makes what the settings want, which has no thread and sends nothing yet.
    ///
    /// # Errors
    /// [`TracesError`], where it is known now that nothing can be sent.
    pub fn open(settings: Option<&TracesSettings>) -> Result<Self, TracesError> {
        settings.map(Sent::new).transpose().map(Self)
    }

    /// What makes the spans.
    #[must_use]
    pub fn tracer(&self) -> Option<SdkTracer> {
        self.0.as_ref().map(|sent| sent.provider.tracer(NAME))
    }

    /// Begins to send.
    ///
    /// # Errors
    /// Where there can be no thread.
    pub fn begin(&self) -> io::Result<()> {
        let Some(sent) = &self.0 else { return Ok(()) };
        let Some(sender) = sent.sender.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        thread::Builder::new().name("traces".to_owned()).spawn(move || sender.run())?;
        Ok(())
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let Some(Sent { queue, sender, .. }) = &self.0 else { return };
        let has_begun = sender.lock().unwrap_or_else(PoisonError::into_inner).is_none();
        if has_begun && !queue.close(LAST_SPANS) {
            tracing::warn!("the last traces are lost: the collector takes them too slowly");
        }
    }
}

impl Sent {
    fn new(settings: &TracesSettings) -> Result<Self, TracesError> {
        let url: http::Uri = settings.url.parse().map_err(|_| TracesError::Url)?;
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            return Err(TracesError::Url);
        }
        let why = Arc::default();
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(ANSWERS_WITHIN, Arc::clone(&why)))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&settings.url)
            .with_headers(headers(settings))
            .with_timeout(ANSWERS_WITHIN)
            .with_retry_policy(RetryPolicy::recommended().with_max_retries(1))
            .build()?;
        let queue = Arc::<Queue>::default();
        let resource = resource(settings);
        exporter.set_resource(&resource);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Entrance(Arc::clone(&queue)))
            .with_resource(resource)
            .build();
        let sender = Sender { queue: Arc::clone(&queue), exporter, why };
        Ok(Self { provider, queue, sender: Mutex::new(Some(sender)) })
    }
}

/// Those of the settings; the library reads its own variables for itself.
fn headers(settings: &TracesSettings) -> HashMap<String, String> {
    #[expect(clippy::disallowed_methods, reason = "a collector's token goes into the headers of its requests")]
    let text = settings.headers.as_ref().map(Secret::expose).unwrap_or_default();
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

fn resource(settings: &TracesSettings) -> Resource {
    let attributes = settings.resource_attributes.iter();
    let attributes = attributes.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
    let named = settings.service_name.clone().map(|name| KeyValue::new("service.name", name));
    Resource::builder()
        .with_attribute(KeyValue::new("service.name", NAME))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(attributes.chain(named))
        .build()
}
