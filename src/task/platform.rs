//! Platforms: which build of an image is pulled (H5).
//!
//! ECS has its own names in `runtimePlatform`. The Engine API and image indexes use the names of
//! Go, `os[/architecture[/variant]]`.

use std::fmt;

/// An operating system, with an optional architecture and an optional variant of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    architecture: Option<String>,
    variant: Option<String>,
}

/// Why a text is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The text does not have the form `os[/architecture[/variant]]`.
    #[error("a platform has the form `os[/architecture[/variant]]`")]
    Form,
    /// The architecture is not one of ECS.
    #[error("runtimePlatform.cpuArchitecture is neither X86_64 nor ARM64")]
    Architecture,
    /// The operating system is not one of ECS.
    #[error("runtimePlatform.operatingSystemFamily is neither LINUX nor WINDOWS_SERVER_…")]
    System,
}

impl Platform {
    /// Parses `os[/architecture[/variant]]`, as `docker pull --platform` accepts it.
    ///
    /// # Errors
    /// [`PlatformError::Form`].
    pub fn parse(text: &str) -> Result<Self, PlatformError> {
        let mut parts = text.split('/').map(|part| {
            let is_word = !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if is_word { Ok(part.to_ascii_lowercase()) } else { Err(PlatformError::Form) }
        });
        let os = parts.next().ok_or(PlatformError::Form)??;
        let architecture = parts.next().transpose()?;
        let variant = parts.next().transpose()?;
        if parts.next().is_some() {
            return Err(PlatformError::Form);
        }
        Ok(Self { os, architecture: architecture.map(to_go_architecture), variant })
    }

    /// Parses `runtimePlatform`; `None` if both values are absent.
    ///
    /// # Errors
    /// [`PlatformError`] if a value is not one of ECS.
    pub fn from_ecs(architecture: Option<&str>, system: Option<&str>) -> Result<Option<Self>, PlatformError> {
        let non_empty = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_ascii_uppercase);
        let architecture = match non_empty(architecture).as_deref() {
            None => None,
            Some("X86_64") => Some("amd64"),
            Some("ARM64") => Some("arm64"),
            Some(_) => return Err(PlatformError::Architecture),
        };
        let system = match non_empty(system).as_deref() {
            None if architecture.is_none() => return Ok(None),
            None | Some("LINUX") => "linux",
            Some(word) if word.starts_with("WINDOWS_SERVER_") => "windows",
            Some(_) => return Err(PlatformError::System),
        };
        Ok(Some(Self { os: system.to_owned(), architecture: architecture.map(str::to_owned), variant: None }))
    }

    /// The platform of containers on this host.
    #[must_use]
    pub fn host() -> Option<Self> {
        Self::parse(&format!("linux/{}", std::env::consts::ARCH)).ok()
    }

    /// The platform in an image's configuration, where an empty text means that it is absent.
    #[must_use]
    pub fn from_image_config(os: &str, architecture: &str, variant: &str) -> Option<Self> {
        let non_empty = |text: &str| Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self { os: non_empty(os)?, architecture: non_empty(architecture), variant: non_empty(variant) })
    }

    /// Whether an image of the given platform satisfies this one. A part that is missing on either
    /// side matches any value: `arm64` matches `arm64/v8`.
    #[must_use]
    pub fn is_satisfied_by(&self, image: &Self) -> bool {
        let matches = |required: &Option<String>, actual: &Option<String>| match (required, actual) {
            (Some(required), Some(actual)) => required == actual,
            _ => true,
        };
        self.os == image.os
            && matches(&self.architecture, &image.architecture)
            && matches(&self.variant, &image.variant)
    }
}

/// Replaces the architecture names of kernels by those of image indexes.
fn to_go_architecture(architecture: String) -> String {
    match &*architecture {
        "x86_64" | "x86-64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        _ => architecture,
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.os)?;
        for part in [&self.architecture, &self.variant].into_iter().flatten() {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Platform, PlatformError};

    fn platform(text: &str) -> Platform {
        Platform::parse(text).unwrap()
    }

    #[test]
    fn the_form_of_docker_is_parsed_and_printed() {
        for (text, shown) in [
            ("linux", "linux"),
            ("linux/arm64", "linux/arm64"),
            ("Linux/ARM64/v8", "linux/arm64/v8"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
        ] {
            assert_eq!(platform(text).to_string(), shown);
        }
        for text in ["", "/", "linux/", "linux//v8", "linux/arm/v7/x", "linux arm64", "linux&tag=x"] {
            assert_eq!(Platform::parse(text), Err(PlatformError::Form), "{text}");
        }
    }

    #[test]
    fn the_platform_names_of_ecs_are_translated() {
        let parse = |architecture, system| {
            Platform::from_ecs(architecture, system).map(|platform| platform.map(|platform| platform.to_string()))
        };
        assert_eq!(parse(None, None), Ok(None));
        assert_eq!(parse(Some(""), Some("")), Ok(None));
        assert_eq!(parse(Some("ARM64"), Some("LINUX")), Ok(Some("linux/arm64".to_owned())));
        assert_eq!(parse(Some("X86_64"), None), Ok(Some("linux/amd64".to_owned())));
        assert_eq!(parse(None, Some("LINUX")), Ok(Some("linux".to_owned())));
        assert_eq!(parse(None, Some("WINDOWS_SERVER_2022_CORE")), Ok(Some("windows".to_owned())));
        assert_eq!(parse(Some("amd64"), None), Err(PlatformError::Architecture));
        assert_eq!(parse(None, Some("linux/arm64")), Err(PlatformError::System));
    }

    #[test]
    fn a_platform_part_that_is_absent_does_not_contradict() {
        let image = Platform::from_image_config("linux", "arm64", "v8").unwrap();
        for (required, satisfied) in [
            ("linux", true),
            ("linux/arm64", true),
            ("linux/arm64/v8", true),
            ("linux/arm64/v9", false),
            ("linux/amd64", false),
            ("windows", false),
        ] {
            assert_eq!(platform(required).is_satisfied_by(&image), satisfied, "{required}");
        }
        assert!(
            platform("linux/arm64/v8").is_satisfied_by(&Platform::from_image_config("linux", "arm64", "").unwrap())
        );
    }
}
