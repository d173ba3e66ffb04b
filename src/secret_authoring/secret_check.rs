//! Checks a secret for one use: metadata, content, and optionally a login at the registry. Writes
//! nothing.

use crate::aws::{AwsClient, SecretAdminClient};
use crate::credential::Login;
use crate::error::{Class, Excerpt, Explain, Failure, Link};
use crate::registry::{LoginAcceptance, LoginError, LoginTarget, try_login};
use crate::secret_authoring::{
    content_check::check_content, finding::Finding, metadata_check::SecretConsumer, metadata_check::check_metadata,
    secret_use::SecretUse,
};
use crate::task::{ArnError, CredentialsParameter, Field, Region, RegionError, is_account_id};

/// Which secret to check, and for what.
#[derive(Clone, Debug)]
pub struct SecretCheckRequest {
    secret: CredentialsParameter,
    usage: SecretUse,
    consumer: SecretConsumer,
    registry: Option<LoginTarget>,
}

/// An invalid argument of a check.
#[derive(Debug, thiserror::Error)]
enum SecretCheckRequestError {
    #[error("`{text}` is not the ARN or name of a secret")]
    Secret { text: Excerpt, source: ArnError },
    #[error("{0}")]
    Region(RegionError),
    #[error("`{0}` is not an AWS account id (12 digits)")]
    Account(Excerpt),
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
            Self::Secret { text, .. } | Self::Account(text) => text.to_string(),
            Self::Region(_) => "-".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Secret { source, .. } => source.hint(),
            Self::Region(error) => Some(error.hint()),
            Self::Account(_) => None,
        }
    }
}

impl SecretCheckRequest {
    /// Parses the arguments. Region and account are those of the pull-through cache rule or the task.
    ///
    /// # Errors
    /// A [`Failure`] that names the invalid argument.
    pub fn new(
        secret: &str,
        usage: SecretUse,
        region: Option<&str>,
        account: Option<&str>,
        registry: Option<&str>,
    ) -> Result<Self, Failure> {
        let secret = CredentialsParameter::parse(secret)
            .map_err(|source| SecretCheckRequestError::Secret { text: Field::Secret.text(secret).whole(), source })?;
        let region = region.map(Region::parse).transpose().map_err(SecretCheckRequestError::Region)?;
        if let Some(account) = account.filter(|account| !is_account_id(account)) {
            return Err(Failure::from(SecretCheckRequestError::Account(Field::Secret.text(account).whole())));
        }
        let registry = registry.map(LoginTarget::parse).transpose()?;
        Ok(Self { secret, usage, consumer: SecretConsumer { region, account: account.map(str::to_owned) }, registry })
    }
}

/// Makes every check that the request allows, as the host identity.
pub async fn check_secret(aws: &AwsClient, request: &SecretCheckRequest) -> Vec<Finding> {
    let SecretCheckRequest { secret, usage, consumer, registry } = request;
    let admin = match SecretAdminClient::connect(aws, secret, consumer.region.as_ref()).await {
        Ok(admin) => admin,
        Err(error) => return vec![Finding::not_checked("secret", &error.to_failure())],
    };
    let mut content_check = "content";
    let mut findings = match admin.describe().await {
        Ok(Some(metadata)) => check_metadata(&metadata, *usage, consumer),
        // The error of the read below explains that the secret does not exist.
        Ok(None) => {
            content_check = "secret";
            Vec::new()
        }
        Err(error) if error.class() == Class::Absent => {
            return vec![Finding::not_checked("secret", &error.to_failure())];
        }
        Err(error) => vec![Finding::not_checked("description", &error.to_failure())],
    };
    let login = match admin.read().await {
        Ok(version) => {
            let (finding, login) = check_content(&version, *usage);
            findings.push(finding);
            login
        }
        Err(error) => {
            findings.push(Finding::not_checked(content_check, &error.to_failure()));
            None
        }
    };
    if let Some(target) = registry {
        findings.push(match login {
            Some(login @ Login::Password { .. }) => {
                login_finding(target, try_login(target, &login, aws.deadline()).await)
            }
            _ => Finding::note("registry", &format!("{} was not contacted: there is no login to try", target.host())),
        });
    }
    findings
}

fn login_finding(target: &LoginTarget, result: Result<LoginAcceptance, LoginError>) -> Finding {
    let host = target.host();
    match result {
        Ok(LoginAcceptance::Login) => Finding::good("registry", &format!("{host} accepts the login")),
        Ok(LoginAcceptance::Image(image)) => Finding::good("registry", &format!("{host} lets the login read {image}")),
        Ok(LoginAcceptance::NoLatest(repository)) => Finding::note(
            "registry",
            &format!(
                "{host} accepts the login, but shows no {repository}:latest to it: name a tag for a definite answer"
            ),
        ),
        Ok(LoginAcceptance::Open) => Finding::note(
            "registry",
            &format!(
                "{host} asks for no login at `/v2/`, so this one was not tried: name an image, because some registries ask only there"
            ),
        ),
        Ok(LoginAcceptance::OpenImage(image)) => {
            Finding::note("registry", &format!("{host} requires no login for {image}, so this one was not tried"))
        }
        Err(error) => Finding::not_checked("registry", &error.to_failure()),
    }
}
