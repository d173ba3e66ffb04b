//! What is right and wrong with a secret for one use, point by point: its name, place, key,
//! rotation, replicas and content (C4 to C14). Pure: what the service said comes in.

use serde::Serialize;

use crate::aws::{Replica, ReplicaState, SecretMetadata, SecretVersion};
use crate::credential::Login;
use crate::credential::content::username_token::UsernameToken;
use crate::credential::content::{self, Content, ContentFault};
use crate::error::{Failure, Printable};
use crate::secret_authoring::upstream::{PREFIX, SecretUse};
use crate::task::Region;

/// One point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which point: `name`, `content`, …
    pub check: &'static str,
    /// What came of it.
    pub found: CheckStatus,
    /// One sentence.
    pub says: Printable,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Printable>,
}

/// What came of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// As it should be.
    Good,
    /// To be known; the use goes on.
    Note,
    /// The use does not work so.
    Wrong,
}

/// Where the pull-through cache rule is, or the task: as far as it was said.
#[derive(Clone, Debug, Default)]
pub struct SecretConsumer {
    /// Its Region.
    pub region: Option<Region>,
    /// Its account.
    pub account: Option<String>,
}

impl Finding {
    fn new(check: &'static str, found: CheckStatus, says: &str, hint: Option<&str>) -> Self {
        Self { check, found, says: Printable::new(says), hint: hint.map(Printable::new) }
    }

    /// As it should be.
    #[must_use]
    pub fn good(check: &'static str, says: &str) -> Self {
        Self::new(check, CheckStatus::Good, says, None)
    }

    /// To be known.
    #[must_use]
    pub fn note(check: &'static str, says: &str) -> Self {
        Self::new(check, CheckStatus::Note, says, None)
    }

    /// Wrong, and what to do about it.
    #[must_use]
    pub fn wrong(check: &'static str, says: &str, hint: &str) -> Self {
        Self::new(check, CheckStatus::Wrong, says, Some(hint))
    }
}

/// A point that could not be looked at.
#[must_use]
pub fn unknown(check: &'static str, failure: &Failure) -> Finding {
    let said: Vec<_> = failure.caused_by.iter().map(Printable::as_str).collect();
    let said = if said.is_empty() { String::new() } else { format!(" (said: {})", said.join(": ")) };
    let says = Printable::new(&format!("{}{said}", failure.message));
    Finding { check, found: CheckStatus::Wrong, says, hint: failure.hint.clone() }
}

/// What the service says of it without its content.
#[must_use]
pub fn check_metadata(found: &SecretMetadata, usage: SecretUse, by: &SecretConsumer) -> Vec<Finding> {
    let mut findings = vec![name(&found.name, usage), region(found, usage, by), account(found, usage, by)];
    findings.extend([key(found, usage, by), rotation(found, usage)]);
    findings.extend(replication(found));
    findings
}

fn name(name: &str, usage: SecretUse) -> Finding {
    let has_prefix = name.starts_with(PREFIX);
    match usage {
        SecretUse::PullThrough if has_prefix => Finding::good("name", &format!("`{name}` begins with `{PREFIX}`")),
        SecretUse::PullThrough => Finding::wrong(
            "name",
            &format!("`{name}` does not begin with `{PREFIX}`"),
            "a secret cannot be renamed: make one with `taskpull secret new`; ECR takes no other name, and its console shows no other",
        ),
        SecretUse::Direct if has_prefix => Finding::note(
            "name",
            &format!("`{name}` begins with `{PREFIX}`: ECR's console offers it for a rule, which it cannot serve"),
        ),
        SecretUse::Direct => Finding::good("name", &format!("`{name}`")),
    }
}

fn region(found: &SecretMetadata, usage: SecretUse, by: &SecretConsumer) -> Finding {
    let own = found.region();
    match (&by.region, usage) {
        (Some(region), SecretUse::PullThrough) if region.as_str() != own => Finding::wrong(
            "region",
            &format!("it is in {own}, and the rule in {region}"),
            "a rule takes a secret of its own Region: make one there, or replicate this one to it",
        ),
        (None, SecretUse::PullThrough) => {
            Finding::note("region", &format!("{own}; the rule must be there too (--region says where it is)"))
        }
        (Some(_), SecretUse::PullThrough) | (_, SecretUse::Direct) => Finding::good("region", own),
    }
}

fn owner(found: &SecretMetadata) -> &str {
    found.arn.split(':').nth(4).unwrap_or_default()
}

fn account(found: &SecretMetadata, usage: SecretUse, by: &SecretConsumer) -> Finding {
    let own = owner(found);
    match (&by.account, usage) {
        (Some(account), SecretUse::PullThrough) if account != own => Finding::wrong(
            "account",
            &format!("it is in {own}, and the rule in {account}"),
            "a rule takes a secret of its own account: make one there",
        ),
        (None, SecretUse::PullThrough) => {
            Finding::note("account", &format!("{own}; the rule must be there too (--account says where it is)"))
        }
        (Some(account), SecretUse::Direct) if account != own => Finding::note(
            "account",
            &format!("it is in {own}, and the task in {account}: its own policy must admit the task's execution role"),
        ),
        _ => Finding::good("account", own),
    }
}

