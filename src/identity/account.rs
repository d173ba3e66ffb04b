//! The map of accounts: whose secrets and registries are read through which role.
//!
//! A secret of another account needs a resource policy and a customer key that both admit
//! the caller. Where there are none, a role of that account is assumed instead, by the host
//! or by the task's execution role.

use std::collections::BTreeMap;

use super::role::{RoleSession, SessionName};
use super::{AccountRole, Identity};
use crate::config::{AccountEntry, AssumeFrom};
use crate::error::{Class, Explain, Link};
use crate::task::{ArnError, CredentialsParameter, RoleArn};

/// Which role reads the secrets and the registries of which account; an account stands there once at most.
#[derive(Clone, Debug, Default)]
pub struct AccountRoles {
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    role: RoleArn,
    external_id: Option<String>,
    via: AssumeFrom,
}

/// An entry of `identity.account` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountRolesError {
    /// Not twelve digits.
    #[error("identity.account: the id `{0}` is not an account's 12 digits")]
    Id(String),
    /// The same account a second time.
    #[error("identity.account: {0} stands there twice")]
    Twice(String),
    /// Not a role's ARN.
    #[error("identity.account: the role_arn of {id} is not a role's ARN")]
    Role {
        /// The account.
        id: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// STS would refuse it.
    #[error("identity.account: the external_id of {0} must be 2 to 1224 letters, digits and _+=,.@:/-")]
    ExternalId(String),
}

impl Explain for AccountRolesError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn thing(&self) -> String {
        "identity.account".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some("docs/identity.md has an example".to_owned())
    }
}

/// A role of one partition can read nothing of another: they share no identities.
#[derive(Debug, thiserror::Error)]
#[error("{thing} is in the partition {wanted}, and {role}, which would read it, is not")]
pub struct PartitionError {
    thing: String,
    wanted: String,
    role: RoleArn,
}

impl Explain for PartitionError {
    fn link(&self) -> Link {
        Link::Role
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn thing(&self) -> String {
        self.role.to_string()
    }

    fn hint(&self) -> Option<String> {
        Some(format!("name a role in {}: the task's executionRoleArn, or role_arn in identity.account", self.wanted))
    }
}

impl AccountRoles {
    /// The map of these entries.
    ///
    /// # Errors
    /// [`AccountRolesError`], naming the account.
    pub fn new(entries: &[AccountEntry]) -> Result<Self, AccountRolesError> {
        let mut map = BTreeMap::new();
        for AccountEntry { id, role_arn, external_id, via } in entries {
            if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(AccountRolesError::Id(id.clone()));
            }
            let role = RoleArn::parse(role_arn);
            let role = role.map_err(|source| AccountRolesError::Role { id: id.clone(), source })?;
            if external_id.as_deref().is_some_and(|text| !is_external_id(text)) {
                return Err(AccountRolesError::ExternalId(id.clone()));
            }
            let entry = Entry { role, external_id: external_id.clone(), via: *via };
            if map.insert(id.clone(), entry).is_some() {
                return Err(AccountRolesError::Twice(id.clone()));
            }
        }
        Ok(Self { entries: map })
    }

    /// Who reads this secret for a task with this execution role and these names of sessions:
    /// the role of the secret's account where the map has one, else the execution role, else
    /// the host (A15). A bare name has no account of its own, so the map says nothing of it.
    ///
    /// # Errors
    /// [`PartitionError`], when a role that would read it belongs to another partition.
    pub fn reader(
        &self,
        secret: &CredentialsParameter,
        execution_role: Option<&RoleArn>,
        name: &SessionName,
    ) -> Result<Identity, PartitionError> {
        let identity = self.of_account(secret.account(), execution_role, name);
        match secret.partition() {
            Some(partition) => in_partition(identity, partition, || format!("secret {secret}")),
            None => Ok(identity),
        }
    }

    /// Who asks for the token of a registry of this account, for such a task: the same as for
    /// a secret of that account. `registry` is what an error calls it.
    ///
    /// # Errors
    /// [`PartitionError`], when a role that would ask belongs to another partition.
    pub fn puller(
        &self,
        (registry, account, partition): (&impl ToString, Option<&str>, &str),
        execution_role: Option<&RoleArn>,
        name: &SessionName,
    ) -> Result<Identity, PartitionError> {
        in_partition(self.of_account(account, execution_role, name), partition, || registry.to_string())
    }

