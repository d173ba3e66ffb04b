//! Checks of a secret's metadata for one use: name, Region, account, key, rotation, replicas (C4 to
//! C14). Pure: the caller passes what Secrets Manager reported.

use crate::aws::{Replica, ReplicaState, SecretMetadata};
use crate::secret_authoring::{
    commands::use_default_key, finding::Finding, secret_use::PULL_THROUGH_PREFIX as PREFIX, secret_use::SecretUse,
};
use crate::task::Region;

/// Where the pull-through cache rule or the task is, as far as the user specified it.
#[derive(Clone, Debug, Default)]
pub struct SecretConsumer {
    /// The Region of the rule or the task.
    pub region: Option<Region>,
    /// The account id of the rule or the task.
    pub account: Option<String>,
}

/// Checks everything that Secrets Manager reports without the content.
pub(super) fn check_metadata(metadata: &SecretMetadata, usage: SecretUse, consumer: &SecretConsumer) -> Vec<Finding> {
    let mut findings =
        vec![name(&metadata.name, usage), region(metadata, usage, consumer), account(metadata, usage, consumer)];
    findings.extend([key(metadata, usage, consumer), rotation(metadata, usage)]);
    findings.extend(replication(metadata));
    findings
}

fn name(name: &str, usage: SecretUse) -> Finding {
    let has_prefix = name.starts_with(PREFIX);
    match usage {
        SecretUse::PullThrough if has_prefix => Finding::good("name", &format!("`{name}` begins with `{PREFIX}`")),
        SecretUse::PullThrough => Finding::wrong(
            "name",
            &format!("`{name}` does not begin with `{PREFIX}`"),
            &format!(
                "a secret cannot be renamed: create another one, for example `{PREFIX}{}`; ECR accepts no other name, and its console shows no other",
                name.rsplit('/').next().filter(|rest| !rest.is_empty()).unwrap_or("docker-hub")
            ),
        ),
        SecretUse::Direct if has_prefix => Finding::note(
            "name",
            &format!(
                "`{name}` begins with `{PREFIX}`: ECR's console offers it for pull-through cache rules, where it does not work"
            ),
        ),
        SecretUse::Direct => Finding::good("name", &format!("`{name}`")),
    }
}

fn region(metadata: &SecretMetadata, usage: SecretUse, consumer: &SecretConsumer) -> Finding {
    let own = metadata.region();
    match (&consumer.region, usage) {
        (Some(region), SecretUse::PullThrough) if region.as_str() != own => Finding::wrong(
            "region",
            &format!("the secret is in {own}, the rule in {region}"),
            "a rule needs a secret in its own Region: create one there, or replicate this one",
        ),
        (None, SecretUse::PullThrough) => {
            Finding::note("region", &format!("{own}; the rule must be there too (check with --region)"))
        }
        (Some(_), SecretUse::PullThrough) | (_, SecretUse::Direct) => Finding::good("region", own),
    }
}

/// The account in the secret's ARN.
fn owner(metadata: &SecretMetadata) -> &str {
    metadata.arn.split(':').nth(4).unwrap_or_default()
}

fn account(metadata: &SecretMetadata, usage: SecretUse, consumer: &SecretConsumer) -> Finding {
    let own = owner(metadata);
    match (&consumer.account, usage) {
        (Some(account), SecretUse::PullThrough) if account != own => Finding::wrong(
            "account",
            &format!("the secret is in {own}, the rule in {account}"),
            "a rule needs a secret in its own account: create one there",
        ),
        (None, SecretUse::PullThrough) => {
            Finding::note("account", &format!("{own}; the rule must be there too (check with --account)"))
        }
        (Some(account), SecretUse::Direct) if account != own => Finding::note(
            "account",
            &format!(
                "the secret is in {own}, the task in {account}: the secret's resource policy must admit the task's execution role"
            ),
        ),
        _ => Finding::good("account", own),
    }
}

fn key(metadata: &SecretMetadata, usage: SecretUse, consumer: &SecretConsumer) -> Finding {
    let is_other_account = consumer.account.as_deref().is_some_and(|account| account != owner(metadata));
    match (metadata.customer_key(), usage) {
        (None, SecretUse::Direct) if is_other_account => Finding::wrong(
            "key",
            "the default key `aws/secretsmanager` admits only its own account",
            "encrypt it under a customer key whose policy admits the task's execution role, or read it as a role of its own account",
        ),
        (None, _) => Finding::good("key", "the default key `aws/secretsmanager`"),
        (Some(key), SecretUse::PullThrough) => Finding::wrong(
            "key",
            &format!("it is encrypted under the customer key {key}, which ECR's pull-through cache does not support"),
            &format!("{}, then write the value again", use_default_key(&metadata.arn)),
        ),
        (Some(key), SecretUse::Direct) => Finding::note(
            "key",
            &format!(
                "the customer key {key}: the execution role needs kms:Decrypt on it, in addition to secretsmanager:GetSecretValue"
            ),
        ),
    }
}

