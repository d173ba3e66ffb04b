//! The logins of the host, read and checked at the start of a run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::docker_config::{DockerConfig, ScopedLogin, parse_engine_auth_data, read_docker_config};
use super::{
    config_error::AUTH_DATA, config_error::HostLoginConfigError, config_error::HostLoginConfigFault, credential_helper,
    credential_helper::HelperError, settings::HostLoginSettings, settings::require_host_with_logins,
};
use crate::credential::scope::{Scope, Specificity, helper_server};
use crate::credential::{credential::Credential, login::Login};
use crate::error::{Class, Explain, Failure, Link};
use crate::plan::{HostLogin, HostLoginSource};
use crate::sync::{Lifetime, Mutex, SingleFlight};
use crate::task::ImageReference;

/// The number of credential helpers that run concurrently.
pub(super) const CONCURRENT_HELPERS: usize = 8;

/// The logins of the host.
#[derive(Debug)]
pub struct HostLogins {
    entries: Vec<Entry>,
    /// The credential helper for the registries without an entry.
    store: Option<String>,
    helper_timeout: Duration,
    pub(super) helper_permits: Semaphore,
}

#[derive(Debug)]
struct Entry {
    source: HostLoginSource,
    scope: Scope,
    /// `None` if a credential helper has the login, or if the entry is empty.
    login: Option<Login>,
}

impl Default for HostLogins {
    fn default() -> Self {
        Self::new(Vec::new(), None, Duration::ZERO)
    }
}

impl HostLogins {
    fn new(entries: Vec<Entry>, store: Option<String>, helper_timeout: Duration) -> Self {
        Self { entries, store, helper_timeout, helper_permits: Semaphore::new(CONCURRENT_HELPERS) }
    }

    /// Reads both documents. Without either, the host has no logins.
    ///
    /// # Errors
    /// [`HostLoginConfigError`], with the name of the variable or of the file, and nothing of its
    /// content.
    pub fn read(settings: &HostLoginSettings) -> Result<Self, HostLoginConfigError> {
        let variable_error = |fault| HostLoginConfigError { place: AUTH_DATA.to_owned(), fault };
        let engine_logins = match (&settings.auth_data, settings.has_auth_type) {
            (Some(data), true) => require_host_with_logins(settings.host)
                .and_then(|()| parse_engine_auth_data(data))
                .map_err(variable_error)?,
            (None, false) => Vec::new(),
            (Some(_), false) => return Err(variable_error(HostLoginConfigFault::NoType)),
            (None, true) => return Err(variable_error(HostLoginConfigFault::NoData)),
        };
        let config = match &settings.docker_config {
            None => DockerConfig::default(),
            Some(path) => require_host_with_logins(settings.host)
                .and_then(|()| read_docker_config(path))
                .map_err(|fault| HostLoginConfigError { place: path.display().to_string(), fault })?,
        };
        // The order is that of preference among entries that are equally specific.
        let with_login = |source: HostLoginSource| {
            move |ScopedLogin { scope, login, .. }| Entry { source: source.clone(), scope, login: Some(login) }
        };
        let empty = empty_entries(&config);
        let helper_entry = |(scope, name)| Entry { source: HostLoginSource::Helper(name), scope, login: None };
        let entries = engine_logins.into_iter().map(with_login(HostLoginSource::EngineAuthData));
        let entries = entries.chain(config.helpers.into_iter().map(helper_entry));
        let entries = entries.chain(config.logins.into_iter().map(with_login(HostLoginSource::DockerConfig)));
        Ok(Self::new(entries.chain(empty).collect(), config.store, settings.helper_timeout))
    }

    /// The name of the most specific login for an image; no credential helper is run. An entry for
    /// the registry or the path takes precedence over the credential store for all registries.
    #[must_use]
    pub fn find_login(&self, image: &ImageReference) -> Option<HostLogin> {
        let mut best: Option<(Specificity, &Entry)> = None;
        for entry in &self.entries {
            if let Some(specificity) = entry.scope.specificity_for(image)
                && best.is_none_or(|(other, _)| specificity > other)
            {
                best = Some((specificity, entry));
            }
        }
        if let Some((_, entry)) = best {
            return Some(HostLogin { source: entry.source.clone(), scope: entry.scope.name() });
        }
        let source = HostLoginSource::Helper(self.store.clone()?);
        Some(HostLogin { source, scope: Scope::whole_registry(image).name() })
    }