    fn of_account(&self, account: Option<&str>, execution_role: Option<&RoleArn>, name: &SessionName) -> Identity {
        let session = |role: &RoleArn| RoleSession { role: role.clone(), name: name.clone() };
        let execution_role = execution_role.map(session);
        match account.and_then(|account| self.entries.get(account)) {
            Some(Entry { role, external_id, via }) => Identity::AccountRole(Box::new(AccountRole {
                session: session(role),
                external_id: external_id.clone(),
                via: execution_role.filter(|_| *via == AssumeFrom::ExecutionRole),
            })),
            None => execution_role.map_or(Identity::Host, Identity::ExecutionRole),
        }
    }
}

/// The identity, if every role on the way to it is in this partition.
fn in_partition(identity: Identity, wanted: &str, thing: impl FnOnce() -> String) -> Result<Identity, PartitionError> {
    let mut next = Some(identity.clone());
    while let Some(asker) = next {
        match asker.role() {
            Some(role) if role.partition() != wanted => {
                return Err(PartitionError { thing: thing(), wanted: wanted.to_owned(), role: role.clone() });
            }
            _ => next = asker.assumed_by(),
        }
    }
    Ok(identity)
}

/// `[\w+=,.@:\/-]{2,1224}` (STS `AssumeRole`).
fn is_external_id(text: &str) -> bool {
    let taken = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    (2..=1224).contains(&text.len()) && text.bytes().all(taken)
}

#[cfg(test)]
mod tests {
    use super::{AccountRoles, AccountRolesError};
    use crate::config::{AccountEntry, AssumeFrom};
    use crate::identity::{Identity, SessionName};
    use crate::task::{CredentialsParameter, RoleArn};

    fn entry(id: &str, role_arn: &str, external_id: Option<&str>, via: AssumeFrom) -> AccountEntry {
        AccountEntry {
            id: id.to_owned(),
            role_arn: role_arn.to_owned(),
            external_id: external_id.map(str::to_owned),
            via,
        }
    }

    fn name() -> SessionName {
        SessionName::of_family(Some("web"))
    }

    #[test]
    fn a_slip_in_an_entry_is_named() {
        let role = "arn:aws:iam::444455556666:role/reader";
        let wrong = |entries: &[AccountEntry]| AccountRoles::new(entries).unwrap_err();
        let good = || entry("444455556666", role, None, AssumeFrom::Host);
        assert!(matches!(wrong(&[entry("4444", role, None, AssumeFrom::Host)]), AccountRolesError::Id(_)));
        assert!(matches!(
            wrong(&[entry("444455556666", "reader", None, AssumeFrom::Host)]),
            AccountRolesError::Role { .. }
        ));
        let external_id = entry("444455556666", role, Some("b l"), AssumeFrom::Host);
        assert!(matches!(wrong(&[external_id]), AccountRolesError::ExternalId(_)));
        assert!(matches!(wrong(&[good(), good()]), AccountRolesError::Twice(_)));
    }

    #[test]
    fn in_every_partition_the_map_wins_over_the_execution_role() {
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
            let execution = RoleArn::parse(&format!("arn:{partition}:iam::111122223333:role/web")).unwrap();
            let theirs = format!("arn:{partition}:iam::444455556666:role/reader");
            let map = AccountRoles::new(&[entry("444455556666", &theirs, None, AssumeFrom::ExecutionRole)]).unwrap();
            let secret = |account: &str| {
                let arn = format!("arn:{partition}:secretsmanager:{region}:{account}:secret:hub-Ab12Cd");
                CredentialsParameter::parse(&arn).unwrap()
            };
            let mapped = map.reader(&secret("444455556666"), Some(&execution), &name()).unwrap();
            assert_eq!(mapped.name(), theirs);
            assert_eq!(mapped.assumed_by().unwrap().name(), execution.as_str());
            let own = map.reader(&secret("111122223333"), Some(&execution), &name()).unwrap();
            assert_eq!(own.name(), execution.as_str());
            assert_eq!(map.reader(&secret("111122223333"), None, &name()).unwrap(), Identity::Host);
        }
    }

    #[test]
    fn a_role_of_another_partition_is_refused_before_anybody_is_asked() {
        let secret = "arn:aws-cn:secretsmanager:cn-north-1:444455556666:secret:hub-Ab12Cd";
        let secret = CredentialsParameter::parse(secret).unwrap();
        let role = "arn:aws:iam::444455556666:role/reader";
        let map = AccountRoles::new(&[entry("444455556666", role, None, AssumeFrom::Host)]).unwrap();
        let said = map.reader(&secret, None, &name()).unwrap_err().to_string();
        assert!(said.contains("is in the partition aws-cn, and arn:aws:iam::444455556666:role/reader"), "{said}");
        let execution = RoleArn::parse(role).unwrap();
        assert!(AccountRoles::default().reader(&secret, Some(&execution), &name()).is_err());
    }
}
