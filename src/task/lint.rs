//! Warnings about definitions that ECS accepts although they are probably a mistake. Nothing is
//! refused here.

use super::{
    arn::ends_like_a_full_arn, container::ContainerDefinition, credentials_parameter::CredentialsParameter,
    definition_warning::DefinitionWarning,
};
use crate::error::{Warning, WarningId};

/// Checks whether ECS would accept the containers without an execution role.
pub(super) fn check_execution_role<'a>(
    is_missing: bool,
    mut containers: impl Iterator<Item = &'a ContainerDefinition>,
) -> Option<DefinitionWarning> {
    let container = containers.find(|container| is_missing && container.credentials.is_some())?;
    let message = format!(
        "the container `{}` has `repositoryCredentials`, and the task definition has no `executionRoleArn`: ECS refuses it; taskpull reads the secret as the host. Add the ARN of the role that may read the secret",
        container.name
    );
    Some(DefinitionWarning { container: None, warning: Warning::new(WarningId::NoExecutionRole, &message) })
}

/// Checks the containers of one definition, in order.
pub(super) fn check_containers<'a>(
    containers: impl Iterator<Item = &'a ContainerDefinition>,
) -> Vec<DefinitionWarning> {
    let mut warnings = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for container in containers {
        let mut warn = |id: WarningId, message: &str| {
            warnings.push(DefinitionWarning::new(&container.name, Warning::new(id, message)));
        };
        if !seen.insert(&container.name) {
            warn(WarningId::DuplicateContainerName, "two containers have this name; ECS refuses such a definition");
        }
        if let Some(text) = placeholder(container) {
            warn(
                WarningId::Placeholder,
                &format!("`{text}` looks like a placeholder from the documentation; replace it with the real value"),
            );
        }
        if let Some(CredentialsParameter::Arn(arn)) = &container.credentials
            && !arn.ends_like_a_full_arn()
        {
            warn(
                WarningId::PartialSecretArn,
                "credentialsParameter is a partial ARN: the console requires the full one, and a policy for it must end in `-??????`",
            );
        }
        if let Some(CredentialsParameter::Name(name)) = &container.credentials
            && ends_like_a_full_arn(name)
        {
            warn(
                WarningId::AmbiguousSecretName,
                &format!(
                    "the secret's name `{name}` ends like the suffix of a full ARN, so Secrets Manager may mistake it for one: give the full ARN"
                ),
            );
        }
    }
    warnings
}

/// Finds a placeholder that AWS's documentation prints in place of the user's value (A18).
fn placeholder(container: &ContainerDefinition) -> Option<String> {
    const PLACEHOLDERS: [&str; 6] =
        ["private-repo/private-image", "aws_account_id", "account-id", "region_name", "secret_name", "your-"];
    let image = container.image.to_string();
    let secret = container.credentials.as_ref().map(ToString::to_string).unwrap_or_default();
    [image, secret].into_iter().find(|text| PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder)))
}

#[cfg(test)]
mod tests {
    use crate::task::TaskDefinition;

    fn warnings(containers: &str) -> Vec<String> {
        let task = TaskDefinition::parse("-", containers.as_bytes()).unwrap();
        task.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_correct_definition_has_no_warnings() {
        let full = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf";
        assert!(warnings(&format!(
            r#"[{{"name": "a", "image": "registry.example/a", "repositoryCredentials": {{"credentialsParameter": "{full}"}}}},
                {{"name": "b", "image": "registry.example/b", "repositoryCredentials": {{"credentialsParameter": "registry"}}}}]"#
        ))
        .is_empty());
    }

    #[test]
    fn each_probable_mistake_gives_one_warning() {
        let found = warnings(
            r#"[{"name": "a", "image": "private-repo/private-image"}, {"name": "a", "image": "b"},
                {"name": "c", "image": "c", "repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry"}},
                {"name": "d", "image": "d", "repositoryCredentials": {"credentialsParameter": "docker-images"}}]"#,
        );
        assert_eq!(found.len(), 4, "{found:#?}");
        assert!(found[0].starts_with("a: `docker.io/private-repo/private-image:latest` looks like a placeholder"));
        assert!(found[1].contains("two containers"));
        assert!(found[2].contains("partial ARN"));
        assert!(found[3].contains("`docker-images`"));
    }
}