    /// The credential of this name. It is anonymous if the credential store for all registries has
    /// no login; a helper that is configured for one registry must have one.
    pub(super) async fn credential(&self, name: HostLogin) -> Result<Credential, Failure> {
        let HostLogin { source, scope } = &name;
        let entry = self.entries.iter().find(|entry| entry.source == *source && entry.scope.name() == *scope);
        let login = match source {
            HostLoginSource::Helper(helper) => {
                let server = helper_server(scope);
                // The semaphore is never closed; if it were, running without a permit would be right.
                let _permit = self.helper_permits.acquire().await.ok();
                tracing::debug!(helper, server, "running the credential helper");
                match credential_helper::run(helper, server, self.helper_timeout).await? {
                    Some(login) => login,
                    None if entry.is_some() => return Err(HelperError::without_login(helper, server).into()),
                    None => {
                        tracing::debug!(%source, scope, "credential store has no login; pulling anonymously");
                        return Ok(Credential::anonymous());
                    }
                }
            }
            HostLoginSource::EngineAuthData | HostLoginSource::DockerConfig => {
                let entry = entry.ok_or_else(|| HostLoginError::NotFound(scope.clone()))?;
                entry.login.clone().ok_or_else(|| HostLoginError::EmptyEntry(scope.clone()))?
            }
        };
        Ok(Credential::from_host_login(login, name))
    }
}

/// Docker leaves an empty entry for a login that it gave to a helper or to the credential store. The
/// login exists, so it is a failure not to find it: such an entry names the store as `credHelpers`
/// would, or, without a store, a login that is missing.
fn empty_entries(config: &DockerConfig) -> Vec<Entry> {
    let has_helper = |scope: &Scope| config.helpers.iter().any(|(helper_scope, _)| helper_scope.contains(scope));
    let source = config.store.clone().map_or(HostLoginSource::DockerConfig, HostLoginSource::Helper);
    let entry = |scope: &Scope| Entry { source: source.clone(), scope: scope.clone(), login: None };
    config.empty.iter().filter(|scope| !has_helper(scope)).map(entry).collect()
}

/// Reads a login of the host once for all concurrent callers: a credential helper is a process, and
/// may use the network. Results are not cached.
pub(in crate::credential) struct HostLoginProvider {
    logins: Arc<HostLogins>,
    flights: Mutex<SingleFlight<HostLogin, Result<Credential, Arc<Failure>>>>,
}

impl HostLoginProvider {
    pub(in crate::credential) fn new(logins: Arc<HostLogins>) -> Self {
        Self { logins, flights: Mutex::default() }
    }

    /// The credential of this name. When all callers are cancelled, the read is cancelled too, and
    /// its helper is killed.
    pub(in crate::credential) async fn credential(&self, name: &HostLogin) -> Result<Credential, Arc<Failure>> {
        let (logins, owned_name, scope) = (Arc::clone(&self.logins), name.clone(), name.scope.clone());
        let read = |_| async move { logins.credential(owned_name).await.map_err(Arc::new) };
        let fallback = || Err(Arc::new(Failure::from(HostLoginError::Panicked(scope))));
        let flight = self.flights.lock().get_or_start(name, Lifetime::EndsWithCallers, read, fallback);
        flight.await
    }
}

/// A login of the host cannot be read. Each variant contains the registry, or the path in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum HostLoginError {
    /// The plan was made with other logins than it is carried out with.
    #[error("the host has no login for {0}")]
    NotFound(String),
    /// Docker leaves such an entry when it gives the login to a credential store.
    #[error("the Docker config's entry for {0} is empty, and no credential helper is configured for it")]
    EmptyEntry(String),
    /// The code that reads the login has panicked.
    #[error("reading the host's login for {0} ended without a result")]
    Panicked(String),
}

impl Explain for HostLoginError {
    fn link(&self) -> Link {
        Link::InstanceCredentials
    }

    fn class(&self) -> Class {
        match self {
            Self::NotFound(_) | Self::EmptyEntry(_) => Class::Absent,
            Self::Panicked(_) => Class::Unknown,
        }
    }

    fn resource(&self) -> String {
        let (Self::NotFound(scope) | Self::EmptyEntry(scope) | Self::Panicked(scope)) = self;
        scope.clone()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NotFound(_) => return None,
            Self::EmptyEntry(_) => {
                "put the login into the entry, or set its helper in `credHelpers` or `credsStore`; remove the entry if the registry needs no login"
            }
            Self::Panicked(_) => "this is a bug in taskpull: please report it, with the output of RUST_LOG=debug",
        };
        Some(hint.to_owned())
    }
}
