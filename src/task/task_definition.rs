//! Task definitions: containers, their images, their credentials.

use super::container::{ContainerDefinition, ContainerError, ContainerErrorKind, ContainerName};
use super::execution_role;
use super::json::{Container, Definition, Document, Object, RuntimePlatform, SourceText, StrayKey};
use super::{
    credentials_parameter::CredentialsParameter, definition_error::DefinitionError,
    definition_warning::DefinitionWarning, execution_role::ExecutionRoleError, foreign,
    image_reference::ImageReference, json, key_warnings::KeyWarnings, lint, platform::Platform,
    platform::PlatformError, role_parameter::RoleParameter, slip::Field, slip::Slip,
};
use crate::error::{InputKind, InputText, Printable};

/// A parsed task definition with at least one container.
#[derive(Debug)]
pub struct TaskDefinition {
    /// The name of the input: a path, or `-`.
    pub source: Printable,
    /// The family, without what may be a login; a bare array of containers has none.
    pub family: Option<Printable>,
    /// The execution role (A15). A malformed one is an error only for the containers that need it.
    pub execution_role: Option<Result<RoleParameter, ExecutionRoleError>>,
    /// The platform (H5). One that ECS does not know is an error for all containers.
    pub platform: Result<Option<Platform>, PlatformError>,
    /// The containers in order; an invalid one is represented by its error.
    pub containers: Vec<Result<ContainerDefinition, ContainerError>>,
    /// Warnings about parts that are allowed and probably a mistake.
    pub warnings: Vec<DefinitionWarning>,
}

impl TaskDefinition {
    /// Parses one input: a task definition, `{"taskDefinition": …}` as
    /// `aws ecs describe-task-definition` prints it, or a bare array of containers (A1), in UTF-8 or
    /// UTF-16.
    ///
    /// # Errors
    /// [`DefinitionError`] if the input is none of these. The error of a single container is not
    /// an error of the whole.
    pub fn parse(source: &str, text: &[u8]) -> Result<Self, DefinitionError> {
        let decoded = SourceText::decode(text);
        let document = json::parse(decoded.content());
        if !document.as_ref().is_ok_and(Document::has_image)
            && let Some(foreign) = foreign::recognize(text, decoded.content())
        {
            return Err(DefinitionError::foreign(source, &foreign));
        }
        let document = document.map_err(|error| DefinitionError::json(source, error))?;
        let source = InputText::new(InputKind::Path, source).whole().into();
        let is_whole = matches!(document, Document::Definition(_));
        let Object { value: definition, stray_keys } = document.into_definition();
        let Definition { family, execution_role_arn, runtime_platform, container_definitions } = definition;
        let containers = container_definitions.unwrap_or_default();
        if containers.is_empty() {
            return Err(DefinitionError::NoContainers { source_name: source });
        }
        let mut key_warnings = KeyWarnings::new(&stray_keys, runtime_platform.as_ref());
        let parse_container = |(position, object): (usize, Object<Container>)| {
            let parsed = parse_container(position, object.value, &object.stray_keys, &stray_keys);
            key_warnings.add_container(&parsed, &object.stray_keys);
            parsed
        };
        let containers: Vec<_> = containers.into_iter().enumerate().map(parse_container).collect();
        let execution_role_arn = execution_role_arn.filter(|arn| !arn.is_empty());
        let mut warnings = key_warnings.warnings;
        warnings
            .extend(lint::check_execution_role(is_whole && execution_role_arn.is_none(), containers.iter().flatten()));
        warnings.extend(lint::check_containers(containers.iter().flatten()));
        let platform = runtime_platform.map_or(Ok(None), |Object { value: platform, .. }| {
            let RuntimePlatform { cpu_architecture, operating_system_family } = platform;
            Platform::from_ecs(cpu_architecture.as_deref(), operating_system_family.as_deref())
        });
        Ok(Self {
            source,
            platform,
            family: family
                .filter(|family| !family.is_empty())
                .map(|family| InputText::new(InputKind::Label, &family).whole().into()),
            execution_role: execution_role_arn.map(|arn| execution_role::parse(&arn)),
            containers,
            warnings,
        })
    }
}

