//! Loads the SDK's configuration from the environment and the profile.

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};

use crate::aws::{
    aws_error::IdentityError, host_credentials::HostCredentials, host_credentials::run_on_blocking_thread,
    host_fault::HostFault, profiles::Profiles,
};
use crate::identity::Identity;

/// The SDK's own attempts at one call, including the first.
const ATTEMPTS: u32 = 3;

/// Loads the configuration; `deadline` limits one call with all its attempts. The metadata service
/// is not asked for the Region here: most secrets have their own, and on a host without that service
/// the answer takes seconds.
pub(super) async fn load_config(host: Arc<HostCredentials>, deadline: Duration) -> Result<SdkConfig, IdentityError> {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(deadline / ATTEMPTS).operation_attempt_timeout(deadline / 2).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(host.http().services.clone())
        // Every call gets its own credentials.
        .no_credentials()
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new(concat!("taskpull-", env!("CARGO_PKG_VERSION"))) {
        loader = loader.app_name(name);
    }
    let loading = async move {
        let profiles = Profiles::read().await?;
        let profile = profiles.selected();
        let config = loader.region(host.configured_region(profile)).profile_name(profile).load().await;
        config.region().map_or(Ok(()), |region| profiles.check_region(region.as_ref()))?;
        Ok::<_, HostFault>(config)
    };
    let result = run_on_blocking_thread(loading).await;
    let config = result.ok_or_else(|| IdentityError::interrupted(&Identity::Host))?;
    config.map_err(IdentityError::host)
}
