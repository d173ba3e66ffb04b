//! How many secrets are read at the same time.
//!
//! Each identity has turns of its own in each Region: a Region or an STS that does not answer
//! holds its turns to the deadline, and nobody else's.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

use super::CacheKey;
use crate::identity::Identity;
use crate::task::Region;

/// Secrets read at the same time: as many as one batch takes. Secrets Manager allows thousands
/// a second; this bounds our own sockets.
const READS_AT_ONCE: usize = 20;

/// Who asks where; a bare name's Region is the host's.
type LimitKey = (Identity, Option<Region>);

/// The turns of those that are reading now.
#[derive(Default)]
pub(super) struct ReadLimits(Mutex<HashMap<LimitKey, Weak<Semaphore>>>);

impl ReadLimits {
    /// The turns of whoever reads this secret.
    pub(super) fn of(&self, (identity, secret): &CacheKey) -> Arc<Semaphore> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, turns| turns.strong_count() > 0);
        let place = places.entry((identity.clone(), secret.region().cloned())).or_default();
        place.upgrade().unwrap_or_else(|| {
            let turns = Arc::new(Semaphore::new(READS_AT_ONCE));
            *place = Arc::downgrade(&turns);
            turns
        })
    }
}