fn rotation(metadata: &SecretMetadata, usage: SecretUse) -> Finding {
    let key = usage.token_key();
    if metadata.has_pending_version {
        let message = "a rotation is in progress: a version is labelled AWSPENDING and is not current yet";
        return Finding::note("rotation", message);
    }
    if metadata.is_rotated {
        let message = format!("on: the function that rotates it must write `username` and `{key}`");
        return Finding::note("rotation", &message);
    }
    Finding::good("rotation", "off: renew the token before it expires")
}

fn replication(metadata: &SecretMetadata) -> Vec<Finding> {
    if let Some(primary) = metadata.replica_of() {
        return vec![Finding::note(
            "replication",
            &format!("a replica of the secret in {primary}, where new versions are written"),
        )];
    }
    if metadata.replicas.is_empty() {
        return vec![Finding::good("replication", "none")];
    }
    let state = |Replica { region, state, message }: &Replica| match state {
        ReplicaState::InSync => Finding::good("replication", &format!("{region}: in sync")),
        ReplicaState::InProgress => Finding::note("replication", &format!("{region}: in progress")),
        ReplicaState::Failed => Finding::wrong(
            "replication",
            &format!("{region}: failed: {}", message.as_deref().unwrap_or("no reason given")),
            "if a secret of this name already exists there, delete it, or replicate with --force-overwrite-replica-secret",
        ),
    };
    metadata.replicas.iter().map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::{Finding, Replica, ReplicaState, SecretConsumer, SecretMetadata, SecretUse, check_metadata};
    use crate::secret_authoring::finding::CheckStatus;
    use crate::task::Region;

    fn hub() -> SecretMetadata {
        SecretMetadata {
            arn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-Ab12Cd".to_owned(),
            name: "ecr-pullthroughcache/hub".to_owned(),
            ..SecretMetadata::default()
        }
    }

    fn status(findings: &[Finding], check: &str) -> CheckStatus {
        findings.iter().find(|finding| finding.check == check).unwrap().status
    }

    #[test]
    fn rule_requires_prefix_own_region_own_account_and_default_key() {
        let usage = SecretUse::PullThrough;
        let here = SecretConsumer { region: Region::parse("eu-west-1").ok(), account: Some("111122223333".to_owned()) };
        let there =
            SecretConsumer { region: Region::parse("us-east-1").ok(), account: Some("444455556666".to_owned()) };
        assert!(check_metadata(&hub(), usage, &here).iter().all(|finding| finding.status == CheckStatus::Good));
        let findings = check_metadata(&hub(), usage, &there);
        assert_eq!(
            (status(&findings, "region"), status(&findings, "account")),
            (CheckStatus::Wrong, CheckStatus::Wrong)
        );
        let other =
            SecretMetadata { name: "hub".to_owned(), kms_key: Some("arn:aws:kms:…:key/1".to_owned()), ..hub() };
        let findings = check_metadata(&other, usage, &SecretConsumer::default());
        assert_eq!((status(&findings, "name"), status(&findings, "key")), (CheckStatus::Wrong, CheckStatus::Wrong));
        assert_eq!((status(&findings, "region"), status(&findings, "account")), (CheckStatus::Note, CheckStatus::Note));
        let aws = SecretMetadata { kms_key: Some("alias/aws/secretsmanager".to_owned()), ..hub() };
        assert_eq!(status(&check_metadata(&aws, usage, &here), "key"), CheckStatus::Good);
    }

    #[test]
    fn task_of_another_account_requires_a_customer_key() {
        let away = SecretConsumer { region: None, account: Some("444455556666".to_owned()) };
        assert_eq!(status(&check_metadata(&hub(), SecretUse::Direct, &away), "key"), CheckStatus::Wrong);
        let customer = SecretMetadata { kms_key: Some("arn:aws:kms:…:key/1".to_owned()), ..hub() };
        assert_eq!(status(&check_metadata(&customer, SecretUse::Direct, &away), "key"), CheckStatus::Note);
    }

    #[test]
    fn rotation_and_replication_are_reported() {
        let found = |description| check_metadata(&description, SecretUse::Direct, &SecretConsumer::default());
        assert_eq!(status(&found(SecretMetadata { is_rotated: true, ..hub() }), "rotation"), CheckStatus::Note);
        assert_eq!(
            status(&found(SecretMetadata { has_pending_version: true, ..hub() }), "rotation"),
            CheckStatus::Note
        );
        let replica = |state| Replica { region: "us-east-1".to_owned(), state, message: None };
        let states = [
            (ReplicaState::InSync, CheckStatus::Good),
            (ReplicaState::InProgress, CheckStatus::Note),
            (ReplicaState::Failed, CheckStatus::Wrong),
        ];
        for (state, expected) in states {
            assert_eq!(
                status(&found(SecretMetadata { replicas: vec![replica(state)], ..hub() }), "replication"),
                expected
            );
        }
        let away = SecretMetadata { primary_region: Some("us-east-1".to_owned()), ..hub() };
        assert_eq!(status(&found(away), "replication"), CheckStatus::Note);
    }
}
