//! The one place that joins the stages: definition, plan, credential, pull, report.
//!
//! It holds no logic of a stage. The commands, the agent and the credential protocols call it.

#[cfg(feature = "ecs")]
mod ecs_cluster;
mod input;
mod login_provider;
mod pin;
mod pull_run;

#[cfg(feature = "ecs")]
pub use ecs_cluster::EcsCluster;
pub use input::{Input, InputError, read_at_most, read_definition};
pub use login_provider::{IssuedLogin, LoginProvider};
pub use pin::{PinError, pin_definitions};
pub use pull_run::PullRun;

pub use crate::aws::{AwsCall, AwsCallEvent, AwsClient, CallObserver, CallOutcome};
pub use crate::credential::host_logins::{HostLoginSettings, HostLogins};
pub use crate::credential::{
    CacheConfig, CachingCredentialProvider, CredentialKind, CredentialObserver, CredentialServed, Login, Provenance,
    ServedFrom,
};
pub use crate::engine::{DockerAddress, EngineEndpoint, EngineSelector, ResolvedEngine, TlsUse};
pub use crate::identity::AccountRoles;
pub use crate::plan::{PlanContext, RegistryMap, Rewrites};
pub use crate::pull::{
    Caching, Concurrency, Deadlines, DiskLimits, FailedAttempt, LayerTotals, ProgressObserver, PullLimiter, PullLimits,
    PullResultKind, PullState, PulledImage, reach,
};
pub use crate::retry::Backoff;

pub use crate::task::{ImageReference, Platform, RegistryHost};
