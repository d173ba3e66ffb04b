//! Sentences of AWS, and what is read in them and said about them.

use proptest::prelude::*;

use super::{Denial, DenialContext, PolicyDecision, PolicyKind};

const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/exec/web";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-Ab12Cd";

fn sentence(action: &str, resource: &str, reason: &str) -> Denial {
    let text = format!(
        "AccessDeniedException: User: {CALLER} is not authorized to perform: {action} on resource: {resource} {reason}"
    );
    Denial::parse(&text).unwrap()
}

fn denied(reason: &str) -> Denial {
    sentence("secretsmanager:GetSecretValue", SECRET, reason)
}

#[test]
fn each_kind_of_policy_is_read_in_both_decisions() {
    let kinds = [
        ("identity-based policy", "an identity-based policy", PolicyKind::Identity),
        ("resource-based policy", "a resource-based policy", PolicyKind::Resource),
        ("permissions boundary", "a permissions boundary", PolicyKind::PermissionsBoundary),
        ("session policy", "a sessions policy", PolicyKind::Session),
        ("VPC endpoint policy", "a VPC endpoint policy", PolicyKind::VpcEndpoint),
        ("service control policy", "a service control policy", PolicyKind::ServiceControl),
        ("resource control policy", "a resource control policy", PolicyKind::ResourceControl),
        ("role trust policy", "the role trust policy", PolicyKind::RoleTrust),
    ];
    for (name, with_article, kind) in kinds {
        let implicit = denied(&format!("because no {name} allows the secretsmanager:GetSecretValue action"));
        assert_eq!(implicit.decision(), PolicyDecision::NotAllowed(kind), "{name}");
        let explicit = denied(&format!("with an explicit deny in {with_article}"));
        assert_eq!(explicit.decision(), PolicyDecision::ExplicitDeny(Some(kind)), "{name}");
        assert_eq!((explicit.principal(), explicit.resource()), (Some(CALLER), Some(SECRET)));
        assert_eq!(explicit.action(), Some("secretsmanager:GetSecretValue"));
    }
}

#[test]
fn sentences_of_other_forms_are_read_too() {
    let kms = "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access";
    let table = [
        (format!("User: {CALLER} is not authorized to perform: kms:Decrypt on this resource {kms}"), PolicyDecision::AbsentOrNotAllowed),
        (format!("User: {CALLER} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action"), PolicyDecision::NotAllowed(PolicyKind::Identity)),
        (format!("User: {CALLER} is not authorized to perform: sts:AssumeRole because no role trust policy\nallows the sts:AssumeRole action"), PolicyDecision::NotAllowed(PolicyKind::RoleTrust)),
        (format!("User: {CALLER} is not authorized to perform:\nsts:AssumeRole with an explicit deny in the role trust policy"), PolicyDecision::ExplicitDeny(Some(PolicyKind::RoleTrust))),
        (format!("User: {CALLER} is not authorized to perform: ecr:GetAuthorizationToken on resource: * with an explicit deny"), PolicyDecision::ExplicitDeny(None)),
        (format!("User: {CALLER} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::b/k\" with an explicit deny in a VPC endpoint policy transitively through a service control policy"), PolicyDecision::ExplicitDeny(Some(PolicyKind::ServiceControl))),
        ("Not authorized to perform sts:AssumeRole".to_owned(), PolicyDecision::Unstated),
        ("You are not authorized to perform this operation. User: x is not authorized to perform: ecs:ListTasks with an explicit deny in a service control policy. Encoded authorization failure message: abc".to_owned(), PolicyDecision::ExplicitDeny(Some(PolicyKind::ServiceControl))),
        ("<Error><Code>AccessDenied</Code><Message>Access Denied by the VPC endpoint policy</Message></Error>".to_owned(), PolicyDecision::NotAllowed(PolicyKind::VpcEndpoint)),
    ];
    for (text, decision) in table {
        assert_eq!(Denial::parse(&text).map(|denial| denial.decision()), Some(decision), "{text}");
    }
}

