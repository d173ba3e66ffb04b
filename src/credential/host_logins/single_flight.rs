//! A login of the host's own, had once for all who wait for it: a helper is a process of its
//! own, and may ask over the network.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _, WeakShared};

use super::HostLogins;
use super::login_error::HostLoginError;
use crate::credential::Credential;
use crate::error::Failure;
use crate::plan::HostLogin;

/// The host's own logins, and those that are being had.
pub(in crate::credential) struct SharedLogins {
    logins: Arc<HostLogins>,
    under_way: Mutex<HashMap<HostLogin, InFlightLogin>>,
}

/// When nobody waits for it any more it is given up, and its helper is killed with it.
type InFlightLogin = WeakShared<BoxFuture<'static, Result<Credential, Failure>>>;

impl SharedLogins {
    pub(in crate::credential) fn new(logins: Arc<HostLogins>) -> Self {
        Self { logins, under_way: Mutex::default() }
    }

    /// The credential behind a name, for all who wait for it now; nothing is kept of it.
    pub(in crate::credential) async fn credential(&self, named: &HostLogin) -> Result<Credential, Arc<Failure>> {
        let shared = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.retain(|_, work| work.upgrade().is_some_and(|work| work.peek().is_none()));
            let known = under_way.get(named).and_then(WeakShared::upgrade);
            known.unwrap_or_else(|| {
                let (logins, of) = (Arc::clone(&self.logins), named.clone());
                let work = async move { logins.credential(of).await };
                let scope = named.scope.clone();
                // A panic costs those who wait for this login, not the other pulls.
                let work = AssertUnwindSafe(work).catch_unwind();
                let work = work.map(|had| had.unwrap_or_else(|_| Err(Failure::from(HostLoginError::Lost(scope)))));
                let shared = work.boxed().shared();
                under_way.extend(shared.downgrade().map(|weak| (named.clone(), weak)));
                shared
            })
        };
        shared.await.map_err(Arc::new)
    }
}
