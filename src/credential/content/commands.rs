//! Commands that repair the content of a secret. They are complete except for the user name, the
//! password and the names of local files.

use crate::task::SecretArn;

/// The form that a login should have.
pub(super) const FORM: &str = r#"{"username": "…", "password": "…"}"#;

/// What to do about content that is not a login: the form, and the command that writes it.
pub(super) fn rewrite(arn: &str) -> String {
    format!("store {FORM}: {}", write_login(arn))
}

/// The command that writes a login into the secret, with the account in which it is run.
pub(crate) fn write_login(arn: &str) -> String {
    let account = SecretArn::parse(arn).map(|arn| format!(" (in account {})", arn.account())).unwrap_or_default();
    format!("`{}`{account} asks for the password or token and writes it", new_secret(arn, "direct", "USER"))
}

/// The command that writes a new version for this use with this user name, as it is run in the account
/// of the secret. It reads the token from stdin, or asks for it.
pub(crate) fn new_secret(arn: &str, usage: &str, username: &str) -> String {
    let (name, region) = match SecretArn::parse(arn) {
        Ok(arn) => (name(&arn).to_owned(), format!(" --region {}", arn.region())),
        Err(_) => (arn.to_owned(), String::new()),
    };
    let upstream = if usage == "direct" { "" } else { " --upstream UPSTREAM" };
    format!("taskpull secret new --for {usage}{upstream} --name {name}{region} --username {username} --update")
}

/// The name of the secret with a full ARN, which ends in a random suffix.
fn name(arn: &SecretArn) -> &str {
    let suffix = if arn.ends_like_a_full_arn() { "-AbCdEf".len() } else { 0 };
    &arn.name()[..arn.name().len() - suffix]
}

/// The command that stores a file as the text of a secret, in backticks.
pub(super) fn put_text(arn: &str, file: &str) -> String {
    format!("`aws secretsmanager put-secret-value{} --secret-string file://{file}`", secret_options(arn))
}

/// The command that stores a file as the binary value of a secret, in backticks.
pub(super) fn put_binary(arn: &str, file: &str) -> String {
    format!("`aws secretsmanager put-secret-value{} --secret-binary fileb://{file}`", secret_options(arn))
}

/// The command that sends the text of a secret through a filter, such as `| jq . > FILE`, in backticks.
pub(super) fn get_text(arn: &str, filter: &str) -> String {
    get(arn, "SecretString", filter)
}

/// The command that sends the binary value of a secret through a filter, in backticks.
pub(super) fn get_binary(arn: &str, filter: &str) -> String {
    get(arn, "SecretBinary", &format!("| base64 --decode {filter}"))
}

fn get(arn: &str, field: &str, filter: &str) -> String {
    format!("`aws secretsmanager get-secret-value{} --query {field} --output text {filter}`", secret_options(arn))
}

/// The options that name a secret: its Region and its ARN.
fn secret_options(arn: &str) -> String {
    let region = SecretArn::parse(arn).map(|arn| format!(" --region {}", arn.region())).unwrap_or_default();
    format!("{region} --secret-id {arn}")
}
