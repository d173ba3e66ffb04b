//! The parts that all ARNs have, and the checks that they share.

use super::arn_error::ArnError;

/// The checked parts of an ARN; `region` and `resource` are not checked.
pub(super) struct Parts<'a> {
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

/// Splits the ARN of a service, and checks partition, service and account.
pub(super) fn split<'a>(text: &'a str, service: &'static str) -> Result<Parts<'a>, ArnError> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, found, region, account, resource] = parts[..] else {
        return Err(ArnError::Parts(parts.len()));
    };
    let is_partition = partition == "aws"
        || partition
            .strip_prefix("aws-")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'));
    if !is_partition {
        return Err(ArnError::Partition(partition.to_owned()));
    }
    if found != service {
        return Err(ArnError::Service { found: found.to_owned(), expected: service });
    }
    if !is_account_id(account) {
        return Err(ArnError::Account(account.to_owned()));
    }
    Ok(Parts { region, account, resource })
}

/// Whether a text has the form of an AWS account id: twelve digits.
#[must_use]
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The partition of a text that is known to be an ARN.
pub(super) fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or_default()
}

/// Checks a name of 1 to `limit` letters, digits and `punctuation` characters.
pub(super) fn check_name(name: &str, punctuation: &'static str, limit: usize) -> Result<(), ArnError> {
    if name.is_empty() {
        return Err(ArnError::EmptyName);
    }
    if let Some(character) = name.chars().find(|c| !c.is_ascii_alphanumeric() && !punctuation.contains(*c)) {
        return Err(ArnError::Character(character, punctuation));
    }
    if name.len() > limit { Err(ArnError::LongName(name.len(), limit)) } else { Ok(()) }
}
