//! What ECS takes and people seldom mean: said, never refused.

use super::arn::ends_like_a_full_arn;
use super::credentials_parameter::CredentialsParameter;
use super::definition::{ContainerDefinition, ContainerName};
use crate::error::Printable;

/// Something in the definition that is allowed and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The container it stands in.
    pub container: ContainerName,
    /// What is odd, and what to do about it.
    pub message: Printable,
}

/// Goes over the containers of one definition, in order.
pub(super) fn warnings<'a>(containers: impl Iterator<Item = &'a ContainerDefinition>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for container in containers {
        let mut warn = |message: &str| {
            warnings.push(Warning { container: container.name.clone(), message: Printable::new(message) });
        };
        if !seen.insert(&container.name) {
            warn("another container has the same name; ECS refuses such a definition");
        }
        if let Some(text) = placeholder(container) {
            warn(&format!("`{text}` looks like a placeholder from a document; put the real value there"));
        }
        if let Some(CredentialsParameter::Arn(arn)) = &container.credentials
            && !arn.ends_like_a_full_arn()
        {
            warn(
                "credentialsParameter is a partial ARN: the console wants the full one, and a policy for it must end in `-??????`",
            );
        }
        if let Some(CredentialsParameter::Name(name)) = &container.credentials
            && ends_like_a_full_arn(name)
        {
            warn(&format!(
                "the secret's name `{name}` ends like a full ARN's suffix: Secrets Manager may take it for one, so give the full ARN"
            ));
        }
    }
    warnings
}

/// The texts that the services' documents print where a value of one's own belongs (A18).
fn placeholder(container: &ContainerDefinition) -> Option<String> {
    const PLACES: [&str; 6] =
        ["private-repo/private-image", "aws_account_id", "account-id", "region_name", "secret_name", "your-"];
    let image = container.image.to_string();
    let secret = container.credentials.as_ref().map(ToString::to_string).unwrap_or_default();
    [image, secret].into_iter().find(|text| PLACES.iter().any(|place| text.contains(place)))
}

#[cfg(test)]
mod tests {
    use crate::task::TaskDefinition;

    fn warnings(containers: &str) -> Vec<String> {
        let task = TaskDefinition::parse("-", containers.as_bytes()).unwrap();
        task.warnings.iter().map(|w| format!("{}: {}", w.container, w.message)).collect()
    }

    #[test]
    fn a_plain_definition_has_none() {
        let full = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry-AbCdEf";
        assert!(warnings(&format!(
            r#"[{{"name": "a", "image": "registry.example/a", "repositoryCredentials": {{"credentialsParameter": "{full}"}}}},
                {{"name": "b", "image": "registry.example/b", "repositoryCredentials": {{"credentialsParameter": "registry"}}}}]"#
        ))
        .is_empty());
    }

    #[test]
    fn each_oddity_is_said_once() {
        let said = warnings(
            r#"[{"name": "a", "image": "private-repo/private-image"}, {"name": "a", "image": "b"},
                {"name": "c", "image": "c", "repositoryCredentials": {"credentialsParameter": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:registry"}},
                {"name": "d", "image": "d", "repositoryCredentials": {"credentialsParameter": "docker-images"}}]"#,
        );
        assert_eq!(said.len(), 4, "{said:#?}");
        assert!(said[0].starts_with("a: `docker.io/private-repo/private-image:latest` looks like a placeholder"));
        assert!(said[1].contains("same name"));
        assert!(said[2].contains("partial ARN"));
        assert!(said[3].contains("`docker-images`"));
    }
}
