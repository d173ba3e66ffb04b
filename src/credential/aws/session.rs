//! Credentials of an identity: the host's by the SDK's chain, an execution role's by
//! `AssumeRole` from the host's.
//!
//! They are kept while they are valid, one entry an identity, and asked for once however
//! many secrets wait for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::types::Credentials as StsCredentials;
use tokio::sync::Mutex;

use super::said::{Failed, Said, failed};
use crate::credential::{SecretError, SecretFault};
use crate::identity::Identity;
use crate::task::{CredentialsParameter, RoleArn};

/// Credentials are renewed this long before they expire, as the SDKs do.
const AHEAD_OF_EXPIRY: Duration = Duration::from_mins(5);

/// The name under which an assumed role appears in CloudTrail.
const SESSION_NAME: &str = "taskpull";

/// The credentials of every identity that has asked so far.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    known: Mutex<HashMap<Identity, Arc<Mutex<Option<Credentials>>>>>,
}

/// An identity has no credentials to ask with.
#[derive(Debug)]
pub(super) struct Refused {
    identity: Identity,
    fault: SecretFault,
    said: Option<Said>,
}

impl Refused {
    /// The same, as the reason why a secret could not be read.
    pub(super) fn about(self, secret: &CredentialsParameter, region: &Region) -> SecretError {
        let error = SecretError::new(secret, &self.identity, self.fault).in_region(region);
        match self.said {
            Some(said) => error.saying(said),
            None => error,
        }
    }
}

impl Sessions {
    /// Valid credentials of `identity`. A role is assumed at the STS of the host's own
    /// Region, or of `region` where the host has none.
    pub(super) async fn credentials(
        &self,
        identity: &Identity,
        config: &SdkConfig,
        region: &Region,
    ) -> Result<Credentials, Refused> {
        let slot = Arc::clone(self.known.lock().await.entry(identity.clone()).or_default());
        let mut slot = slot.lock().await;
        if let Some(credentials) = &*slot
            && is_fresh(credentials, SystemTime::now())
        {
            return Ok(credentials.clone());
        }
        let credentials = match identity {
            Identity::Host => host(config).await?,
            Identity::ExecutionRole(role) => {
                let host = Box::pin(self.credentials(&Identity::Host, config, region)).await?;
                assume(role, host, config, region).await?
            }
        };
        Ok(slot.insert(credentials).clone())
    }
}

fn is_fresh(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| now + AHEAD_OF_EXPIRY < expiry)
}

async fn host(config: &SdkConfig) -> Result<Credentials, Refused> {
    let refused = |fault, said| Refused { identity: Identity::Host, fault, said };
    let Some(provider) = config.credentials_provider() else {
        return Err(refused(SecretFault::NoHostIdentity, None));
    };
    provider.provide_credentials().await.map_err(|error| {
        let fault = match error {
            CredentialsError::ProviderTimedOut(_) => SecretFault::TimedOut,
            _ => SecretFault::NoHostIdentity,
        };
        refused(fault, Some(Box::new(error)))
    })
}

async fn assume(
    role: &RoleArn,
    host: Credentials,
    config: &SdkConfig,
    region: &Region,
) -> Result<Credentials, Refused> {
    let region = config.region().unwrap_or(region).clone();
    let config = aws_sdk_sts::config::Builder::from(config).region(region).credentials_provider(host).build();
    let answer = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role.as_str())
        .role_session_name(SESSION_NAME)
        .send()
        .await;
    let refused = |identity, fault, said| Refused { identity, fault, said: Some(said) };
    let role = Identity::ExecutionRole(role.clone());
    let answer = answer.map_err(|error| match failed(error) {
        Failed::NoAnswer(said) | Failed::TimedOut(said) => refused(role.clone(), SecretFault::RoleUnavailable, said),
        Failed::Answered { status, code, message, said } => match &*code {
            "InvalidClientTokenId" | "ExpiredToken" | "ExpiredTokenException" | "UnrecognizedClientException" => {
                refused(Identity::Host, SecretFault::IdentityRejected, said)
            }
            "SignatureDoesNotMatch" if message.contains("expired") || message.contains("not yet current") => {
                refused(Identity::Host, SecretFault::ClockSkew, said)
            }
            _ if status == 429 || status >= 500 => refused(role.clone(), SecretFault::RoleUnavailable, said),
            _ => refused(role.clone(), SecretFault::RoleRefused, said),
        },
    })?;
    answer
        .credentials
        .map(from_sts)
        .ok_or_else(|| refused(role, SecretFault::RoleUnavailable, "STS answered without credentials".into()))
}

fn from_sts(session: StsCredentials) -> Credentials {
    let expiry = SystemTime::try_from(session.expiration).ok();
    Credentials::new(session.access_key_id, session.secret_access_key, Some(session.session_token), expiry, "taskpull")
}
