//! ARNs that are safe to paste into a shell, and the names in them.

/// The parts of an ARN, all of them safe in a shell.
#[derive(Clone, Copy, Debug)]
pub(super) struct SafeArn<'a> {
    pub text: &'a str,
    pub service: &'a str,
    /// Empty for IAM, which has no Regions.
    pub region: &'a str,
    pub account: &'a str,
    pub resource: &'a str,
}

/// The longest name that is repeated; the ARN of a role has at most 627 characters.
const LIMIT: usize = 1_000;

/// Whether a name has only the characters of ARNs, and those of patterns in policies (`*`, `?`).
pub(super) fn is_name(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_/:-*?".contains(&byte);
    (1..=LIMIT).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(is_allowed)
}

/// Whether a shell takes the name as one word.
pub(super) fn is_word(text: &str) -> bool {
    is_name(text) && !text.contains(['*', '?'])
}

impl<'a> SafeArn<'a> {
    /// The parts of an ARN; `None` for any other text, and for an ARN with `*` or `?`.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let ("arn", partition, service, region, account, resource) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
        else {
            return None;
        };
        let is_complete = !partition.is_empty() && !service.is_empty() && !resource.is_empty();
        (is_complete && is_word(text)).then_some(Self { text, service, region, account, resource })
    }

    /// The role's name without its path: of a role, or of a session of a role.
    pub(super) fn role_name(&self) -> Option<&'a str> {
        match (self.service, self.resource.split_once('/')?) {
            ("sts", ("assumed-role", rest)) => rest.split('/').next(),
            ("iam", ("role", rest)) => rest.rsplit('/').next(),
            _ => None,
        }
        .filter(|name| !name.is_empty())
    }

    /// The user's name without its path.
    pub(super) fn user_name(&self) -> Option<&'a str> {
        match (self.service, self.resource.split_once('/')?) {
            ("iam", ("user", rest)) => rest.rsplit('/').next(),
            _ => None,
        }
        .filter(|name| !name.is_empty())
    }
}
