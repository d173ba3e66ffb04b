//! `[[identity.account]]`: the roles that read the secrets and registries of other accounts.
//!
//! To read a secret of another account, its resource policy and its KMS key must both admit the
//! reader. For accounts where they do not, the operator configures a role of that account, which
//! the host or the task's execution role assumes.

use std::collections::BTreeMap;

use super::identity::{AccountRole, Identity, RoleSession, SessionName};
use super::{account_roles_error::AccountRolesError, account_roles_error::PartitionError};
use crate::config::{AccountEntry, AssumingIdentity};
use crate::task::{CredentialsParameter, Field, RoleArn, RoleParameter, is_account_id};

/// The configured role of each account; an account has at most one entry.
#[derive(Clone, Debug, Default)]
pub struct AccountRoles {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    role: RoleArn,
    external_id: Option<String>,
    via: AssumingIdentity,
}

impl AccountRoles {
    /// Checks the entries of the configuration.
    ///
    /// # Errors
    /// [`AccountRolesError`], naming the account.
    pub fn new(entries: &[AccountEntry]) -> Result<Self, AccountRolesError> {
        let mut map = BTreeMap::new();
        for AccountEntry { id, role_arn, external_id, via } in entries {
            if !is_account_id(id) {
                return Err(AccountRolesError::Id(Field::Role.text(id).whole()));
            }
            let role = RoleArn::parse(role_arn);
            let role = role.map_err(|source| AccountRolesError::Role {
                id: id.clone(),
                text: Field::Role.text(role_arn).whole(),
                source,
            })?;
            if external_id.as_deref().is_some_and(|text| !is_external_id(text)) {
                return Err(AccountRolesError::ExternalId(id.clone()));
            }
            let entry = Entry { role, external_id: external_id.clone(), via: *via };
            if map.insert(id.clone(), entry).is_some() {
                return Err(AccountRolesError::Duplicate(id.clone()));
            }
        }
        Ok(Self { entries: map })
    }

    /// The identity that reads this secret for a task with this execution role: the configured
    /// role of the secret's account, else the execution role, else the host (A15). A secret given
    /// by name has no account, so no configured role applies.
    ///
    /// # Errors
    /// [`PartitionError`] if a role that would read the secret belongs to a different partition.
    pub fn identity_for_secret(
        &self,
        secret: &CredentialsParameter,
        execution_role: Option<&RoleParameter>,
        session: &SessionName,
    ) -> Result<Identity, PartitionError> {
        let identity = self.identity_for_account(secret.account(), execution_role, session);
        match secret.partition() {
            Some(partition) => check_partition(identity, partition, || format!("secret {secret}")),
            None => Ok(identity),
        }
    }

    /// The identity that gets the token of an ECR registry in this account: the same as for a
    /// secret of that account. ECR Public has no account. `registry` is the name for the error.
    ///
    /// # Errors
    /// [`PartitionError`] if a role that would get the token belongs to a different partition.
    pub fn identity_for_ecr(
        &self,
        registry: &impl ToString,
        account: Option<&str>,
        partition: &str,
        execution_role: Option<&RoleParameter>,
        session: &SessionName,
    ) -> Result<Identity, PartitionError> {
        let identity = self.identity_for_account(account, execution_role, session);
        check_partition(identity, partition, || registry.to_string())
    }

    fn identity_for_account(
        &self,
        account: Option<&str>,
        execution_role: Option<&RoleParameter>,
        name: &SessionName,
    ) -> Identity {
        let session = |role: RoleParameter| RoleSession { role, name: name.clone() };
        let execution_role = execution_role.cloned().map(session);
        match account.and_then(|account| self.entries.get(account)) {
            Some(Entry { role, external_id, via }) => Identity::AccountRole(Box::new(AccountRole {
                session: session(role.clone().into()),
                external_id: external_id.clone(),
                via: execution_role.filter(|_| *via == AssumingIdentity::ExecutionRole),
            })),
            None => execution_role.map_or(Identity::Host, Identity::ExecutionRole),
        }
    }
}

