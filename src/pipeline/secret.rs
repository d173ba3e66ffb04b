//! Secrets of upstream registries: made, and checked with the registry that they are for.

use crate::credential::aws::Aws;
use crate::credential::{
    self, Finding, Kept, Login, NewSecret, SecretStore as _, SecretUse, Updates, UsedBy, about_content,
    about_description, unknown,
};
use crate::error::{Class, Explain, Failure, Link};
use crate::registry::{LoginAcceptance, LoginError, LoginTarget, try_login};
use crate::task::{ArnError, CredentialsParameter, Region, RegionError};

/// What is asked about a secret.
#[derive(Clone, Debug)]
pub struct Question {
    secret: CredentialsParameter,
    usage: SecretUse,
    by: UsedBy,
    registry: Option<LoginTarget>,
}

/// A question that cannot be asked.
#[derive(Debug, thiserror::Error)]
enum QuestionError {
    #[error("`{text}` is no secret's ARN or name")]
    Secret { text: String, source: ArnError },
    #[error("{0}")]
    Region(RegionError),
    #[error("an account has 12 digits, `{0}` is none")]
    Account(String),
}

impl Explain for QuestionError {
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

impl Question {
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
        let told = |error: QuestionError| Failure::from(error);
        let parsed = CredentialsParameter::parse(secret);
        let secret = parsed.map_err(|source| told(QuestionError::Secret { text: secret.to_owned(), source }))?;
        let region = region.map(Region::parse).transpose().map_err(|error| told(QuestionError::Region(error)))?;
        let is_account = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(account) = account.filter(|account| !is_account(account)) {
            return Err(told(QuestionError::Account(account.to_owned())));
        }
        let registry = registry.map(LoginTarget::parse).transpose()?;
        Ok(Self { secret, usage, by: UsedBy { region, account: account.map(str::to_owned) }, registry })
    }
}

/// Makes the secret of an upstream registry's login, or brings the one that is there to it.
///
/// # Errors
/// Whatever AWS or what is there already says against it, as a [`Failure`].
pub async fn keep_secret(store: &Aws, secret: &NewSecret, updates: Updates) -> Result<Kept, Failure> {
    let name = CredentialsParameter::Name(secret.draft.name.clone());
    let secrets = store.upkeep(&name, secret.draft.region.as_ref()).await?;
    credential::keep(&secrets, secret, updates).await
}

/// Looks at everything of a secret that its use depends on; writes nothing.
pub async fn check_secret(store: &Aws, question: &Question) -> Vec<Finding> {
    let Question { secret, usage, by, registry } = question;
    let secrets = match store.upkeep(secret, by.region.as_ref()).await {
        Ok(secrets) => secrets,
        Err(failure) => return vec![unknown("secret", &failure)],
    };
    let mut point = "content";
    let mut findings = match secrets.describe().await {
        Ok(Some(found)) => about_description(&found, *usage, by),
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
            let (finding, login) = about_content(&version, *usage);
            findings.push(finding);
            login
        }
        Err(failure) => {
            findings.push(unknown(point, &failure));
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
