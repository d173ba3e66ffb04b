//! What login the registry was sent, as far as an explanation needs it.

/// The login that a registry was sent with the request that it refused; never its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SentLogin {
    /// No login was sent.
    Anonymous,
    /// A login was sent.
    Login {
        /// What is odd about the login, each as a clause such as `the password ends in a line end`.
        remarks: Vec<String>,
    },
}

impl SentLogin {
    /// A login without anything odd about it.
    #[must_use]
    pub fn unremarkable() -> Self {
        Self::Login { remarks: Vec::new() }
    }
}
