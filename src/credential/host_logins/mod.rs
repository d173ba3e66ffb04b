//! The host's own credentials (B1): for images whose container names none.
//!
//! They come from `ECS_ENGINE_AUTH_DATA`, and from a Docker `config.json` with its
//! credential helpers. The plan is told by name which of them covers an image
//! ([`InstanceLogins::covering`]); only a pull that needs one has it looked up, and a helper
//! is run then. No failure here ever becomes an anonymous pull.

mod config_error;
mod credential_helper;
mod docker_config;
mod host;
mod login_error;
mod single_flight;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use config_error::HostLoginConfigError;
pub(super) use single_flight::SharedLogins;

use self::config_error::HostLoginConfigFault;
use self::docker_config::{DockerConfig, docker_config, engine_auth_data};
use self::host::may_have_logins;
use self::login_error::HostLoginError;
use super::scope::{Scope, server_of};
use super::{Credential, Login, Provenance};
use crate::config::HostKind;
use crate::error::Failure;
use crate::plan::{HostLogin, HostLoginSource};
use crate::secret::Secret;
use crate::task::ImageReference;

/// The ECS agent's variable with logins in it.
const AUTH_DATA: &str = "ECS_ENGINE_AUTH_DATA";

/// Helpers that run at the same time.
const HELPERS_AT_ONCE: usize = 8;

/// Where the host's own credentials are.
#[derive(Clone, Debug)]
pub struct HostLoginSettings {
    /// What kind of host this is.
    pub host: HostKind,
    /// Whether `ECS_ENGINE_AUTH_TYPE` is set; the two types are read alike.
    pub has_auth_type: bool,
    /// `ECS_ENGINE_AUTH_DATA`
    pub auth_data: Option<Secret>,
    /// A Docker `config.json`.
    pub docker_config: Option<PathBuf>,
    /// The longest wait for one helper.
    pub helper_timeout: Duration,
}

/// The host's own credentials, read and checked.
#[derive(Debug)]
pub struct HostLogins {
    entries: Vec<Entry>,
    store: Option<String>,
    helper_timeout: Duration,
    helpers: Semaphore,
}

#[derive(Debug)]
struct Entry {
    source: HostLoginSource,
    scope: Scope,
    /// None where a helper has it, and where nobody has.
    login: Option<Login>,
}

/// None at all.
impl Default for HostLogins {
    fn default() -> Self {
        let (entries, helper_timeout) = (Vec::new(), Duration::ZERO);
        Self { entries, store: None, helper_timeout, helpers: Semaphore::new(HELPERS_AT_ONCE) }
    }
}

impl HostLogins {
    /// Reads both documents; without any there are no logins.
    ///
    /// # Errors
    /// [`InstanceError`], naming the variable or the file, and never what is in it.
    pub fn read(settings: &HostLoginSettings) -> Result<Self, HostLoginConfigError> {
        let in_variable = |fault| HostLoginConfigError { place: AUTH_DATA.to_owned(), fault };
        let given = match (&settings.auth_data, settings.has_auth_type) {
            (Some(data), true) => {
                may_have_logins(settings.host).and_then(|()| engine_auth_data(data)).map_err(in_variable)?
            }
            (None, false) => Vec::new(),
            (Some(_), false) => return Err(in_variable(HostLoginConfigFault::NoType)),
            (None, true) => return Err(in_variable(HostLoginConfigFault::NoData)),
        };
        let config = match &settings.docker_config {
            None => DockerConfig::default(),
            Some(path) => may_have_logins(settings.host)
                .and_then(|()| docker_config(path))
                .map_err(|fault| HostLoginConfigError { place: path.display().to_string(), fault })?,
        };
        // In the order in which equally specific ones are preferred.
        let with_login =
            |source: HostLoginSource| move |(scope, login)| Entry { source: source.clone(), scope, login: Some(login) };
        let empty = kept_elsewhere(&config);
        let by_helper = |(scope, name)| Entry { source: HostLoginSource::Helper(name), scope, login: None };
        let entries = given.into_iter().map(with_login(HostLoginSource::EngineAuthData));
        let entries = entries.chain(config.helpers.into_iter().map(by_helper));
        let entries = entries.chain(config.logins.into_iter().map(with_login(HostLoginSource::DockerConfig)));
        Ok(Self {
            entries: entries.chain(empty).collect(),
            store: config.store,
            helper_timeout: settings.helper_timeout,
            helpers: Semaphore::new(HELPERS_AT_ONCE),
        })
    }

    /// The most specific login for an image, by name; nobody is asked. What stands for its
    /// registry or its path wins over the store, which stands for every registry.
    #[must_use]
    pub fn covering(&self, image: &ImageReference) -> Option<HostLogin> {
        let mut best: Option<(usize, &Entry)> = None;
        for entry in &self.entries {
            if let Some(length) = entry.scope.covers(image)
                && best.is_none_or(|(known, _)| length > known)
            {
                best = Some((length, entry));
            }
        }
        let named = best.map(|(_, entry)| HostLogin { source: entry.source.clone(), scope: entry.scope.name() });
        named.or_else(|| {
            let source = HostLoginSource::Helper(self.store.clone()?);
            Some(HostLogin { source, scope: Scope::host_of(image).name() })
        })
    }

    /// The credential behind a name; anonymous where the store for every registry says that it
    /// has none. A helper that is named for a registry must have one.
    async fn credential(&self, named: HostLogin) -> Result<Credential, Failure> {
        let HostLogin { source, scope } = &named;
        let is_named = |entry: &&Entry| entry.source == *source && entry.scope.name() == *scope;
        let entry = self.entries.iter().find(is_named);
        let login = match source {
            HostLoginSource::Helper(name) => {
                let server = server_of(scope);
                // The semaphore is never closed; were it, to go on would still be right.
                let _permit = self.helpers.acquire().await.ok();
                tracing::debug!(helper = name, server, "asking the credential helper");
                let answer = credential_helper::ask(name, server, self.helper_timeout).await;
                match answer? {
                    Some(login) => login,
                    None if entry.is_some() => return Err(Failure::from(credential_helper::nothing(name, server))),
                    None => {
                        tracing::debug!(%source, scope, "it has no login: the pull is anonymous");
                        return Ok(Credential::anonymous());
                    }
                }
            }
            HostLoginSource::EngineAuthData | HostLoginSource::DockerConfig => {
                let entry = entry.ok_or_else(|| Failure::from(HostLoginError::NotThere(scope.clone())))?;
                entry.login.clone().ok_or_else(|| Failure::from(HostLoginError::Empty(scope.clone())))?
            }
        };
        Ok(Credential { login, origin: Provenance::Instance(named), held: None })
    }
}

/// Docker leaves an empty entry for a login that it gave to a helper or to the store. So it
/// is there, and to find none is a failure: the entry names the store as `credHelpers` would,
/// or, without a store, nobody.
fn kept_elsewhere(config: &DockerConfig) -> Vec<Entry> {
    let has_helper = |scope: &Scope| config.helpers.iter().any(|(helpers, _)| helpers.contains(scope));
    let source = config.store.clone().map_or(HostLoginSource::DockerConfig, HostLoginSource::Helper);
    let entry = |scope: &Scope| Entry { source: source.clone(), scope: scope.clone(), login: None };
    config.empty.iter().filter(|scope| !has_helper(scope)).map(entry).collect()
}
