//! Every error of the configured account roles, as the user reads it.

use super::{AccountRoles, SessionName};
use crate::config::{AccountEntry, AssumingIdentity};
use crate::error::Failure;
use crate::error::catalogue::render;
use crate::task::{CredentialsParameter, RoleParameter};

const ROLE: &str = "arn:aws:iam::444455556666:role/reader";

fn entry(id: &str, role_arn: &str, external_id: Option<&str>) -> AccountEntry {
    let external_id = external_id.map(str::to_owned);
    AccountEntry { id: id.to_owned(), role_arn: role_arn.to_owned(), external_id, via: AssumingIdentity::Host }
}

fn error(entries: &[AccountEntry]) -> Failure {
    AccountRoles::new(entries).unwrap_err().into()
}

#[test]
fn the_errors_of_identities_are_unchanged() {
    let (role, session) = (RoleParameter::parse(ROLE).unwrap(), SessionName::from_family(None));
    let arn = "arn:aws-cn:secretsmanager:cn-north-1:444455556666:secret:hub-Ab12Cd";
    let secret = CredentialsParameter::parse(arn).unwrap();
    let of_secret = AccountRoles::default().identity_for_secret(&secret, Some(&role), &session).unwrap_err();
    let of_registry =
        AccountRoles::default().identity_for_ecr(&"ECR Public", None, "aws-cn", Some(&role), &session).unwrap_err();
    let errors = render([
        ("account id", error(&[entry("4444", ROLE, None)])),
        ("duplicate", error(&[entry("444455556666", ROLE, None), entry("444455556666", ROLE, None)])),
        ("role", error(&[entry("444455556666", "reader", None)])),
        ("external id", error(&[entry("444455556666", ROLE, Some("b l"))])),
        ("partition of a secret", of_secret.into()),
        ("partition of a registry", of_registry.into()),
    ]);
    insta::assert_snapshot!(errors);
}