/// Parses a container. Stray keys of the definition matter to it only if they are meant as its credentials.
fn parse_container(
    position: usize,
    raw: Container,
    stray_keys: &[StrayKey],
    definition_keys: &[StrayKey],
) -> Result<ContainerDefinition, ContainerError> {
    let image_text = raw.image.unwrap_or_default();
    let error = |container, kind| ContainerError { container, image: Field::Image.text(&image_text).whole(), kind };
    let placeholder = ContainerName::from_position(position);
    let name = match raw.name.map(|name| ContainerName::parse(&name).ok_or(name)) {
        None => placeholder,
        Some(Ok(name)) => name,
        Some(Err(text)) => {
            let slip = Slip::find(Field::ContainerName, &text).map(Box::new);
            let text = Field::ContainerName.text(&text).whole();
            return Err(error(placeholder, ContainerErrorKind::Name(text, slip)));
        }
    };
    let stray_key = |kind: fn(&StrayKey) -> bool, keys: &[StrayKey]| keys.iter().find(|key| kind(key)).cloned();
    if image_text.is_empty()
        && let Some(key) = stray_key(|key| key.meant().name == "image", stray_keys)
    {
        return Err(error(name, ContainerErrorKind::StrayKey(key)));
    }
    let image = match ImageReference::parse(&image_text) {
        Ok(image) => image,
        Err(source) => {
            return Err(error(
                name,
                ContainerErrorKind::Image(Field::Image.text(&image_text).whole(), Box::new(source)),
            ));
        }
    };
    let (parameter, keys) = raw
        .repository_credentials
        .map_or((None, Vec::new()), |credentials| (credentials.value.credentials_parameter, credentials.stray_keys));
    let Some(text) = parameter.filter(|text| !text.is_empty()) else {
        let is_credentials = |key: &StrayKey| key.meant().is_credentials();
        let stray = [&keys, stray_keys, definition_keys].into_iter().find_map(|keys| stray_key(is_credentials, keys));
        return match stray {
            Some(key) => Err(error(name, ContainerErrorKind::StrayKey(key))),
            None => Ok(ContainerDefinition { name, image, credentials: None }),
        };
    };
    match CredentialsParameter::parse(&text) {
        Ok(parameter) => Ok(ContainerDefinition { name, image, credentials: Some(parameter) }),
        Err(source) => {
            let text = Field::Secret.text(&text).whole();
            Err(error(name, ContainerErrorKind::Parameter(text, Box::new(source))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ContainerErrorKind, DefinitionError, TaskDefinition};
    use crate::error::Explain as _;

    fn parse(text: &str) -> Result<TaskDefinition, DefinitionError> {
        TaskDefinition::parse("task.json", text.as_bytes())
    }

    #[test]
    fn all_three_forms_give_the_same_containers() {
        let containers = r#"[{"name": "app", "image": "registry.example/app", "repositoryCredentials": {"credentialsParameter": "registry"}, "environment": [{"name": "A", "value": "b"}]}]"#;
        let definition = format!(r#"{{"family": "web", "containerDefinitions": {containers}, "cpu": "256"}}"#);
        let described = format!(r#"{{"taskDefinition": {definition}, "tags": []}}"#);
        for text in [containers, &definition, &described] {
            let task = parse(text).unwrap();
            let container = task.containers[0].as_ref().unwrap();
            assert_eq!(container.image.to_string(), "registry.example/app:latest");
            assert_eq!(container.credentials.as_ref().unwrap().as_str(), "registry");
        }
        assert_eq!(parse(&described).unwrap().family.unwrap().as_str(), "web");
    }

    #[test]
    fn an_error_of_one_container_does_not_affect_the_others() {
        let task = parse(
            r#"[{"name": "a", "image": ""}, {"name": "b", "image": "ok"}, {"image": "ok", "repositoryCredentials": {"secret": "a"}},
                {"name": "e\u001b[2J", "image": "ok"}, {"name": "c", "image": "ok", "repositoryCredentials": {"credentialsParameter": "arn:aws:ssm:us-east-1:111122223333:parameter/x"}}]"#,
        )
        .unwrap();
        let errors: Vec<_> = task
            .containers
            .iter()
            .map(|c| c.as_ref().err().map(|e| (e.container.to_string(), e.kind.clone())))
            .collect();
        assert!(matches!(&errors[0], Some((name, ContainerErrorKind::Image(..))) if name == "a"));
        assert_eq!(errors[1], None);
        assert!(matches!(&errors[2], Some((name, ContainerErrorKind::StrayKey(_))) if name == "#3"));
        assert!(matches!(&errors[3], Some((name, ContainerErrorKind::Name(..))) if name == "#4"));
        assert!(matches!(&errors[4], Some((name, ContainerErrorKind::Parameter(..))) if name == "c"));
    }

    #[test]
    fn the_error_of_a_wrong_input_gives_its_position() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(error("{family: web}"), "task.json:1:2: a key without quotes");
        assert_eq!(error("{"), "task.json:1:1: the text ends before the definition is complete");
        assert_eq!(error("{}"), "task.json: the task definition has no containers");
        assert_eq!(error("[]"), "task.json: the task definition has no containers");
        assert_eq!(
            error("5"),
            "task.json:1:1: invalid type: integer `5`, expected a task definition or an array of container definitions"
        );
        assert_eq!(
            error(r#"{"taskDefinition": {"containerDefinitions": [{"image": 5}]}}"#),
            "task.json:1:56: taskDefinition.containerDefinitions[0].image: invalid type: integer `5`, expected a string"
        );
    }

    #[test]
    fn an_error_does_not_repeat_a_misplaced_login() {
        for (image, parameter) in [
            ("a", r#"{\"username\": \"me\", \"password\": \"hunter2\"}"#),
            ("me:hunter2@registry.example/app", "b"),
            ("https://me:hunter2@registry.example/app", "b"),
        ] {
            let text = format!(
                r#"[{{"image": "{image}", "repositoryCredentials": {{"credentialsParameter": "{parameter}"}}}}]"#
            );
            let task = parse(&text).unwrap();
            let error = task.containers[0].as_ref().unwrap_err();
            let failure = error.to_failure();
            assert!(!format!("{failure:?} {}", error.image).contains("hunter2"), "{failure:?}");
        }
    }

    #[test]
    fn a_family_and_a_key_do_not_repeat_a_login() {
        for login in
            ["alice:hunter2@registry.example/app", "dckr_pat_hunter2hunter2hunter2", "docker login -p hunter2 x"]
        {
            let task = parse(&format!(
                r#"{{"family": "{login}", "containerDefinitions": [{{"image": "a", "repositoryCredentials": {{"{login}": "b"}}}}]}}"#
            ))
            .unwrap();
            let failure = task.containers[0].as_ref().unwrap_err().to_failure();
            assert!(!format!("{failure:?} {:?}", task.family).contains("hunter2"), "{failure:?} {:?}", task.family);
        }
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert!(TaskDefinition::parse("-", b"\xef\xbb\xbf[{\"image\": \"a\"}]").is_ok());
    }
}
