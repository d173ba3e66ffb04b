//! What may help after a failure.

/// What may help after a failure, beyond what its class says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// The class decides whether another attempt may help.
    ByClass,
    /// No other attempt helps, with this login or another: a quota of hours, a policy, an address
    /// that is blocked.
    Final,
    /// The registry did not accept the login: a newer version of the secret may help.
    NewerLogin,
}
