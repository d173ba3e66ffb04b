//! The documents that people give in place of a task definition, by their keys.

use super::signature_hints as hints;

/// A kind of document.
pub(super) struct Signature {
    /// What it is, with its article.
    pub name: &'static str,
    /// Keys of the document, or of the first object of a list, all of which it has.
    keys: &'static [&'static str],
    /// A text that occurs in it.
    contains: &'static str,
    hint: Hint,
}

/// What is said about a document beyond the images and the ARNs in it.
#[derive(Clone, Copy)]
enum Hint {
    None,
    Fixed(fn() -> String),
    FromText(fn(&str) -> Option<String>),
}

const fn signature(name: &'static str, keys: &'static [&'static str]) -> Signature {
    Signature { name, keys, contains: "", hint: Hint::None }
}

impl Signature {
    /// The hint about a document that contains no task definition and names none.
    pub(super) const NO_DEFINITION: &'static str = "it contains no task definition: `aws ecs describe-task-definition --task-definition FAMILY --query taskDefinition --output json | taskpull pull -` pulls one that is registered";

    /// The kind of a document with these keys.
    pub(super) fn find(keys: &[&str], text: &str) -> Option<&'static Self> {
        SIGNATURES
            .iter()
            .find(|signature| signature.keys.iter().all(|key| keys.contains(key)) && text.contains(signature.contains))
    }

    /// What to do with the document.
    pub(super) fn hint(&self, text: &str) -> Option<String> {
        match self.hint {
            Hint::None => None,
            Hint::Fixed(hint) => Some(hint()),
            Hint::FromText(hint) => hint(text),
        }
    }

    const fn containing(mut self, text: &'static str) -> Self {
        self.contains = text;
        self
    }

    const fn with_hint(mut self, hint: fn(&str) -> Option<String>) -> Self {
        self.hint = Hint::FromText(hint);
        self
    }

    const fn saying(mut self, hint: fn() -> String) -> Self {
        self.hint = Hint::Fixed(hint);
        self
    }
}

/// The kinds, the special before the general.
static SIGNATURES: &[Signature] = &[
    signature("an AppSpec file of CodeDeploy", &["Resources"]).containing("TargetService").saying(hints::app_spec),
    signature("a CloudFormation template", &["AWSTemplateFormatVersion"]).with_hint(hints::cloud_formation),
    signature("a CloudFormation template", &["Resources"]).containing("AWS::").with_hint(hints::cloud_formation),
    signature("the output of `aws ecs describe-services`", &["services"]).containing("serviceArn"),
    signature("the output of `aws ecs`, which found nothing", &["services", "failures"]).saying(hints::nothing_found),
    signature("the output of `aws ecs`, which found nothing", &["tasks", "failures"])
        .containing("MISSING")
        .saying(hints::nothing_found),
    signature("a Docker Compose file", &["services"]).saying(hints::compose),
    signature("a service of ECS", &["serviceArn"]),
    signature("a service of ECS", &["service"]).containing("serviceArn"),
    signature("the output of `aws ecs describe-tasks`", &["tasks"]).containing("taskArn"),
    signature("a task of ECS", &["taskArn"]),
    signature("the output of `aws ecs list-task-definitions`", &["taskDefinitionArns"]).saying(hints::nothing_found),
    signature("the output of `aws ecs list-task-definition-families`", &["families"]).with_hint(hints::families),
    signature("the output of `aws ecs list-tasks`", &["taskArns"]).saying(hints::nothing_found),
    signature("the output of `aws ecs list-services`", &["serviceArns"]).saying(hints::nothing_found),
    signature("the metadata of an ECS task", &["TaskARN"]).with_hint(hints::task_metadata),
    signature("an AWS Batch job definition", &["jobDefinitionName"]).saying(hints::batch),
    signature("the output of `aws batch describe-job-definitions`", &["jobDefinitions"]).saying(hints::batch),
    signature("an AWS Batch job definition", &["containerProperties"]).saying(hints::batch),
    signature("a Kubernetes manifest", &["apiVersion", "kind"]),
    signature("a Terraform state", &["terraform_version", "serial"]).saying(hints::terraform),
    signature("the output of `terraform show -json`", &["format_version"]).saying(hints::terraform),
    signature("an `imagedefinitions.json` of CodePipeline", &["imageUri"]).saying(hints::image_definitions),
    signature("an `imageDetail.json` of CodePipeline", &["ImageURI"]).saying(hints::image_detail),
    signature("Docker's configuration", &["auths"]).saying(hints::docker_configuration),
    signature("Docker's configuration", &["credHelpers"]).saying(hints::docker_configuration),
    signature("Docker's configuration", &["credsStore"]).saying(hints::docker_configuration),
    signature("the content of a secret", &["username", "password"]).saying(hints::secret),
    signature("the output of `docker image inspect`", &["Id", "RepoTags"]).saying(hints::image_inspect),
    signature("the output of `docker inspect`", &["Id", "Config"]).saying(hints::container_inspect),
    signature("an image manifest", &["schemaVersion", "manifests"]).saying(hints::image_manifest),
    signature("an image manifest", &["schemaVersion", "layers"]).saying(hints::image_manifest),
    signature("the manifest of a CDK assembly", &["artifacts", "version"]).saying(hints::cdk),
    signature("the asset manifest of a CDK stack", &["files", "dockerImages"]).saying(hints::cdk),
    signature("the configuration of the AWS CDK", &["app"]).containing("cdk").saying(hints::cdk),
    signature("a manifest of AWS Copilot", &["name", "type"]).containing(" Service").with_hint(hints::copilot),
    signature("a manifest of AWS Copilot", &["name", "type"]).containing("Scheduled Job").with_hint(hints::copilot),
    signature("a Dockerrun.aws.json of Elastic Beanstalk", &["AWSEBDockerrunVersion"]).saying(hints::dockerrun),
    signature("an ecs-params file of the ECS CLI", &["task_definition"]),
    signature("a buildspec of CodeBuild", &["phases"]),
    signature("a workflow of GitHub Actions", &["on", "jobs"]),
    signature("the values of a Helm chart", &["image"]).containing("repository:").saying(hints::helm),
    signature("an IAM policy", &["Statement"]),
    signature("an event of CloudTrail", &["eventName"]),
    signature("an event of EventBridge", &["detail-type"]),
    signature("the output of `aws secretsmanager`", &["SecretString"]).saying(hints::secret),
    signature("the output of `aws ecr describe-images`", &["imageDetails"]),
    signature("the output of `aws ecr describe-repositories`", &["repositories"]).containing("repositoryUri"),
    signature("an error message of AWS", &["__type"]).saying(hints::aws_error),
];
