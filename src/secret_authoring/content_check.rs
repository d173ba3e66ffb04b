//! Checks of a secret's content for one use.

use crate::aws::SecretVersion;
use crate::credential::content::username_token::UsernameToken;
use crate::credential::{Login, content::ContentFault, content::SecretContent};
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
                SecretUse::PullThrough => Finding::wrong("content", message, expected_form(usage)),
            };
            return (finding, None);
        }
        Err(error) => return (Finding::wrong("content", &error.fault.to_string(), expected_form(usage)), None),
    };
    let pair = match UsernameToken::parse(text, key) {
        Ok(pair) => pair,
        Err(fault) => return (other_form(text, usage, &fault), None),
    };
    let finding = if pair.token_is_username() {
        let message = format!("`{key}` is the user name");
        let hint = "put the token there; AWS's document says otherwise for Azure, and is wrong";
        Finding::wrong("content", &message, hint)
    } else if pair.has_white_space() {
        let message = format!("`{key}` begins or ends with white space, such as a line end");
        Finding::wrong(
            "content",
            &message,
            "write it again without it: taskpull's `secret new --update` removes a line end",
        )
    } else if pair.has_other_keys {
        Finding::note("content", &format!("`username` and `{key}`, and other keys, which this use ignores"))
    } else {
        Finding::good("content", &format!("`username` and `{key}`"))
    };
    (finding, Some(Login::Password { username: pair.username, password: pair.token }))
}

/// Explains content without the two keys of its use: it may have those of the other use (C14).
fn other_form(text: &Secret, usage: SecretUse, fault: &ContentFault) -> Finding {
    let other = usage.other();
    if UsernameToken::parse(text, other.token_key()).is_ok() {
        let (found, expected) = (other.token_key(), usage.token_key());
        let message = format!("it has `{found}` and no `{expected}`: this is a secret for --for {}", other.name());
        return Finding::wrong("content", &message, other.exclusion());
    }
    Finding::wrong("content", &fault.to_string(), expected_form(usage))
}

fn expected_form(usage: SecretUse) -> &'static str {
    match usage {
        SecretUse::PullThrough => {
            r#"ECR reads {"username": "…", "accessToken": "…"}, spelled exactly so; `taskpull secret new … --for pull-through --update` writes it"#
        }
        SecretUse::Direct => {
            r#"ECS reads {"username": "…", "password": "…"}, spelled exactly so; `taskpull secret new … --for direct --update` writes it (taskpull also reads other forms: docs/credentials-envelope.md)"#
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
            (r#"{"username": "me", "accessToken": "me"}"#, CheckStatus::Wrong, CheckStatus::Wrong),
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
