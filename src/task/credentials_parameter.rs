//! `repositoryCredentials.credentialsParameter`: the full ARN, the partial ARN or the name of a secret.

use super::arn::{ArnError, SecretArn, check_secret_name};
use super::arn_or_name::ArnOrName;
use super::region::Region;
use super::slip::{Field, Slip};

/// The secret that contains a container's registry credentials: a full or partial ARN, which includes
/// Region and account (A2, A4, A6), or a name in the Region and account of the identity that reads the
/// secret (A3).
pub type CredentialsParameter = ArnOrName<SecretArn>;

impl CredentialsParameter {
    /// Parses the parameter as ECS does: a text that begins with `arn:` is an ARN.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") {
            return SecretArn::parse(text).map(Self::Arn);
        }
        if let Some(slip) = Slip::find(Field::Secret, text) {
            return Err(slip.into());
        }
        check_secret_name(text)?;
        Ok(Self::Name(text.to_owned()))
    }

    /// The Region in the ARN; `None` for a name.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.arn().map(SecretArn::region)
    }
}

#[cfg(test)]
mod tests {
    use super::{ArnError, CredentialsParameter};

    #[test]
    fn a_name_has_no_region_and_no_account() {
        let name = CredentialsParameter::parse("team/registry").unwrap();
        assert_eq!((name.region(), name.account()), (None, None));
    }

    #[test]
    fn a_name_with_a_colon_or_a_space_is_refused() {
        for text in ["secret:team", "team registry", "team~registry"] {
            let error = CredentialsParameter::parse(text).unwrap_err();
            assert!(matches!(error, ArnError::Character(..) | ArnError::Slip(_)), "{text}");
        }
        assert_eq!(CredentialsParameter::parse(""), Err(ArnError::EmptyName));
        assert_eq!(CredentialsParameter::parse(&"n".repeat(513)), Err(ArnError::LongName(513, 512)));
    }
}
