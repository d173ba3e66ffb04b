//! `repositoryCredentials.credentialsParameter`: a secret's full ARN, partial ARN or name.

use std::fmt;

use super::arn::{ArnError, SECRET_NAME_LIMIT, SecretArn, check_secret_name};
use super::region::Region;

/// Which secret a container's credentials are in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CredentialsParameter {
    /// Full or partial ARN; it says Region and account itself (A2, A4, A6).
    Arn(SecretArn),
    /// A bare name: in the Region and account of whoever asks (A3).
    Name(String),
}

impl CredentialsParameter {
    /// Reads the parameter as ECS does: what begins with `arn:` is an ARN.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") {
            return SecretArn::parse(text).map(Self::Arn);
        }
        check_secret_name(text, SECRET_NAME_LIMIT)?;
        Ok(Self::Name(text.to_owned()))
    }

    /// What to send as `SecretId`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Name(name) => name,
        }
    }

    /// The Region in the ARN; a bare name has none of its own.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        match self {
            Self::Arn(arn) => Some(arn.region()),
            Self::Name(_) => None,
        }
    }

    /// The partition in the ARN; a bare name is in that of whoever asks.
    #[must_use]
    pub fn partition(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn.partition()),
            Self::Name(_) => None,
        }
    }

    /// The account in the ARN; a bare name has none of its own.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Arn(arn) => Some(arn.account()),
            Self::Name(_) => None,
        }
    }
}

impl fmt::Display for CredentialsParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{ArnError, CredentialsParameter};

    #[test]
    fn a_name_has_no_region_of_its_own() {
        let name = CredentialsParameter::parse("team/registry").unwrap();
        assert_eq!((name.region(), name.account()), (None, None));
    }

    #[test]
    fn a_name_with_a_colon_or_a_space_is_refused() {
        for text in ["secret:team", "team registry"] {
            assert!(matches!(CredentialsParameter::parse(text), Err(ArnError::Character(..))), "{text}");
        }
        assert_eq!(CredentialsParameter::parse(""), Err(ArnError::EmptyName));
        assert_eq!(CredentialsParameter::parse(&"n".repeat(513)), Err(ArnError::LongName(513, 512)));
    }
}
