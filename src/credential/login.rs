//! The login that is sent to a registry.

use crate::secret::Secret;

/// A login for a registry.
#[derive(Clone, Debug)]
pub enum Login {
    /// No login: an anonymous pull.
    Anonymous,
    /// A user name and a password.
    Password {
        /// The user name. Some registries expect a token here, so it is as secret as the password.
        username: Secret,
        /// The password, or the token that the registry takes as one.
        password: Secret,
    },
    /// A token that the registry's token service exchanges for access, in place of a password
    /// (a refresh token of OAuth 2).
    IdentityToken(Secret),
}

impl Login {
    /// The login in the answer of a credential helper. The user name `<token>` marks the secret as
    /// an identity token.
    pub(in crate::credential) fn from_helper(username: Secret, secret: Secret) -> Self {
        #[expect(clippy::disallowed_methods, reason = "compared with a word that is not secret")]
        let is_token = username.expose() == "<token>";
        if is_token { Self::IdentityToken(secret) } else { Self::Password { username, password: secret } }
    }
}
