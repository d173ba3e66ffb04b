//! The login that is sent to a registry.

use super::login_remark::LoginRemark;
use crate::secret::Secret;
use crate::task::RegistryHost;

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
    /// What is probably wrong with the login, at this registry if it is known.
    #[must_use]
    pub fn remarks(&self, registry: Option<&RegistryHost>) -> Vec<LoginRemark> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Password { username, password } => LoginRemark::find(username, password, registry),
            Self::IdentityToken(token) => LoginRemark::find_in_token(token),
        }
    }

    /// The login in the answer of a credential helper. The user name `<token>` marks the secret as
    /// an identity token.
    pub(in crate::credential) fn from_helper(username: Secret, secret: Secret) -> Self {
        #[expect(clippy::disallowed_methods, reason = "compared with a word that is not secret")]
        let is_token = username.expose() == "<token>";
        if is_token { Self::IdentityToken(secret) } else { Self::Password { username, password: secret } }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Login;
    use crate::secret::Secret;
    use crate::task::RegistryHost;

    fn remarks(registry: &str, username: &str, password: &str) -> String {
        let (username, password) = (Secret::new(username.to_owned()), Secret::new(password.to_owned()));
        let remarks = Login::Password { username, password }.remarks(RegistryHost::parse(registry).as_ref());
        remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_odd_about_a_login_is_named() {
        let table = [
            ("alice", "s3cret\n", "the password ends in white space (a line break)"),
            ("alice", "s3cret\r\n", "the password ends in white space (a line break)"),
            ("alice\n", "s3cret", "the user name ends in white space (a line break)"),
            ("alice", " s3cret", "the password begins with white space"),
            ("alice", "s3cret\t", "the password ends in white space"),
            ("alice", "s3cret\u{a0}", "the password ends in white space"),
            (" alice ", "s3cret", "the user name begins with white space; the user name ends in white space"),
            ("alice", "\u{feff}s3cret", "the password begins with a byte order mark"),
            ("alice", "s3\u{200b}cret", "the password contains an invisible character"),
            ("alice", "s3cret\u{0}", "the password contains a control character"),
            ("alice", "\"s3cret\"", "the password is in quotes"),
            ("'alice'", "s3cret", "the user name is in quotes"),
            ("alice", "alice:s3cret", "the password begins with a user name and a colon"),
            ("alice", "YWxpY2U6czNjcmV0", "the password is the base64 of the user name, a colon and the token"),
            ("alice", "Bearer s3cret", "the password begins like an HTTP header"),
            ("alice", "${TOKEN}", "the password is a placeholder that was not filled in"),
            ("<username>", "s3cret", "the user name is a placeholder that was not filled in"),
            ("alice", "********", "the password is a row of equal characters, as programs show in place of a token"),
            ("alice", "{\"token\": \"s3cret\"}", "the password is JSON"),
            ("alice:team", "s3cret", "the user name contains a colon, which a user name cannot have"),
            ("alice b", "s3cret", "the user name has white space in it"),
            (
                "dckr_pat_0123456789abcdef",
                "alice",
                "the user name begins like a token: user name and password may be exchanged",
            ),
            ("alice", "alice", "the password is the user name"),
            (
                "alice\n",
                "s3cret\n",
                "the user name ends in white space (a line break); the password ends in white space (a line break)",
            ),
        ];
        for (username, password, expected) in table {
            assert_eq!(remarks("reg.example", username, password), expected, "{username:?} {password:?}");
        }
        let email = "the user name is an e-mail address, and Docker Hub expects the Docker ID";
        assert_eq!(remarks("docker.io", "alice@example.com", "s3cret"), email);
    }

    #[test]
    fn logins_as_registries_issue_them_have_no_remarks() {
        let logins = [
            ("alice", "p\u{e4}ssw\u{f6}rt>>>???~"),
            ("alice@example.com", "s3cret"),
            ("robot$ci+pull", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"),
            ("$oauthtoken", "bnZhcGkteHh4OnNlY3JldA=="),
            ("_json_key", "{\n  \"type\": \"service_account\"\n}\n"),
            ("oauth2accesstoken", "ya29.a0AfH6SM"),
            ("00000000-0000-0000-0000-000000000000", "+ACRx0/AbCdEfGh="),
            ("gitlab+deploy-token-1", "gldt-xYz_12-34"),
            ("AWS", "eyJwYXlsb2FkIjoiYWJjIn0="),
            ("team+robot", "correct horse battery staple"),
            ("x", "a:b"),
        ];
        for (username, password) in logins {
            let found = remarks("reg.example", username, password);
            assert!(
                found.is_empty() || found == "the password ends in white space (a line break)",
                "{username}: {found}"
            );
        }
    }

    proptest! {
        #[test]
        fn remarks_show_neither_user_name_nor_password(
            username in "[ \"\n]?[a-z]{4}7f3e[\n:\"]?",
            password in "[ \"\n${<]{0,2}[a-z]{4}c4nary[\n\u{200b}\">}]{0,2}",
        ) {
            let found = remarks("docker.io", &username, &password);
            prop_assert!(!found.contains("7f3e") && !found.contains("c4nary"), "{}", found);
        }
    }
}
