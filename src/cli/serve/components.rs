//! The components that a reload of the configuration replaces.

use std::sync::Arc;

use crate::agent::AgentMetrics;
use crate::aws::AwsClient;
use crate::cli::app_context::AppContext;
use crate::cli::arguments::ServeArguments;
use crate::config::table::{AGENT_SOCKET, AGENT_STATE_FOLDER, ENGINE_HOST};
use crate::config::{ConfigError, Settings, Sources};
use crate::credential::{CachingCredentialProvider, CredentialObserver};
use crate::error::Failure;
use crate::pipeline::LoginProvider;
use crate::pull::PullLimiter;

/// What pulls and logins for other programs need. Both use the same caches.
pub(super) struct AgentComponents {
    pub context: AppContext,
    pub logins: LoginProvider<CachingCredentialProvider<AwsClient>>,
}

/// The settings with the components made from them.
pub(super) struct Configuration {
    pub settings: Settings,
    pub components: AgentComponents,
}

impl Configuration {
    /// Reads the settings and builds the components.
    pub(super) fn load(arguments: &ServeArguments, metrics: &Arc<AgentMetrics>) -> Result<Self, Failure> {
        let settings = settings(arguments)?;
        let observer: Arc<dyn CredentialObserver> = Arc::clone(metrics) as _;
        let mut context = AppContext::new(&settings, false, PullLimiter::for_many_runs, &observer)?;
        // The agent pulls for many users, so a cached image is used only by those who may pull it.
        context.limits.cache_policy.verify_access.get_or_insert(true);
        let logins = context.login_provider(&settings)?;
        Ok(Self { settings, components: AgentComponents { context, logins } })
    }
}

fn settings(arguments: &ServeArguments) -> Result<Settings, ConfigError> {
    let ServeArguments { socket, state_folder, host, config } = arguments;
    let sources = Sources::from_process(config.as_deref())?
        .with_flag(&AGENT_SOCKET, "--socket", socket.clone())
        .with_flag(&AGENT_STATE_FOLDER, "--state-folder", state_folder.clone())
        .with_flag(&ENGINE_HOST, "--host", host.clone());
    Settings::read(&sources)
}