/// Returns the identity if its role and all roles that assume it are in this partition.
fn check_partition(
    identity: Identity,
    partition: &str,
    resource: impl FnOnce() -> String,
) -> Result<Identity, PartitionError> {
    let mut next = Some(identity.clone());
    while let Some(assumed) = next {
        match assumed.role() {
            Some(role) if role.partition().is_some_and(|own| own != partition) => {
                return Err(PartitionError {
                    resource: resource(),
                    partition: partition.to_owned(),
                    role: role.clone(),
                });
            }
            _ => next = assumed.assumed_by(),
        }
    }
    Ok(identity)
}

/// Whether STS accepts the external id: `[\w+=,.@:\/-]{2,1224}` (`AssumeRole`).
fn is_external_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    (2..=1224).contains(&text.len()) && text.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::AccountRoles;
    use crate::config::{AccountEntry, AssumingIdentity};
    use crate::identity::{Identity, SessionName};
    use crate::task::{CredentialsParameter, RoleParameter};

    fn entry(id: &str, role_arn: &str, external_id: Option<&str>, via: AssumingIdentity) -> AccountEntry {
        AccountEntry {
            id: id.to_owned(),
            role_arn: role_arn.to_owned(),
            external_id: external_id.map(str::to_owned),
            via,
        }
    }

    fn name() -> SessionName {
        SessionName::from_family(Some("web"))
    }

    #[test]
    fn in_every_partition_the_account_role_precedes_the_execution_role() {
        let partitions = [
            ("aws", "eu-west-1"),
            ("aws-cn", "cn-north-1"),
            ("aws-us-gov", "us-gov-west-1"),
            ("aws-iso", "us-iso-east-1"),
            ("aws-iso-b", "us-isob-east-1"),
            ("aws-iso-e", "eu-isoe-west-1"),
            ("aws-iso-f", "us-isof-south-1"),
            ("aws-eusc", "eusc-de-east-1"),
        ];
        for (partition, region) in partitions {
            let execution = RoleParameter::parse(&format!("arn:{partition}:iam::111122223333:role/web")).unwrap();
            let reader = format!("arn:{partition}:iam::444455556666:role/reader");
            let map =
                AccountRoles::new(&[entry("444455556666", &reader, None, AssumingIdentity::ExecutionRole)]).unwrap();
            let secret = |account: &str| {
                let arn = format!("arn:{partition}:secretsmanager:{region}:{account}:secret:hub-Ab12Cd");
                CredentialsParameter::parse(&arn).unwrap()
            };
            let mapped = map.identity_for_secret(&secret("444455556666"), Some(&execution), &name()).unwrap();
            assert_eq!(mapped.name(), reader);
            assert_eq!(mapped.assumed_by().unwrap().name(), execution.as_str());
            let own = map.identity_for_secret(&secret("111122223333"), Some(&execution), &name()).unwrap();
            assert_eq!(own.name(), execution.as_str());
            assert_eq!(map.identity_for_secret(&secret("111122223333"), None, &name()).unwrap(), Identity::Host);
        }
    }

    #[test]
    fn a_role_of_a_different_partition_is_refused_before_any_request() {
        let secret = "arn:aws-cn:secretsmanager:cn-north-1:444455556666:secret:hub-Ab12Cd";
        let secret = CredentialsParameter::parse(secret).unwrap();
        let role = "arn:aws:iam::444455556666:role/reader";
        let map = AccountRoles::new(&[entry("444455556666", role, None, AssumingIdentity::Host)]).unwrap();
        assert!(map.identity_for_secret(&secret, None, &name()).is_err());
        let execution = RoleParameter::parse(role).unwrap();
        assert!(AccountRoles::default().identity_for_secret(&secret, Some(&execution), &name()).is_err());
    }
}
