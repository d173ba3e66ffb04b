//! The instance metadata service as a source of credentials, and its replacement on hosts that
//! have none.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, Result, future};

/// Replaces the metadata service on a host without one, also for a profile that names it as its
/// `credential_source`.
#[derive(Debug)]
pub(super) struct DisabledMetadataService;

impl ProvideCredentials for DisabledMetadataService {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let error: Result = Err(CredentialsError::invalid_configuration(
            "the profile names Ec2InstanceMetadata, but host.kind excludes the metadata service",
        ));
        future::ProvideCredentials::ready(error)
    }
}

/// The path under which the service names the instance's role.
const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials/";

/// The metadata service, and what it has answered.
#[derive(Debug)]
pub(super) struct MetadataUsage {
    pub service: ImdsCredentialsProvider,
    /// The client of the service, with its token.
    pub client: imds::Client,
    pub seen: Arc<MetadataAnswers>,
}

/// What the metadata service has answered so far.
#[derive(Debug, Default)]
pub(super) struct MetadataAnswers {
    has_credentials: AtomicBool,
    role: OnceLock<String>,
}

impl MetadataAnswers {
    /// Whether the service has ever returned credentials.
    pub(super) fn has_credentials(&self) -> bool {
        self.has_credentials.load(Ordering::Relaxed)
    }

    /// The name of the instance's role.
    pub(super) fn role(&self) -> Option<&str> {
        self.role.get().map(String::as_str)
    }
}

impl ProvideCredentials for MetadataUsage {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.service.provide_credentials().await?;
            self.seen.has_credentials.store(true, Ordering::Relaxed);
            // The SDK does not return the name of the role. The service is on this host, so one
            // more request for the lifetime of the process costs nothing that counts.
            if self.seen.role().is_none()
                && let Ok(role) = self.client.get(ROLE_PATH).await
            {
                let _ = self.seen.role.set(role.as_ref().trim().to_owned());
            }
            Ok(credentials)
        })
    }
}
