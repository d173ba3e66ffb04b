//! Every error of planning, as the user reads it, and the properties of a plan.

use proptest::prelude::*;

use super::{PlanContext, PullPlan, RegistryKind, RegistryMap, Rewrites};
use crate::config::RoleUse;
use crate::config::{RegistryEntry, RewriteEntry};
use crate::error::Failure;
use crate::error::catalogue::render;
use crate::identity::AccountRoles;
use crate::task::{ImageReference, TaskDefinition};

const ROLE: &str = "arn:aws:iam::111122223333:role/reader";
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn registry(host: &str, secret: Option<&str>, role: Option<&str>) -> RegistryEntry {
    RegistryEntry { host: host.to_owned(), secret: secret.map(str::to_owned), role: role.map(str::to_owned) }
}

fn map_error(entries: &[RegistryEntry]) -> Failure {
    RegistryMap::new(entries).unwrap_err().into()
}

fn rewrites(pairs: &[(&str, &str)]) -> Result<Rewrites, Failure> {
    let entry = |(from, to): &(&str, &str)| RewriteEntry { from: (*from).to_owned(), to: (*to).to_owned() };
    Ok(Rewrites::new(&pairs.iter().map(entry).collect::<Vec<_>>())?)
}

fn rewrite_error(pairs: &[(&str, &str)]) -> Failure {
    rewrites(pairs).unwrap_err()
}

fn plan(text: &str, rewrites: &Rewrites) -> PullPlan {
    let accounts = AccountRoles::default();
    let context =
        PlanContext { roles: RoleUse::Assume, accounts: &accounts, rewrites, platform: None, host_login: &|_| None };
    PullPlan::new(vec![TaskDefinition::parse("-", text.as_bytes()).unwrap()], &context)
}

/// The error of the first container of a task.
fn task_error(text: &str) -> Failure {
    plan(text, &rewrites(&[("quay.io/org/app", ECR)]).unwrap()).tasks[0].containers[0].pull.clone().unwrap_err()
}

