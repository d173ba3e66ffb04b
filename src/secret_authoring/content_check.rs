//! Checks of a secret's content for one use.

use crate::aws::SecretVersion;
use crate::credential::content::commands::new_secret;
use crate::credential::content::username_token::UsernameToken;
use crate::credential::{Login, content::ContentFault, content::SecretContent, content::content_hint};
use crate::secret::Secret;
use crate::secret_authoring::{finding::Finding, secret_use::SecretUse};

/// Checks the content, and returns the login in it if there is one.
pub(super) fn check_content(version: &SecretVersion, usage: SecretUse) -> (Finding, Option<Login>) {
    let key = usage.token_key();
    let text = match SecretContent::new(version) {
        Ok(SecretContent::Text(text)) => text,
        Ok(SecretContent::Sealed(_)) => {
            let message = "it is a sealed secret: taskpull decrypts it, ECS and ECR do not";
            let finding = match usage {
                SecretUse::Direct => Finding::note("content", message),
                SecretUse::PullThrough => Finding::wrong("content", message, &expected_form(version, usage)),
            };
            return (finding, None);
        }
        Err(error) => return (wrong_content(version, usage, &error.fault), None),
    };
    let pair = match UsernameToken::parse(text, key) {
        Ok(pair) => pair,
        Err(fault) => return (other_form(version, text, usage, &fault), None),
    };
    let (has_mark, has_other_keys) = (pair.has_byte_order_mark, pair.has_other_keys);
    let login = Login::Password { username: pair.username, password: pair.token };
    let remarks = login.remarks(None);
    let mut texts: Vec<_> = remarks.iter().map(ToString::to_string).collect();
    if has_mark {
        texts.push("the secret begins with a byte order mark, which ECS and ECR refuse".to_owned());
    }
    let finding = if has_mark || remarks.iter().any(|remark| remark.is_certain()) {
        let hint = format!("write it again without that: `{}`", new_secret(&version.arn, usage.name(), "USER"));
        Finding::wrong("content", &texts.join(", and "), &hint)
    } else if !remarks.is_empty() {
        Finding::note("content", &format!("`username` and `{key}`; {}", texts.join(", and ")))
    } else if has_other_keys {
        Finding::note("content", &format!("`username` and `{key}`, and other keys, which this use ignores"))
    } else {
        Finding::good("content", &format!("`username` and `{key}`"))
    };
    (finding, Some(login))
}

/// Explains content without the two keys of its use: it may have those of the other use (C14).
fn other_form(version: &SecretVersion, text: &Secret, usage: SecretUse, fault: &ContentFault) -> Finding {
    let other = usage.other();
    if UsernameToken::parse(text, other.token_key()).is_ok() {
        let (found, expected) = (other.token_key(), usage.token_key());
        let message = format!("it has `{found}` and no `{expected}`: this is a secret for --for {}", other.name());
        return Finding::wrong("content", &message, other.exclusion());
    }
    wrong_content(version, usage, fault)
}

fn wrong_content(version: &SecretVersion, usage: SecretUse, fault: &ContentFault) -> Finding {
    let hint = match usage {
        SecretUse::PullThrough => expected_form(version, usage),
        SecretUse::Direct => format!("{}; {}", content_hint(fault, &version.arn), expected_form(version, usage)),
    };
    Finding::wrong("content", &fault.to_string(), &hint)
}

fn expected_form(version: &SecretVersion, usage: SecretUse) -> String {
    match usage {
        SecretUse::PullThrough => format!(
            r#"ECR reads {{"username": "…", "accessToken": "…"}}, spelled exactly so: `{}` writes it, where UPSTREAM is docker-hub, ghcr, acr or gitlab"#,
            new_secret(&version.arn, usage.name(), "USER")
        ),
        SecretUse::Direct => {
            r#"ECS reads {"username": "…", "password": "…"}, spelled exactly so (taskpull also reads other forms: docs/credentials-envelope.md)"#.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_content;
    use crate::aws::{SecretValue, SecretVersion};
    use crate::secret::Secret;
    use crate::secret_authoring::finding::CheckStatus;
    use crate::secret_authoring::secret_use::SecretUse;

    #[test]
    fn content_must_have_the_keys_of_its_use_exactly() {
        let table = [
            (r#"{"username": "me", "accessToken": "t"}"#, CheckStatus::Good, CheckStatus::Wrong),
            (r#"{"username": "me", "password": "t"}"#, CheckStatus::Wrong, CheckStatus::Good),
            (r#"{"username": "me", "accessToken": "t", "email": "x"}"#, CheckStatus::Note, CheckStatus::Wrong),
            (r#"{"Username": "me", "accessToken": "t"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accesstoken": "t"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accessToken": "t\n"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accessToken": "me"}"#, CheckStatus::Note, CheckStatus::Wrong),
            (
                r#"{"username": "dop_v1_0123456789abcdef", "password": "dop_v1_0123456789abcdef"}"#,
                CheckStatus::Wrong,
                CheckStatus::Note,
            ),
            (r#"{"username": "me ", "password": "t"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "password": "\"t\""}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            ("\u{feff}{\"username\": \"me\", \"password\": \"t\"}", CheckStatus::Wrong, CheckStatus::Wrong),
            (r#"{"username": "me", "accessToken": ""}"#, CheckStatus::Wrong, CheckStatus::Wrong),
            ("t", CheckStatus::Wrong, CheckStatus::Wrong),
        ];
        for (text, pull_through, direct) in table {
            let version = SecretVersion {
                arn: String::new(),
                version_id: "v".to_owned(),
                stage: None,
                requests: Vec::new(),
                value: SecretValue::Text(Secret::new(text.to_owned())),
            };
            assert_eq!(check_content(&version, SecretUse::PullThrough).0.status, pull_through, "{text}");
            assert_eq!(check_content(&version, SecretUse::Direct).0.status, direct, "{text}");
        }
    }
}