#[test]
fn other_texts_are_no_denials() {
    for text in [
        "",
        "You are not authorized to perform this operation.",
        "Access to KMS is not allowed",
        "requested access to the resource is denied",
        "the session policy was updated",
        "User: me is not authorized to perform: nothing",
    ] {
        assert_eq!(Denial::parse(text), None, "{text}");
    }
}

#[test]
fn the_named_policy_is_shown_by_its_own_command() {
    let scp = "arn:aws:organizations::999988887777:policy/o-abc123/service_control_policy/p-deny9";
    let denial = denied(&format!("with an explicit deny in a service control policy: {scp}."));
    assert!(denial.reason().contains(scp), "{}", denial.reason());
    assert!(denial.hint().contains("`aws organizations describe-policy --policy-id p-deny9`"), "{}", denial.hint());
    let inline = denied("with an explicit deny in an identity-based policy: deny-secrets");
    assert!(inline.reason().contains("(deny-secrets)") && inline.hint().contains("--role-name exec`"));
}

#[test]
fn the_context_completes_what_the_sentence_names_badly() {
    let context = DenialContext {
        principal: Some("arn:aws:iam::111122223333:role/service/exec"),
        action: Some("secretsmanager:GetSecretValue"),
        resource: Some(SECRET),
        region: Some("eu-west-1"),
    };
    let denial = sentence("secretsmanager:GetSecretValue", "x", "with an explicit deny in a resource-based policy");
    let denial = denial.in_context(context);
    assert_eq!((denial.resource(), denial.principal()), (Some(SECRET), context.principal));
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let denial = sentence("kms:Decrypt", key, "").in_context(context);
    assert_eq!((denial.action(), denial.resource()), (Some("kms:Decrypt"), Some(key)));
}

#[test]
fn an_explicit_deny_is_never_answered_with_an_allow() {
    for kind in ["an identity-based policy", "a resource-based policy", "a service control policy", "a session policy"]
    {
        let hint = denied(&format!("with an explicit deny in {kind}")).hint();
        assert!(!hint.contains("must allow") && !hint.starts_with("allow"), "{hint}");
    }
}

