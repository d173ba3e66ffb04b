//! Remarks about a login that a registry refuses: what is probably wrong with it, without its values.

use std::fmt;

use super::content::json::expose;
use super::text_flaw::{TextFlaw, is_issued_token};
use crate::secret::Secret;
use crate::task::RegistryHost;

/// A remark about one part of a login. Its text is a sentence without a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRemark {
    /// A part of the login has a flaw.
    Flaw(LoginPart, TextFlaw),
    /// The user name contains a colon, which ends it in HTTP's Basic authentication.
    ColonInUsername,
    /// The user name has white space within it.
    SpaceInUsername,
    /// The user name is an e-mail address, at a registry that wants another name.
    EmailAddress,
    /// The user name begins like a token.
    TokenAsUsername,
    /// The password is the user name, which few registries issue.
    PasswordIsUsername,
}

/// A part of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginPart {
    /// The name of the user, or of a token.
    Username,
    /// The password, or the token in its place.
    Password,
    /// The identity token, which has no user name.
    IdentityToken,
}

impl LoginRemark {
    /// Whether no registry has such a login. Other remarks matter only after a refusal.
    #[must_use]
    pub fn is_certain(self) -> bool {
        matches!(self, Self::Flaw(..) | Self::ColonInUsername)
    }

    /// The remarks about a user name and a password, at this registry if it is known.
    pub(super) fn find(username: &Secret, password: &Secret, registry: Option<&RegistryHost>) -> Vec<Self> {
        let (username, password) = (expose(username), expose(password));
        let mut remarks = username_flaws(username);
        remarks.extend(username_remarks(username.trim(), password.trim(), registry));
        if password == username {
            remarks.push(Self::PasswordIsUsername);
        }
        remarks.extend(flaws(LoginPart::Password, password, Some(username.trim())));
        remarks
    }

    /// The remarks about an identity token.
    pub(super) fn find_in_token(token: &Secret) -> Vec<Self> {
        flaws(LoginPart::IdentityToken, expose(token), None)
    }
}

fn flaws(part: LoginPart, text: &str, username: Option<&str>) -> Vec<LoginRemark> {
    TextFlaw::find(text, username).into_iter().map(|flaw| LoginRemark::Flaw(part, flaw)).collect()
}

fn username_flaws(username: &str) -> Vec<LoginRemark> {
    let flaws = TextFlaw::find_in_username(username).into_iter();
    flaws.map(|flaw| LoginRemark::Flaw(LoginPart::Username, flaw)).collect()
}

fn username_remarks(
    username: &str,
    password: &str,
    registry: Option<&RegistryHost>,
) -> impl Iterator<Item = LoginRemark> {
    let is_hub = registry.is_some_and(|registry| registry.docker_key() != registry.as_str());
    let rules = [
        (username.contains(':') && !username.contains("://"), LoginRemark::ColonInUsername),
        (username.contains(char::is_whitespace), LoginRemark::SpaceInUsername),
        (is_hub && username.contains('@'), LoginRemark::EmailAddress),
        (is_issued_token(username) && password != username, LoginRemark::TokenAsUsername),
    ];
    rules.into_iter().filter(|(applies, _)| *applies).map(|(_, remark)| remark)
}

impl fmt::Display for LoginRemark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flaw(part, flaw) => return write!(f, "the {part} {flaw}"),
            Self::ColonInUsername => "the user name contains a colon, which a user name cannot have",
            Self::SpaceInUsername => "the user name has white space in it",
            Self::EmailAddress => "the user name is an e-mail address, and Docker Hub expects the Docker ID",
            Self::TokenAsUsername => "the user name begins like a token: user name and password may be exchanged",
            Self::PasswordIsUsername => "the password is the user name",
        })
    }
}

impl fmt::Display for LoginPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "user name",
            Self::Password => "password",
            Self::IdentityToken => "identity token",
        })
    }
}
