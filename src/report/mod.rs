//! The report of a run: one [`Report`], for people ([`text`]) and for programs (its JSON), and the
//! events of the run while it goes on ([`ndjson`]).
//!
//! A report contains names (images, digests, ARNs, version ids) and never the value of a secret:
//! nothing in this module has one.

mod container_report;
mod credential_report;
mod event;
mod layers_report;
pub mod ndjson;
mod run_report;
pub mod schema;
mod subject;
pub mod text;
mod text_credentials;
mod timestamp;
mod warning_report;

pub use container_report::{ContainerReport, ContainerResult, FallbackReport, RetryReport};
pub use credential_report::{AwsRequestReport, CredentialReport};
pub use event::{Event, EventKind, PullEvent, RunEvent};
pub use layers_report::LayersReport;
pub use run_report::{Report, RunOutcome, Summary, TaskReport};
pub use subject::{ContainerRef, Subject};
pub(crate) use timestamp::timestamp;
pub use warning_report::WarningReport;
