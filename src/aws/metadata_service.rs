//! The instance metadata service as a source of credentials, and its replacement on hosts that
//! have none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// The metadata service, and whether it has ever returned credentials.
#[derive(Debug)]
pub(super) struct MetadataUsage {
    pub service: ImdsCredentialsProvider,
    pub has_answered: Arc<AtomicBool>,
}

impl ProvideCredentials for MetadataUsage {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credentials = self.service.provide_credentials().await;
            self.has_answered.fetch_or(credentials.is_ok(), Ordering::Relaxed);
            credentials
        })
    }
}
