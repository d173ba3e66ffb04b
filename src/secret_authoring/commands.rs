//! Commands of the AWS CLI that hints print, complete with ARN and Region.

use crate::aws::SecretMetadata;

/// Puts a secret under the default key.
pub(super) fn use_default_key(arn: &str) -> String {
    let key = SecretMetadata::DEFAULT_KEY;
    format!("`aws secretsmanager update-secret{} --secret-id {arn} --kms-key-id {key}`", region(arn))
}

/// Sets the description of a secret.
pub(super) fn set_description(arn: &str, text: &str) -> String {
    let text = quoted(text);
    format!("`aws secretsmanager update-secret{} --secret-id {arn} --description {text}`", region(arn))
}

/// Adds tags to a secret, or changes their values.
pub(super) fn set_tags(arn: &str, tags: &[(String, String)]) -> String {
    let tags: Vec<_> = tags.iter().map(|(key, value)| serde_json::json!({ "Key": key, "Value": value })).collect();
    let tags = quoted(&serde_json::Value::from(tags).to_string());
    format!("`aws secretsmanager tag-resource{} --secret-id {arn} --tags {tags}`", region(arn))
}

/// Where the ARN of a key is found that was given in another form.
pub(super) fn find_key_arn(key: &str) -> String {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    let is_id = !key.is_empty() && !key.starts_with(['-', '/']) && key.bytes().all(is_id);
    if is_id {
        format!("`aws kms describe-key --key-id {key} --query KeyMetadata.Arn --output text` prints it")
    } else {
        "`aws kms list-aliases` and `aws kms list-keys` print those of a Region".to_owned()
    }
}

/// The option for the Region of an ARN.
fn region(arn: &str) -> String {
    let region = arn.split(':').nth(3).filter(|region| !region.is_empty());
    region.map(|region| format!(" --region {region}")).unwrap_or_default()
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::{find_key_arn, set_description, set_tags};

    const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-Ab12Cd";

    #[test]
    fn words_of_a_command_are_quoted() {
        let text = set_description(ARN, "the team's $HOME");
        assert!(text.ends_with(r"--description 'the team'\''s $HOME'`"), "{text}");
        let tags = set_tags(ARN, &[("team".to_owned(), "a, b".to_owned())]);
        assert!(tags.ends_with(r#"--region eu-west-1 --secret-id arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-Ab12Cd --tags '[{"Key":"team","Value":"a, b"}]'`"#), "{tags}");
    }

    #[test]
    fn key_that_is_no_id_does_not_get_into_a_command() {
        assert!(find_key_arn("alias/team/pulls").contains("--key-id alias/team/pulls "));
        for key in ["", "a b", "$(id)", "arn:aws:kms", "-x"] {
            assert!(!find_key_arn(key).contains("--key-id"), "{key}");
        }
    }
}
