//! Limits the connections of one user, so that one user cannot occupy the whole server.

use std::collections::HashMap;
use std::sync::Arc;

/// Connections that one user may have open. Root is exempt, so that no user can lock root out.
const PER_USER: usize = 128;

/// One connection's share of its user's quota; dropping it gives the share back.
pub(super) type ConnectionSlot = Arc<()>;

/// The open connections by uid: each holds a clone of its user's slot.
#[derive(Default)]
pub(super) struct ConnectionQuota(HashMap<u32, ConnectionSlot>);

impl ConnectionQuota {
    /// Returns a slot for one more connection, or `None` if the user has no slot left.
    pub(super) fn acquire(&mut self, uid: u32) -> Option<ConnectionSlot> {
        self.0.retain(|_, slot| Arc::strong_count(slot) > 1);
        let slot = self.0.entry(uid).or_default();
        (uid == 0 || Arc::strong_count(slot) <= PER_USER).then(|| Arc::clone(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionQuota, PER_USER};

    #[test]
    fn users_are_limited_separately_and_root_is_not() {
        let mut quota = ConnectionQuota::default();
        let mut slots: Vec<_> = (0..PER_USER).map(|_| quota.acquire(1_000).unwrap()).collect();
        assert!(quota.acquire(1_000).is_none());
        assert!(quota.acquire(1_001).is_some());
        assert!((0..=PER_USER).all(|_| quota.acquire(0).is_some()));
        slots.pop();
        assert!(quota.acquire(1_000).is_some(), "a closed connection gives its slot back");
    }
}
