//! The components of a pull, built from the settings.

use std::sync::Arc;

use super::setup;
use crate::aws::AwsClient;
use crate::config::{RoleUse, Settings};
use crate::credential::host_logins::HostLogins;
use crate::credential::{CachingCredentialProvider, CredentialObserver};
use crate::engine::{DockerAddress, ResolvedEngine};
use crate::error::Failure;
use crate::identity::AccountRoles;
use crate::pipeline::{Input, LoginProvider, PullRun};
use crate::plan::{PlanContext, Rewrites};
use crate::pull::{Concurrency, PullLimiter, PullLimits};
use crate::task::Platform;

/// The components of a pull, built from the settings. Nothing has been contacted yet.
pub(super) struct AppContext {
    pub engine: DockerAddress,
    /// Name of Docker's current context, if it selected the engine.
    pub current_context: Option<String>,
    pub limits: PullLimits,
    pub limiter: PullLimiter,
    pub credentials: Arc<CachingCredentialProvider<AwsClient>>,
    roles: RoleUse,
    accounts: AccountRoles,
    rewrites: Rewrites,
    platform: Option<Platform>,
    host_logins: Arc<HostLogins>,
}

impl AppContext {
    /// Builds the components, or returns the first setting that is wrong. `limiter` is for one run or for
    /// many; the observer is informed of every credential.
    pub(super) fn new(
        settings: &Settings,
        fail_fast: bool,
        limiter: impl FnOnce(Concurrency) -> PullLimiter,
        observer: &Arc<dyn CredentialObserver>,
    ) -> Result<Self, Failure> {
        let concurrency =
            Concurrency { all: settings.pull.concurrency, per_registry: settings.pull.concurrency_per_registry };
        let host_logins = Arc::new(setup::host_logins(settings)?);
        let ResolvedEngine { address, current_context } = setup::engine_selector(settings).resolve()?;
        Ok(Self {
            engine: address,
            current_context,
            limits: setup::pull_limits(settings, fail_fast),
            limiter: limiter(concurrency),
            credentials: Arc::new(setup::credential_provider(settings, Arc::clone(&host_logins), observer)?),
            roles: settings.identity.execution_role,
            accounts: AccountRoles::new(&settings.accounts)?,
            rewrites: Rewrites::new(&settings.rewrites)?,
            platform: settings.pull.platform.as_deref().map(setup::platform).transpose()?,
            host_logins,
        })
    }

    /// The provider of logins for other programs. It shares the caches of the pulls.
    pub(super) fn login_provider(
        &self,
        settings: &Settings,
    ) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failure> {
        setup::login_provider(settings, Arc::clone(&self.credentials))
    }

    /// Parses the inputs and plans all their pulls together.
    pub(super) fn plan(&self, inputs: Vec<Input>) -> PullRun {
        let Self { roles, accounts, rewrites, platform, host_logins, .. } = self;
        let host_login = |image: &_| host_logins.find_login(image);
        let platform = platform.as_ref();
        PullRun::new(inputs, &PlanContext { roles: *roles, accounts, rewrites, platform, host_login: &host_login })
    }
}