#[test]
fn hostile_names_do_not_reach_a_command() {
    for name in ["arn:aws:sts::111122223333:assumed-role/$(reboot)/x", "arn:aws:iam::1:user/`id`", "arn:x;rm"] {
        let text = format!(
            "User: {name} is not authorized to perform: ecr:BatchGetImage on resource: {name} because no identity-based policy allows the ecr:BatchGetImage action"
        );
        let denial = Denial::parse(&text).unwrap();
        assert_eq!((denial.principal(), denial.resource()), (None, None), "{name}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".*", start in any::<bool>(), middle in ".{0,20}", end in ".{0,40}") {
        let sentence = format!("{}not authorized to perform{middle}: kms:Decrypt on resource: {end} with an explicit deny in a {end}: {middle}", if start { "User: x is " } else { "" });
        for text in [text, sentence] {
            if let Some(denial) = Denial::parse(&text) {
                let shown = format!("{} {}", denial.reason(), denial.hint());
                prop_assert!(shown.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{}", shown);
            }
        }
    }

    #[test]
    fn a_whole_sentence_is_read_within_any_text(before in "[a-zA-Z0-9 :.,]{0,40}", after in "[a-zA-Z0-9 ,]{0,40}") {
        let text = format!("{before} User: {CALLER} is not authorized to perform: kms:Decrypt on resource: {SECRET} with an explicit deny in a session policy {after}");
        let denial = Denial::parse(&text).unwrap();
        prop_assert_eq!((denial.principal(), denial.resource()), (Some(CALLER), Some(SECRET)));
    }
}

/// Each decision about a secret, and those that other services word in their own way.
#[test]
fn every_denial_has_its_reason_and_hint() {
    let other_account = "444455556666";
    let other_secret = SECRET.replace("111122223333", other_account);
    let key = format!("arn:aws:kms:eu-west-1:{other_account}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    let role = format!("arn:aws:iam::{other_account}:role/team/reader");
    let repository = format!("arn:aws:ecr:eu-west-1:{other_account}:repository/team/app");
    let layer = "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/sha256";
    let secret = "secretsmanager:GetSecretValue";
    let no = |kind: &str, action: &str| format!("because no {kind} allows the {action} action");
    let deny = |kind: &str| format!("with an explicit deny in {kind}");
    let scp =
        "a service control policy: arn:aws:organizations::999988887777:policy/o-abc123/service_control_policy/p-deny9";
    let managed = "an identity-based policy: arn:aws:iam::111122223333:policy/guard";
    let region = "because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access";
    let table = [
        (secret, SECRET, no("identity-based policy", secret)),
        (secret, SECRET, no("resource-based policy", secret)),
        (secret, SECRET, no("permissions boundary", secret)),
        (secret, SECRET, no("session policy", secret)),
        (secret, SECRET, no("VPC endpoint policy", secret)),
        (secret, SECRET, no("service control policy", secret)),
        (secret, SECRET, no("resource control policy", secret)),
        (secret, SECRET, deny(managed)),
        (secret, SECRET, deny("an identity-based policy")),
        (secret, SECRET, deny("a resource-based policy")),
        (secret, SECRET, deny("a permissions boundary")),
        (secret, SECRET, deny("a session policy")),
        (secret, SECRET, deny("a VPC endpoint policy")),
        (secret, SECRET, deny(scp)),
        (secret, SECRET, deny("a resource control policy")),
        (secret, SECRET, "with an explicit deny".to_owned()),
        (secret, SECRET, String::new()),
        (secret, &other_secret, no("identity-based policy", secret)),
        (secret, &other_secret, no("resource-based policy", secret)),
        (secret, &other_secret, String::new()),
        (secret, "team/hub", no("identity-based policy", secret)),
        (secret, "team/hub", String::new()),
        ("kms:Decrypt", &key, no("identity-based policy", "kms:Decrypt")),
        ("kms:Decrypt", &key, no("VPC endpoint policy", "kms:Decrypt")),
        ("kms:Decrypt", &key, deny("a resource-based policy")),
        ("kms:Decrypt", &key, region.to_owned()),
        ("sts:AssumeRole", &role, no("identity-based policy", "sts:AssumeRole")),
        ("sts:AssumeRole", &role, no("role trust policy", "sts:AssumeRole")),
        ("sts:AssumeRole", &role, no("VPC endpoint policy", "sts:AssumeRole")),
        ("sts:AssumeRole", &role, deny("the role trust policy")),
        ("sts:AssumeRole", &role, String::new()),
        ("ecr:GetAuthorizationToken", "*", no("identity-based policy", "ecr:GetAuthorizationToken")),
        ("ecr:GetAuthorizationToken", "*", no("VPC endpoint policy", "ecr:GetAuthorizationToken")),
        ("ecr:GetAuthorizationToken", "*", String::new()),
        ("ecr-public:GetAuthorizationToken", "*", no("identity-based policy", "ecr-public:GetAuthorizationToken")),
        ("sts:GetServiceBearerToken", "*", no("identity-based policy", "sts:GetServiceBearerToken")),
        ("ecr:BatchGetImage", &repository, no("resource-based policy", "ecr:BatchGetImage")),
        ("ecr:BatchGetImage", &repository, no("VPC endpoint policy", "ecr:BatchGetImage")),
        ("s3:GetObject", layer, no("VPC endpoint policy", "s3:GetObject")),
        ("ecs:ListTasks", "arn:aws:ecs:eu-west-1:111122223333:cluster/web", String::new()),
    ];
    let mut text = String::new();
    for (action, resource, reason) in table {
        let context = DenialContext { region: Some("eu-west-1"), ..DenialContext::default() };
        let denial = sentence(action, resource, &reason).in_context(context);
        let (reason, hint) = (denial.reason(), denial.hint());
        assert!(hint.len() < 1_000, "a hint is cut at 1,000 characters: {hint}");
        text += &format!("{action} on {resource}: {reason}\n  hint: {hint}\n\n");
    }
    insta::assert_snapshot!(text);
}
