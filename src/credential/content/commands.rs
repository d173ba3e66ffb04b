//! Commands that repair the content of a secret, complete but for what nobody else can know.

use crate::task::SecretArn;

/// The form that a login should have.
pub(super) const FORM: &str = r#"{"username": "…", "password": "…"}"#;

/// What to do about content that is not a login: the form, and the command that writes it.
pub(super) fn rewrite(arn: &str) -> String {
    format!("store {FORM}: {}", write_login(arn))
}

/// The command that writes a login into the secret, and what it does.
pub(super) fn write_login(arn: &str) -> String {
    format!("`{}` asks for the password or token and writes it", new_secret(arn, "direct", "USER"))
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
    let region = SecretArn::parse(arn).map(|arn| format!(" --region {}", arn.region())).unwrap_or_default();
    format!("`aws secretsmanager put-secret-value{region} --secret-id {arn} --secret-string file://{file}`")
}

/// The command that writes the binary value of a secret into a file, through a filter such as
/// `| base64 --decode`, in backticks.
pub(super) fn get_binary(arn: &str, filter: &str, file: &str) -> String {
    let region = SecretArn::parse(arn).map(|arn| format!(" --region {}", arn.region())).unwrap_or_default();
    format!(
        "`aws secretsmanager get-secret-value{region} --secret-id {arn} --query SecretBinary --output text | base64 --decode{filter} > {file}`"
    )
}

/// The command that stores a file as the binary value of a secret, in backticks.
pub(super) fn put_binary(arn: &str, file: &str) -> String {
    put_text(arn, file).replace("--secret-string file://", "--secret-binary fileb://")
}
