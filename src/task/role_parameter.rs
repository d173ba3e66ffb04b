//! `executionRoleArn`: the ARN of a role, or its name in the account of the caller.

use super::arn::{ArnError, RoleArn, check_role_name};
use super::arn_or_name::ArnOrName;
use super::slip::{Field, Slip};

/// A role as a task definition names it. The name has its path if it has one: `service/execution`. ECS
/// completes a bare name with the account of the caller.
pub type RoleParameter = ArnOrName<RoleArn>;

impl RoleParameter {
    /// Parses the parameter as ECS does: a text that begins with `arn:` is an ARN.
    ///
    /// # Errors
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        if text.starts_with("arn:") {
            return RoleArn::parse(text).map(Self::Arn);
        }
        if let Some(slip) = Slip::find(Field::Role, text) {
            return Err(slip.into());
        }
        let name = text.strip_prefix('/').unwrap_or(text);
        check_role_name(&Field::Role.text(text), name)?;
        Ok(Self::Name(name.to_owned()))
    }

    /// The ARN of the role, with the partition and the account of the caller if the role is given by name.
    #[must_use]
    pub fn arn_for_caller(&self, partition: &str, account: &str) -> RoleArn {
        match self {
            Self::Arn(arn) => arn.clone(),
            Self::Name(name) => RoleArn::from_name(name, partition, account),
        }
    }
}

impl From<RoleArn> for RoleParameter {
    fn from(arn: RoleArn) -> Self {
        Self::Arn(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::RoleParameter;

    #[test]
    fn a_role_is_given_by_arn_or_by_name() {
        for (text, arn) in [
            ("ecsTaskExecutionRole", "arn:aws-cn:iam::111122223333:role/ecsTaskExecutionRole"),
            ("service/exec", "arn:aws-cn:iam::111122223333:role/service/exec"),
            ("/service/exec", "arn:aws-cn:iam::111122223333:role/service/exec"),
            ("a+b=c,d.e@f-g_h", "arn:aws-cn:iam::111122223333:role/a+b=c,d.e@f-g_h"),
            ("arn:aws:iam::444455556666:role/exec", "arn:aws:iam::444455556666:role/exec"),
        ] {
            let role = RoleParameter::parse(text).unwrap();
            assert_eq!(role.arn_for_caller("aws-cn", "111122223333").as_str(), arn);
        }
    }

    #[test]
    fn a_text_that_names_no_role_is_refused() {
        for text in [
            "",
            "/",
            "exec/",
            "exec role",
            "exec\n",
            "<role>",
            "REPLACE_ME",
            "${EXECUTION_ROLE_ARN}",
            "arn:aws:iam::111122223333:user/me",
            "arn:aws:iam::111122223333:instance-profile/ecs",
            "aws:iam::111122223333:role/exec",
            "https://us-east-1.console.aws.amazon.com/iam/home#/roles/details/exec",
            "registry.example/team/app:1.0",
            "alice:hunter2",
            "!GetAtt Role.Arn",
        ] {
            let error = RoleParameter::parse(text).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
        }
    }
}
