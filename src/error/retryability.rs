//! How often a failed request is worth a retry.

/// How often a retry of the same request is useful.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retryability {
    /// The answer will be the same.
    Never,
    /// The failure may have been an outage. If it occurs twice in a row, it was not.
    Once,
    /// A retry is useful as long as attempts are left.
    Always,
}

impl Retryability {
    /// Whether a retry is useful after a failure of this kind. `previous` is the retryability of
    /// the failure before it, if there was one.
    #[must_use]
    pub fn allows_retry(self, previous: Option<Self>) -> bool {
        match self {
            Self::Never => false,
            Self::Once => previous != Some(Self::Once),
            Self::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Retryability;
    use crate::error::Class;

    #[test]
    fn an_unknown_failure_is_retried_once() {
        let unknown = Class::Unknown.retryability();
        assert!(unknown.allows_retry(None));
        assert!(unknown.allows_retry(Some(Retryability::Always)), "the failure before was a different one");
        assert!(!unknown.allows_retry(Some(unknown)));
    }

    #[test]
    fn a_busy_engine_is_retried_and_a_refusal_is_not() {
        assert!(Class::EngineBusy.retryability().allows_retry(Some(Retryability::Always)));
        assert!(!Class::Refused.retryability().allows_retry(None));
    }
}
