//! A task definition with meaning: containers, their images, their credentials.

use std::fmt;

use crate::error::{Class, Explain, Link, Printable};

use super::arn::{ArnError, RoleArn};
use super::credentials_parameter::CredentialsParameter;
use super::image_reference::{ImageReference, ImageReferenceError};
use super::json::{self, Container, Definition, Fault, Object, RepositoryCredentials, RuntimePlatform};
use super::lint::{self, Warning};
use super::platform::{Platform, PlatformError};

/// What one input said, with at least one container.
#[derive(Debug)]
pub struct TaskDefinition {
    /// Where it was read: a path, or `-`.
    pub source: Printable,
    /// The family; a bare array of containers has none.
    pub family: Option<Printable>,
    /// The execution role it names (A15). A malformed one is an error only for the
    /// containers that need it.
    pub execution_role: Option<Result<RoleArn, ArnError>>,
    /// The platform it names (H5). One that is none of ECS's is an error for its containers.
    pub platform: Result<Option<Platform>, PlatformError>,
    /// Its containers in order; the faulty ones carry their error.
    pub containers: Vec<Result<ContainerDefinition, ContainerError>>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
}

/// One container: what to run, and which credentials its registry wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerDefinition {
    /// Its name.
    pub name: ContainerName,
    /// Its image.
    pub image: ImageReference,
    /// `repositoryCredentials.credentialsParameter`.
    pub credentials: Option<CredentialsParameter>,
}

/// A container's name: 1 to 255 letters, digits, `-` and `_` (`RegisterTaskDefinition`).
/// A container without one is called by its place, `#1` being the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerName(String);

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why an input is not a task definition at all.
#[derive(Debug, thiserror::Error)]
pub enum DefinitionError {
    /// Not JSON, or JSON of the wrong types.
    #[error("{source_name}:{line}:{column}: {at}{message}", at = if path.is_empty() { String::new() } else { format!("{path}: ") })]
    Json {
        /// The input's name.
        source_name: Printable,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// The path within the document, such as `containerDefinitions[0].image`.
        path: String,
        /// What is wrong; never a value of the input.
        message: String,
        /// Whether it is no JSON at all.
        is_syntax: bool,
    },
    /// No container in it.
    #[error("{source_name}: no containers in it")]
    NoContainers {
        /// The input's name.
        source_name: Printable,
        /// A spelling of `containerDefinitions` that another tool uses.
        foreign_spelling: Option<String>,
    },
}

impl Explain for DefinitionError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match self {
            Self::Json { source_name, .. } | Self::NoContainers { source_name, .. } => source_name.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Json { is_syntax: true, .. } => "it must be JSON: `python3 -m json.tool FILE` shows the same place".into(),
            Self::Json { .. } => {
                "keys and types are ECS's own: compare with `aws ecs register-task-definition --generate-cli-skeleton`".into()
            }
            Self::NoContainers { foreign_spelling: Some(found), .. } => {
                format!("`{found}` is another tool's spelling; ECS's own JSON says `containerDefinitions`")
            }
            Self::NoContainers { foreign_spelling: None, .. } => {
                "give a task definition, the output of `aws ecs describe-task-definition`, or an array of container definitions".into()
            }
        };
        Some(hint)
    }
}

/// Why one container cannot be pulled, whatever the world answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("container {container}: {fault}")]
pub struct ContainerError {
    /// The container's name or place.
    pub container: ContainerName,
    /// Its image as it stands in the definition.
    pub image: Printable,
    /// What is wrong with it.
    pub fault: ContainerFault,
}

/// What can be wrong with a container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerFault {
    /// The name.
    #[error("its name is not one: 1 to 255 letters, digits, `-` and `_`")]
    Name,
    /// The image.
    #[error("image `{text}`: {error}", text = .0, error = .1)]
    Image(Printable, ImageReferenceError),
    /// `repositoryCredentials` without `credentialsParameter`.
    #[error("`repositoryCredentials` has no `credentialsParameter`")]
    NoParameter,
    /// The parameter.
    #[error("credentialsParameter `{text}`: {error}", text = .0, error = .1)]
    Parameter(Printable, ArnError),
}

impl Explain for ContainerError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        match &self.fault {
            ContainerFault::Image(text, _) | ContainerFault::Parameter(text, _) => text.to_string(),
            ContainerFault::Name | ContainerFault::NoParameter => self.container.to_string(),
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.fault {
            ContainerFault::Name => None,
            ContainerFault::Image(_, error) => error.hint(),
            ContainerFault::NoParameter => Some("give it the ARN or the name of a Secrets Manager secret".to_owned()),
            ContainerFault::Parameter(_, error) => error.hint(),
        }
    }
}

impl TaskDefinition {
    /// Reads one input: a task definition, `{"taskDefinition": …}` as
    /// `aws ecs describe-task-definition` prints it, or a bare array of containers (A1).
    ///
    /// # Errors
    /// [`DefinitionError`] when it is none of these; a single container's fault is no
    /// error of the whole.
    pub fn parse(source: &str, text: &[u8]) -> Result<Self, DefinitionError> {
        let source = Printable::new(source);
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let Definition { family, execution_role_arn, runtime_platform, container_definitions } =
            json::read(text).map_err(|fault| json_error(&source, fault))?;
        let containers = container_definitions.unwrap_or_default();
        if containers.is_empty() {
            let foreign_spelling = json::foreign_spelling(text);
            return Err(DefinitionError::NoContainers { source_name: source, foreign_spelling });
        }
        let containers: Vec<_> =
            containers.into_iter().enumerate().map(|(at, Object(raw))| container(at, raw)).collect();
        let warnings = lint::warnings(containers.iter().flatten());
        let platform = runtime_platform.map_or(Ok(None), |Object(platform)| {
            let RuntimePlatform { cpu_architecture, operating_system_family } = platform;
            Platform::of_ecs(cpu_architecture.as_deref(), operating_system_family.as_deref())
        });
        Ok(Self {
            source,
            platform,
            family: family.as_deref().filter(|family| !family.is_empty()).map(Printable::new),
            execution_role: execution_role_arn.filter(|arn| !arn.is_empty()).map(|arn| RoleArn::parse(&arn)),
            containers,
            warnings,
        })
    }
}