fn image_error(image: &str) -> Failure {
    task_error(&format!(r#"[{{"name": "app", "image": "{image}"}}]"#))
}

fn host_error(host: &str) -> Failure {
    let image = ImageReference::parse(&format!("{host}/a/b")).unwrap();
    RegistryMap::default().need(&image, &AccountRoles::default()).unwrap_err()
}

#[test]
fn the_errors_of_plans_are_unchanged() {
    let cn = ROLE.replace("aws", "aws-cn");
    let role = r#"{"executionRoleArn": "arn:aws:iam::111122223333:user/reader", "containerDefinitions": [{"image": "a", "repositoryCredentials": {"credentialsParameter": "s"}}]}"#;
    let platform = r#"{"runtimePlatform": {"cpuArchitecture": "M68K"}, "containerDefinitions": [{"image": "a"}]}"#;
    let errors = render([
        ("executionRoleArn", task_error(role)),
        ("runtimePlatform", task_error(platform)),
        ("ECR account", image_error("12.dkr.ecr.eu-west-1.amazonaws.com/app")),
        ("ECR Region", image_error("111122223333.dkr.ecr.us-east-1a.amazonaws.com/app")),
        ("ECR partition", image_error("111122223333.dkr.ecr.cn-north-1.amazonaws.com/app")),
        ("ECR form", image_error("dkr.ecr.eu-west-1.amazonaws.com/app")),
        ("ECR host without an image", host_error("12.dkr.ecr.eu-west-1.amazonaws.com")),
        ("rewritten image", image_error("quay.io/org/app:1")),
        ("registry: host", map_error(&[registry("https://reg.example", Some("s"), None)])),
        ("registry: a login in the host", map_error(&[registry("me:hunter2@reg.example", Some("s"), None)])),
        (
            "registry: duplicate",
            map_error(&[registry("docker.io", Some("a"), None), registry("registry-1.docker.io", Some("b"), None)]),
        ),
        ("registry: ECR host", map_error(&[registry("12.dkr.ecr.eu-west-1.amazonaws.com", None, None)])),
        ("registry: secret for ECR", map_error(&[registry(ECR, Some("s"), None)])),
        ("registry: no secret", map_error(&[registry("reg.example", None, Some(ROLE))])),
        ("registry: secret", map_error(&[registry("reg.example", Some("arn:aws:s3"), None)])),
        ("registry: role", map_error(&[registry("reg.example", Some("s"), Some("reader"))])),
        ("registry: partition", map_error(&[registry(ECR, None, Some(&cn))])),
        ("rewrite: from", rewrite_error(&[("docker.io/", ECR)])),
        ("rewrite: a login in from", rewrite_error(&[("me:hunter2@docker.io", ECR)])),
        ("rewrite: from ECR", rewrite_error(&[(ECR, ECR)])),
        ("rewrite: duplicate", rewrite_error(&[("docker.io", ECR), ("index.docker.io", ECR)])),
        ("rewrite: to", rewrite_error(&[("docker.io", "ghcr.io/x")])),
        ("rewrite: ECR host in to", rewrite_error(&[("docker.io", "1.dkr.ecr.eu-west-1.amazonaws.com/hub")])),
    ]);
    assert!(!errors.contains("hunter2"));
    insta::assert_snapshot!(errors);
}

#[test]
fn the_warnings_of_plans_are_unchanged() {
    let digest = format!("nginx@sha256:{}", "0".repeat(64));
    let text = format!(
        r#"[{{"name": "ecr", "image": "{ECR}/app", "repositoryCredentials": {{"credentialsParameter": "s"}}}},
            {{"name": "region", "image": "111122223333.dkr.ecr.us-east-9.amazonaws.com/app"}},
            {{"name": "digest", "image": "{digest}"}}]"#
    );
    let plan = plan(&text, &rewrites(&[("docker.io", ECR)]).unwrap());
    let warnings = plan.tasks[0].warnings.iter().map(|warning| format!("{warning}\n"));
    let warnings: String = warnings.collect();
    insta::assert_snapshot!(warnings);
}

proptest! {
    #[test]
    fn only_hosts_of_aws_get_an_ecr_token(host in "[0-9]{11,13}[.-](dkr[.-]ecr(-fips)?[.])?[a-z]{2}-[a-z]{4}-[1-9]\\.(amazonaws\\.com|on\\.aws)(\\.[a-z]{2,6}|:443)?") {
        let image = ImageReference::parse(&format!("{host}/app")).unwrap();
        let domain = host.trim_end_matches(":443");
        if let Ok(RegistryKind::Ecr(ecr)) = RegistryKind::from_image(&image) {
            prop_assert!([".amazonaws.com", ".amazonaws.com.cn", ".on.aws"].iter().any(|suffix| domain.ends_with(suffix)));
            prop_assert!(host.starts_with(&ecr.account) && ecr.account.len() == 12);
        }
    }

    #[test]
    fn equal_containers_share_one_pull(images in prop::collection::vec("[ab](:[12])?", 1..12)) {
        let containers: Vec<_> = images.iter().map(|image| serde_json::json!({"image": image})).collect();
        let plan = plan(&serde_json::to_string(&containers).unwrap(), &Rewrites::default());
        let mut distinct: Vec<_> = images.iter().map(|image| ImageReference::parse(image).unwrap()).collect();
        for (container, image) in plan.tasks[0].containers.iter().zip(&distinct) {
            let index = *container.pull.as_ref().unwrap();
            prop_assert_eq!(&plan.pulls[index].image, image);
        }
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(plan.pulls.len(), distinct.len());
    }

    #[test]
    fn a_rewritten_image_keeps_its_tag_and_is_in_ecr(image in "([a-z]{1,6}/){0,3}[a-z]{1,6}(:[a-z0-9]{1,6})?", path in "(/[a-z]{1,3}){0,2}") {
        let image = ImageReference::parse(&image).unwrap();
        let rewrites = rewrites(&[(&format!("docker.io{path}"), &format!("{ECR}/hub"))]).unwrap();
        if let Ok(Some(rewritten)) = rewrites.rewrite(&image) {
            prop_assert_eq!(rewritten.version(), image.version());
            prop_assert_eq!(rewritten.registry(), ECR);
            prop_assert!(matches!(rewrites.rewrite(&rewritten), Ok(None)));
        }
    }
}
