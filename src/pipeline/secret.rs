//! Secrets of upstream registries: made, and checked with the registry that they are for.

use crate::aws::{AwsClient, SecretAdminClient};
use crate::credential::{Envelope, Login};
use crate::error::{Class, Explain, Failure, Link};
use crate::registry::{LoginAcceptance, LoginError, LoginTarget, try_login};
use crate::secret_authoring::{
    Binding, Finding, NewSecret, OnDifference, Plaintext, SecretConsumer, SecretUse, UpsertResult, check_content,
    check_metadata, seal, unknown,
};
use crate::task::{ArnError, CredentialsParameter, Region, RegionError, is_account_id};

/// What is asked about a secret.
#[derive(Clone, Debug)]
pub struct SecretCheckRequest {
    secret: CredentialsParameter,
    usage: SecretUse,
    by: SecretConsumer,
    registry: Option<LoginTarget>,
}

/// A question that cannot be asked.
#[derive(Debug, thiserror::Error)]
enum SecretCheckRequestError {
    #[error("`{text}` is neither the ARN nor the name of a secret")]
    Secret { text: String, source: ArnError },
    #[error("{0}")]
    Region(RegionError),
    #[error("`{0}` is not an AWS account id (12 digits)")]
    Account(String),
}

impl Explain for SecretCheckRequestError {
    fn link(&self) -> Link {
        Link::Secret
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::Secret { text, .. } | Self::Account(text) => text.clone(),
            Self::Region(_) => "-".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Secret { source, .. } => source.hint(),
            Self::Region(_) | Self::Account(_) => None,
        }
    }
}

impl SecretCheckRequest {
    /// Reads its parts; Region and account are those of the rule or the task.
    ///
    /// # Errors
    /// A [`Failure`] that names the part that is wrong.
    pub fn new(
        secret: &str,
        usage: SecretUse,
        region: Option<&str>,
        account: Option<&str>,
        registry: Option<&str>,
    ) -> Result<Self, Failure> {
        let told = |error: SecretCheckRequestError| Failure::from(error);
        let parsed = CredentialsParameter::parse(secret);
        let secret =
            parsed.map_err(|source| told(SecretCheckRequestError::Secret { text: secret.to_owned(), source }))?;
        let region =
            region.map(Region::parse).transpose().map_err(|error| told(SecretCheckRequestError::Region(error)))?;
        if let Some(account) = account.filter(|account| !is_account_id(account)) {
            return Err(told(SecretCheckRequestError::Account(account.to_owned())));
        }
        let registry = registry.map(LoginTarget::parse).transpose()?;
        Ok(Self { secret, usage, by: SecretConsumer { region, account: account.map(str::to_owned) }, registry })
    }
}

/// Makes the secret of an upstream registry's login, or brings the one that is there to it.
///
/// # Errors
/// Whatever AWS or what is there already says against it, as a [`Failure`].
pub async fn keep_secret(
    store: &AwsClient,
    secret: &NewSecret,
    updates: OnDifference,
) -> Result<UpsertResult, Failure> {
    let name = CredentialsParameter::Name(secret.draft.name.clone());
    let secrets = SecretAdminClient::connect(store, &name, secret.draft.region.as_ref()).await;
    let secrets = secrets?;
    crate::secret_authoring::upsert_secret(&secrets, secret, updates).await
}

/// Encrypts a login under a KMS key, as the host.
///
/// # Errors
/// The error of AWS, as a [`Failure`].
pub async fn seal_login(aws: &AwsClient, binding: &Binding, plaintext: &Plaintext) -> Result<Envelope, Failure> {
    seal(aws, binding, plaintext).await.map_err(Failure::from)
}

/// Looks at everything of a secret that its use depends on; writes nothing.
pub async fn check_secret(store: &AwsClient, question: &SecretCheckRequest) -> Vec<Finding> {
    let SecretCheckRequest { secret, usage, by, registry } = question;
    let secrets = match SecretAdminClient::connect(store, secret, by.region.as_ref()).await {
        Ok(secrets) => secrets,
        Err(error) => return vec![unknown("secret", &Failure::from(error))],
    };
    let mut point = "content";
    let described = secrets.describe().await.map_err(Failure::from);
    let mut findings = match described {
        Ok(Some(found)) => check_metadata(&found, *usage, by),
        // The read below says of an absent secret what there is to say.
        Ok(None) => {
            point = "secret";
            Vec::new()
        }
        Err(failure) if failure.class == Class::Absent => return vec![unknown("secret", &failure)],
        Err(failure) => vec![unknown("description", &failure)],
    };
    let login = match secrets.read().await {
        Ok(version) => {
            let (finding, login) = check_content(&version, *usage);
            findings.push(finding);
            login
        }
        Err(error) => {
            findings.push(unknown(point, &Failure::from(error)));
            None
        }
    };
    if let Some(target) = registry {
        findings.push(match login {
            Some(login @ Login::Password { .. }) => told(target, try_login(target, &login, store.deadline()).await),
            _ => Finding::note("registry", &format!("{} was not asked: there is no login to show", target.host())),
        });
    }
    findings
}

fn told(target: &LoginTarget, tried: Result<LoginAcceptance, LoginError>) -> Finding {
    let host = target.host();
    match tried {
        Ok(LoginAcceptance::Login) => Finding::good("registry", &format!("{host} accepts the login")),
        Ok(LoginAcceptance::Image(image)) => Finding::good("registry", &format!("{host} lets the login read {image}")),
        Ok(LoginAcceptance::NoLatest(repository)) => Finding::note(
            "registry",
            &format!("{host} accepts the login, and has no {repository}:latest that it may see: name a tag to be sure"),
        ),
        Ok(LoginAcceptance::Open) => {
            Finding::note("registry", &format!("{host} asks nobody for a login: this one was not tried"))
        }
        Err(error) => unknown("registry", &Failure::from(error)),
    }
}