fn key(found: &SecretMetadata, usage: SecretUse, by: &SecretConsumer) -> Finding {
    let is_away = by.account.as_deref().is_some_and(|account| account != owner(found));
    match (found.customer_key(), usage) {
        (None, SecretUse::Direct) if is_away => Finding::wrong(
            "key",
            "the default key `aws/secretsmanager` admits its own account only",
            "encrypt it under a customer key whose policy admits the task's execution role, or read it as a role of its own account",
        ),
        (None, _) => Finding::good("key", "the default key `aws/secretsmanager`"),
        (Some(key), SecretUse::PullThrough) => Finding::wrong(
            "key",
            &format!("it is under the customer key {key}, which ECR's pull-through cache does not take"),
            "`aws secretsmanager update-secret --secret-id ARN --kms-key-id alias/aws/secretsmanager`, then put the value again",
        ),
        (Some(key), SecretUse::Direct) => Finding::note(
            "key",
            &format!(
                "the customer key {key}: the execution role needs kms:Decrypt on it beside secretsmanager:GetSecretValue"
            ),
        ),
    }
}

fn rotation(found: &SecretMetadata, usage: SecretUse) -> Finding {
    let key = usage.token_key();
    if found.has_pending_version {
        let says = "a rotation is under way: a version is labelled AWSPENDING and is not current yet";
        return Finding::note("rotation", says);
    }
    if found.is_rotated {
        let says = format!("on: the function that rotates it must write `username` and `{key}`");
        return Finding::note("rotation", &says);
    }
    Finding::good("rotation", "off: the token has to be renewed before it ends")
}

fn replication(found: &SecretMetadata) -> Vec<Finding> {
    if let Some(primary) = found.replica_of() {
        return vec![Finding::note(
            "replication",
            &format!("a replica of the secret in {primary}, where it is written"),
        )];
    }
    if found.replicas.is_empty() {
        return vec![Finding::good("replication", "none")];
    }
    let state = |Replica { region, state, message }: &Replica| match state {
        ReplicaState::InSync => Finding::good("replication", &format!("{region}: in sync")),
        ReplicaState::InProgress => Finding::note("replication", &format!("{region}: in progress")),
        ReplicaState::Failed => Finding::wrong(
            "replication",
            &format!("{region}: failed: {}", message.as_deref().unwrap_or("no reason is given")),
            "where a secret of this name is there already, delete that one or replicate with --force-overwrite-replica-secret",
        ),
    };
    found.replicas.iter().map(state).collect()
}

/// What is right and wrong with its content, and the login in it where there is one.
#[must_use]
pub fn check_content(version: &SecretVersion, usage: SecretUse) -> (Finding, Option<Login>) {
    let key = usage.token_key();
    let text = match content::of(version) {
        Ok(Content::Text(text)) => text,
        Ok(Content::Sealed(_)) => {
            let says = "it is sealed: taskpull opens it, ECS and ECR do not";
            let finding = match usage {
                SecretUse::Direct => Finding::note("content", says),
                SecretUse::PullThrough => Finding::wrong("content", says, put_both(usage)),
            };
            return (finding, None);
        }
        Err(error) => return (Finding::wrong("content", &error.fault.to_string(), put_both(usage)), None),
    };
    let pair = match UsernameToken::read(text, key) {
        Ok(pair) => pair,
        Err(fault) => return (other_form(text, usage, &fault), None),
    };
    let finding = if pair.is_twice_the_same() {
        let says = format!("`{key}` is the user name");
        let hint = "put the token there; the document says otherwise of Azure, and is wrong";
        Finding::wrong("content", &says, hint)
    } else if pair.has_white_space() {
        let says = format!("`{key}` begins or ends with white space, such as a line end");
        Finding::wrong("content", &says, "put it again without: `taskpull secret new … --update` takes a line end off")
    } else if pair.has_more {
        Finding::note("content", &format!("`username` and `{key}`, and other keys that this use does not read"))
    } else {
        Finding::good("content", &format!("`username` and `{key}`"))
    };
    (finding, Some(Login::Password { username: pair.username, password: pair.token }))
}

/// What has not both keys of its use may have those of the other one (C14), or another form.
fn other_form(text: &crate::secret::Secret, usage: SecretUse, fault: &ContentFault) -> Finding {
    let other = match usage {
        SecretUse::PullThrough => SecretUse::Direct,
        SecretUse::Direct => SecretUse::PullThrough,
    };
    if UsernameToken::read(text, other.token_key()).is_ok() {
        let (has, wants) = (other.token_key(), usage.token_key());
        let says = format!("it has `{has}` and no `{wants}`: it is one for --for {}", other.name());
        return Finding::wrong("content", &says, other.not_the_other());
    }
    Finding::wrong("content", &fault.to_string(), put_both(usage))
}

