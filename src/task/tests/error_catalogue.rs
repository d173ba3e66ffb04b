//! Every error of a task definition, as the user reads it.

use crate::error::catalogue::render;
use crate::error::{Explain as _, Failure};
use crate::task::TaskDefinition;

/// The error of an input that is not a task definition.
fn definition(text: &str) -> Failure {
    TaskDefinition::parse("task.json", text.as_bytes()).unwrap_err().into()
}

/// The error of a container, which is given as JSON.
fn container(json: &str) -> Failure {
    let task = TaskDefinition::parse("task.json", format!("[{json}]").as_bytes()).unwrap();
    task.containers[0].as_ref().unwrap_err().to_failure()
}

fn image(text: &str) -> Failure {
    container(&format!(r#"{{"name": "app", "image": "{text}"}}"#))
}

fn parameter(text: &str) -> Failure {
    container(&format!(
        r#"{{"name": "app", "image": "a", "repositoryCredentials": {{"credentialsParameter": "{text}"}}}}"#
    ))
}

#[test]
fn the_errors_of_task_definitions_are_unchanged() {
    let deep = format!("[{{\"image\": {}1{}}}]", "[".repeat(200), "]".repeat(200));
    let errors = render([
        ("not JSON", definition(r#"{"family" "web"}"#)),
        ("a comma too many", definition("[\n  {\"image\": \"a\",}\n]")),
        ("a comment", definition("[\n  // the web\n  {\"image\": \"a\"}\n]")),
        ("single quotes", definition("[{'image': 'a'}]")),
        ("no end", definition("[{\"image\": \"a\"")),
        ("a template", definition("[{\"image\": {{ image }} }]")),
        ("a second document", definition("[{\"image\": \"a\"}]\n[{\"image\": \"b\"}]")),
        ("a text before it", definition("Connecting\n[{\"image\": \"b\"}]")),
        ("an empty text", definition("\n")),
        (
            "a CloudFormation template",
            definition(
                r#"{"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [{"Image": "a"}]}}}}"#,
            ),
        ),
        ("a Terraform state", definition(r#"{"format_version": "1.0", "values": {"container_definitions": "[]"}}"#)),
        ("a Compose file", definition("services:\n  web:\n    image: nginx:1\n")),
        (
            "a service",
            definition(
                r#"{"services": [{"serviceArn": "x", "taskDefinition": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:3"}]}"#,
            ),
        ),
        ("a single container", definition(r#"{"name": "app", "image": "a"}"#)),
        ("a wrong type", definition(r#"{"containerDefinitions": [{"image": 5}]}"#)),
        ("nested too deeply", definition(&deep)),
        ("text after the definition", definition("[] x")),
        ("no containers", definition("{}")),
        ("another tool's spelling", definition(r#"{"ContainerDefinitions": [{"Image": "a"}]}"#)),
        ("a container's name", container(r#"{"name": "a b", "image": "a"}"#)),
        ("another key of credentials", container(r#"{"name": "app", "image": "a", "repository_credentials": {}}"#)),
        (
            "credentials in another place",
            container(r#"{"name": "app", "image": "a", "secrets": [{"credentialsParameter": "b"}]}"#),
        ),
        (
            "credentials with another key",
            container(r#"{"name": "app", "image": "a", "repositoryCredentials": {"secret": "b"}}"#),
        ),
        ("another key of the image", container(r#"{"name": "app", "Image": "a"}, {"image": "b"}"#)),
        ("empty image", image("")),
        ("scheme", image("https://registry.example/app")),
        ("two colons", image("registry.example/app::1.0")),
        ("registry", image("registry.example:port/app")),
        ("upper case", image("registry.example/App")),
        ("repository", image("registry.example/a..b")),
        ("long name", image(&"a".repeat(300))),
        ("tag", image("registry.example/app:.1")),
        ("digest", image("registry.example/app@sha256:12")),
        ("a login in an image", image("me:hunter2@registry.example/app")),
        ("a secret's content", parameter(r#"{\"username\": \"me\", \"password\": \"hunter2\"}"#)),
        ("ARN parts", parameter("arn:aws:secretsmanager")),
        ("ARN partition", parameter("arn:azure:secretsmanager:eu-west-1:111122223333:secret:a")),
        ("ARN of Parameter Store", parameter("arn:aws:ssm:eu-west-1:111122223333:parameter/a")),
        ("ARN of another service", parameter("arn:aws:s3:eu-west-1:111122223333:bucket")),
        ("ARN Region", parameter("arn:aws:secretsmanager:eu-west-1a:111122223333:secret:a")),
        ("ARN account", parameter("arn:aws:secretsmanager:eu-west-1:1111:secret:a")),
        ("ARN kind", parameter("arn:aws:secretsmanager:eu-west-1:111122223333:key:a")),
        ("long secret name", parameter(&"n".repeat(513))),
        ("a character in a name", parameter("team registry")),
    ]);
    insta::assert_snapshot!(errors);
}

#[test]
fn the_texts_of_the_other_parsers_are_unchanged() {
    use crate::task::{KeyArn, Platform, RoleArn};
    let role = |text: &str| RoleArn::parse(text).unwrap_err().to_string();
    let texts = [
        role("arn:aws:iam:us-east-1:111122223333:role/a"),
        role("arn:aws:iam::111122223333:user/a"),
        KeyArn::parse("arn:aws:kms:eu-west-1:111122223333:grant/a").unwrap_err().to_string(),
        Platform::parse("linux/").unwrap_err().to_string(),
        Platform::from_ecs(Some("M68K"), None).unwrap_err().to_string(),
        Platform::from_ecs(None, Some("HURD")).unwrap_err().to_string(),
    ];
    insta::assert_snapshot!(texts.join("\n"));
}
