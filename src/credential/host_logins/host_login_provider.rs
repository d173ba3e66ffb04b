//! Reads a login of the host once for all concurrent callers: a credential helper is a process, and
//! may use the network. Results are not cached.

use std::sync::Arc;

use super::host_logins::HostLogins;
use super::login_error::HostLoginError;
use crate::credential::credential::Credential;
use crate::error::Failure;
use crate::plan::HostLogin;
use crate::sync::{Lifetime, Mutex, SingleFlight};

/// The logins of the host, with the reads in flight.
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