fn put_both(usage: SecretUse) -> &'static str {
    match usage {
        SecretUse::PullThrough => {
            r#"ECR reads {"username": "…", "accessToken": "…"}, spelled so: `taskpull secret new … --for pull-through --update` writes it"#
        }
        SecretUse::Direct => {
            r#"ECS reads {"username": "…", "password": "…"}, spelled so: `taskpull secret new … --for direct --update` writes it (taskpull takes other forms too: docs/credentials-envelope.md)"#
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        CheckStatus, Finding, Replica, ReplicaState, SecretConsumer, SecretMetadata, SecretUse, check_content,
        check_metadata,
    };
    use crate::aws::{SecretValue, SecretVersion};
    use crate::secret::Secret;
    use crate::task::Region;

    fn hub() -> SecretMetadata {
        SecretMetadata {
            arn: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-Ab12Cd".to_owned(),
            name: "ecr-pullthroughcache/hub".to_owned(),
            ..SecretMetadata::default()
        }
    }

    fn of(findings: &[Finding], check: &str) -> CheckStatus {
        findings.iter().find(|finding| finding.check == check).unwrap().found
    }

    #[test]
    fn a_rule_wants_name_region_account_and_the_default_key() {
        let usage = SecretUse::PullThrough;
        let here = SecretConsumer { region: Region::parse("eu-west-1").ok(), account: Some("111122223333".to_owned()) };
        let there =
            SecretConsumer { region: Region::parse("us-east-1").ok(), account: Some("444455556666".to_owned()) };
        assert!(check_metadata(&hub(), usage, &here).iter().all(|finding| finding.found == CheckStatus::Good));
        let findings = check_metadata(&hub(), usage, &there);
        assert_eq!((of(&findings, "region"), of(&findings, "account")), (CheckStatus::Wrong, CheckStatus::Wrong));
        let other =
            SecretMetadata { name: "hub".to_owned(), kms_key: Some("arn:aws:kms:…:key/1".to_owned()), ..hub() };
        let findings = check_metadata(&other, usage, &SecretConsumer::default());
        assert_eq!((of(&findings, "name"), of(&findings, "key")), (CheckStatus::Wrong, CheckStatus::Wrong));
        assert_eq!((of(&findings, "region"), of(&findings, "account")), (CheckStatus::Note, CheckStatus::Note));
        let aws = SecretMetadata { kms_key: Some("alias/aws/secretsmanager".to_owned()), ..hub() };
        assert_eq!(of(&check_metadata(&aws, usage, &here), "key"), CheckStatus::Good);
    }

    #[test]
    fn a_task_of_another_account_wants_a_customer_key() {
        let away = SecretConsumer { region: None, account: Some("444455556666".to_owned()) };
        assert_eq!(of(&check_metadata(&hub(), SecretUse::Direct, &away), "key"), CheckStatus::Wrong);
        let customer = SecretMetadata { kms_key: Some("arn:aws:kms:…:key/1".to_owned()), ..hub() };
        assert_eq!(of(&check_metadata(&customer, SecretUse::Direct, &away), "key"), CheckStatus::Note);
    }

    #[test]
    fn rotation_and_replication_are_told_as_they_stand() {
        let found = |description| check_metadata(&description, SecretUse::Direct, &SecretConsumer::default());
        assert_eq!(of(&found(SecretMetadata { is_rotated: true, ..hub() }), "rotation"), CheckStatus::Note);
        assert_eq!(of(&found(SecretMetadata { has_pending_version: true, ..hub() }), "rotation"), CheckStatus::Note);
        let replica = |state| Replica { region: "us-east-1".to_owned(), state, message: None };
        let states = [
            (ReplicaState::InSync, CheckStatus::Good),
            (ReplicaState::InProgress, CheckStatus::Note),
            (ReplicaState::Failed, CheckStatus::Wrong),
        ];
        for (state, expected) in states {
            assert_eq!(of(&found(SecretMetadata { replicas: vec![replica(state)], ..hub() }), "replication"), expected);
        }
        let away = SecretMetadata { primary_region: Some("us-east-1".to_owned()), ..hub() };
        assert_eq!(of(&found(away), "replication"), CheckStatus::Note);
    }

    #[test]
    fn content_is_held_to_the_letter() {
        let table = [
            (r#"{"username": "me", "accessToken": "t"}"#, CheckStatus::Good, CheckStatus::Wrong),
            (r#"{"username": "me", "password": "t"}"#, CheckStatus::Wrong, CheckStatus::Good),
            (r#"{"username": "me", "accessToken": "t", "email": "x"}"#, CheckStatus::Note, CheckStatus::Wrong),
            (r#"{"Username": "me", "accessToken": "t"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accesstoken": "t"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accessToken": "t\n"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accessToken": "me"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accessToken": ""}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            ("t", CheckStatus::Wrong, CheckStatus::Wrong),
        ];
        for (text, pull_through, direct) in table {
            let version = SecretVersion {
                arn: hub().arn,
                version_id: "v".to_owned(),
                stage: None,
                requests: Vec::new(),
                value: SecretValue::Text(Secret::new(text.to_owned())),
            };
            assert_eq!(check_content(&version, SecretUse::PullThrough).0.found, pull_through, "{text}");
            assert_eq!(check_content(&version, SecretUse::Direct).0.found, direct, "{text}");
        }
    }
}