fn json_error(source: &Printable, fault: Fault) -> DefinitionError {
    let Fault { line, column, path, message, is_syntax } = fault;
    DefinitionError::Json { source_name: source.clone(), line, column, path, message, is_syntax }
}

fn container(at: usize, raw: Container) -> Result<ContainerDefinition, ContainerError> {
    let image = raw.image.unwrap_or_default();
    let shown = shown(&image);
    let placeholder = || ContainerName(format!("#{}", at + 1));
    let refuse = |container: ContainerName, fault| ContainerError { container, image: shown.clone(), fault };
    let name = match raw.name {
        None => placeholder(),
        Some(name) if is_container_name(&name) => ContainerName(name),
        Some(_) => return Err(refuse(placeholder(), ContainerFault::Name)),
    };
    let reference = ImageReference::parse(&image)
        .map_err(|error| refuse(name.clone(), ContainerFault::Image(shown.clone(), error)))?;
    let credentials = match raw.repository_credentials {
        None => None,
        Some(Object(RepositoryCredentials { credentials_parameter: None })) => {
            return Err(refuse(name, ContainerFault::NoParameter));
        }
        Some(Object(RepositoryCredentials { credentials_parameter: Some(text) })) => {
            let parameter = CredentialsParameter::parse(&text)
                .map_err(|error| refuse(name.clone(), ContainerFault::Parameter(self::shown(&text), error)))?;
            Some(parameter)
        }
    };
    Ok(ContainerDefinition { name, image: reference, credentials })
}

/// A text that is not what it should be, as far as it may be shown: people put a login where
/// its secret's name, or an image, belongs.
fn shown(text: &str) -> Printable {
    match text.rsplit_once('@') {
        _ if text.contains(['{', '"']) => Printable::new("[withheld]"),
        Some((before, after)) if before.contains(':') && !after.starts_with("sha") => {
            Printable::new(&format!("[withheld]@{after}"))
        }
        _ => Printable::new(text),
    }
}

fn is_container_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::{ContainerFault, DefinitionError, TaskDefinition};
    use crate::error::Explain as _;

    fn parse(text: &str) -> Result<TaskDefinition, DefinitionError> {
        TaskDefinition::parse("task.json", text.as_bytes())
    }

    #[test]
    fn the_three_forms_give_the_same_containers() {
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
    fn a_faulty_container_leaves_the_others_alone() {
        let task = parse(
            r#"[{"name": "a", "image": ""}, {"name": "b", "image": "ok"}, {"image": "ok", "repositoryCredentials": {}},
                {"name": "e\u001b[2J", "image": "ok"}, {"name": "c", "image": "ok", "repositoryCredentials": {"credentialsParameter": "arn:aws:ssm:us-east-1:111122223333:parameter/x"}}]"#,
        )
        .unwrap();
        let faults: Vec<_> = task
            .containers
            .iter()
            .map(|c| c.as_ref().err().map(|e| (e.container.to_string(), e.fault.clone())))
            .collect();
        assert!(matches!(&faults[0], Some((name, ContainerFault::Image(..))) if name == "a"));
        assert_eq!(faults[1], None);
        assert!(matches!(&faults[2], Some((name, ContainerFault::NoParameter)) if name == "#3"));
        assert!(matches!(&faults[3], Some((name, ContainerFault::Name)) if name == "#4"));
        let parameter = task.containers[4].as_ref().unwrap_err();
        assert!(parameter.to_string().contains("belongs to the service `ssm`"), "{parameter}");
        assert!(parameter.hint().unwrap().contains("Parameter Store"));
    }

    #[test]
    fn what_is_no_definition_says_so() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(said("family: web"), "task.json:1:3: expected ident");
        assert_eq!(said(""), "task.json:1:0: EOF while parsing a value");
        assert_eq!(said("{}"), "task.json: no containers in it");
        assert_eq!(said("[]"), "task.json: no containers in it");
        assert_eq!(
            said("null"),
            "task.json:1:4: invalid type: null, expected a task definition or an array of container definitions"
        );
        assert_eq!(
            said(r#"{"taskDefinition": {"containerDefinitions": [{"image": 5}]}}"#),
            "task.json:1:56: taskDefinition.containerDefinitions[0].image: invalid type: integer `5`, expected a string"
        );
        assert!(
            parse(r#"{"ContainerDefinitions": []}"#).unwrap_err().hint().unwrap().contains("another tool's spelling")
        );
    }

    #[test]
    fn a_login_in_the_wrong_place_is_not_repeated() {
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
    fn a_byte_order_mark_is_no_fault() {
        assert!(TaskDefinition::parse("-", b"\xef\xbb\xbf[{\"image\": \"a\"}]").is_ok());
    }
}
