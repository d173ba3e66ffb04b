//! What to do with each kind of document that contains no literal task definition.

use super::command::{IMAGES, describe_command, jq};

/// The filter that takes a definition out of a Terraform state or plan.
const TERRAFORM: &str = "first(.. | objects | select(.container_definitions | strings)) | {family, executionRoleArn: .execution_role_arn, containerDefinitions: (.container_definitions | fromjson)}";

/// A template, whose expressions only CloudFormation resolves.
pub(super) fn cloud_formation(text: &str) -> Option<String> {
    if !text.contains("AWS::ECS::TaskDefinition") {
        return None;
    }
    let lead = "CloudFormation resolves its expressions; once it is deployed";
    if let Some(family) = value_of(text, "Family") {
        return Some(format!("{lead}: {}", describe_command(family, None)));
    }
    let query = "StackResources[?ResourceType=='AWS::ECS::TaskDefinition']|[0].PhysicalResourceId";
    let stack = format!(
        "\"$(aws cloudformation describe-stack-resources --stack-name STACK --query \"{query}\" --output text)\""
    );
    Some(format!("{lead} as STACK: {}", describe_command(&stack, None)))
}

pub(super) fn app_spec() -> String {
    "CodeDeploy takes the definition from a file of its own: `taskpull pull taskdef.json`".to_owned()
}

pub(super) fn compose() -> String {
    "make containers of its services: `docker compose -f FILE config --format json | jq '[.services[] | select(.image) | {image}]' | taskpull pull -`"
            .to_owned()
}

pub(super) fn nothing_found() -> String {
    "name a definition that `aws ecs list-task-definitions` shows, in its Region".to_owned()
}

pub(super) fn families(text: &str) -> Option<String> {
    let families: serde_json::Value = serde_json::from_str(text).ok()?;
    let family = families["families"][0].as_str().filter(|family| is_name(family))?;
    Some(format!("it names families: {}", describe_command(family, None)))
}

pub(super) fn task_metadata(text: &str) -> Option<String> {
    let (family, revision) = (value_of(text, "Family")?, value_of(text, "Revision")?);
    Some(describe_command(&format!("{family}:{revision}"), region_of_task(text)))
}

fn region_of_task(text: &str) -> Option<&str> {
    super::ecs_arn::EcsArn::find_all(text).next().map(|arn| arn.region)
}

pub(super) fn batch() -> String {
    let filter =
        format!("{{executionRoleArn: [.. | objects | .executionRoleArn // empty][0], containerDefinitions: {IMAGES}}}");
    format!("make containers of its images: {}", jq(&filter))
}

pub(super) fn terraform() -> String {
    format!(
        "it has no `container_definitions` yet; after `terraform apply`, in its folder: `terraform show -json | jq '{TERRAFORM}' | taskpull pull -`"
    )
}

/// The hint about Terraform's own language.
pub(super) fn terraform_language() -> String {
    format!("after `terraform apply`, in its folder: `terraform show -json | jq '{TERRAFORM}' | taskpull pull -`")
}

pub(super) fn image_definitions() -> String {
    format!(
        "it has no credentials; to pull its images without: {}",
        jq("[.. | objects | select(.imageUri | strings) | {name, image: .imageUri}]")
    )
}

pub(super) fn image_detail() -> String {
    format!("it has no credentials; to pull its image without: {}", jq("[{image: .ImageURI}]"))
}

pub(super) fn docker_configuration() -> String {
    "it holds logins, not images: `TASKPULL_DOCKER_CONFIG=FILE taskpull pull task.json` uses them".to_owned()
}

pub(super) fn secret() -> String {
    "it holds a login, not images; a definition names the secret in `credentialsParameter`".to_owned()
}

pub(super) fn image_inspect() -> String {
    format!("to pull its images: {}", jq("[.[].RepoTags[0] | strings | {image: .}]"))
}

pub(super) fn container_inspect() -> String {
    format!("to pull the images of its containers: {}", jq("[.[] | {image: .Config.Image}]"))
}

pub(super) fn image_manifest() -> String {
    "it describes one image: give the name of the image in a definition, `[{\"image\": \"registry.example/team/app:1.0\"}]`".to_owned()
}

pub(super) fn cdk() -> String {
    "the CDK writes the definition into a template: `cdk synth` shows it; once it is deployed: `aws ecs describe-task-definition --task-definition FAMILY --query taskDefinition --output json | taskpull pull -`".to_owned()
}

pub(super) fn copilot(text: &str) -> Option<String> {
    let workload = value_of(text, "name")?;
    Some(format!(
        "Copilot registers it by application and environment: {}",
        describe_command(&format!("APP-ENV-{workload}"), None)
    ))
}

pub(super) fn dockerrun() -> String {
    format!("to pull its image: {}", jq("[.Image | {image: .Name}]"))
}

pub(super) fn helm() -> String {
    "Helm makes the names of its images: `helm template CHART -f FILE` shows them".to_owned()
}

pub(super) fn aws_error() -> String {
    "the request that wrote it failed: run it again and read its message".to_owned()
}

/// The literal value of a key in a text of JSON or YAML, if it is a name that means nothing to a shell.
pub(super) fn value_of<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (before, after) = line.split_once(key)?;
        let is_key =
            before.chars().all(|letter| letter == ' ' || letter == '"' || letter == '-') || before.ends_with('"');
        let value = after.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim();
        let value = value.trim_end_matches(',').trim_matches(['"', '\'']);
        (is_key && is_name(value)).then_some(value)
    })
}

/// Whether a text is the name of a family.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 255 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
