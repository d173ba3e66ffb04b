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

    /// The architecture, if the platform states one.
    #[must_use]
    pub fn architecture(&self) -> Option<&str> {
        self.architecture.as_deref()
    }

    /// Whether a host of this platform runs the machine code of an image, without emulation. True if it
    /// is not known, and for another operating system, which an engine refuses by itself.
    ///
    /// A host of 64 bits runs the code of its 32-bit predecessor: `386` on `amd64`, `arm` on `arm64`.
    #[must_use]
    pub fn can_run(&self, image: &Self) -> bool {
        if self.os != image.os {
            return true;
        }
        match (self.machine(), image.machine()) {
            (Some(host), Some(code)) if host.family == code.family => match (host.generation, code.generation) {
                (Some(host), Some(code)) => code <= host,
                _ => true,
            },
            (Some(host), Some(code)) => matches!((host.family, code.family), ("amd64", "386") | ("arm64", "arm")),
            _ => true,
        }
    }

    fn machine(&self) -> Option<Machine<'_>> {
        let architecture = self.architecture()?;
        let generation = |text: &str| text.bytes().find(u8::is_ascii_digit).map(|digit| digit - b'0');
        let family = match architecture {
            "386" | "x86" | "i386" | "i486" | "i586" | "i686" => "386",
            "ppc64el" => "ppc64le",
            "loongarch64" => "loong64",
            "" | "unknown" => return None,
            // A WebAssembly runtime executes it on every host.
            text if text.starts_with("wasm") => return None,
            "arm" | "armhf" | "armel" => {
                return Some(Machine { family: "arm", generation: self.variant.as_deref().and_then(generation) });
            }
            text if text.starts_with("armv") => return Some(Machine { family: "arm", generation: generation(text) }),
            text => text,
        };
        Some(Machine { family, generation: None })
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

/// The processors that run the same machine code.
struct Machine<'a> {
    family: &'a str,
    /// The version of the architecture, where a higher one runs the code of a lower one: 6 in `arm/v6`.
    generation: Option<u8>,
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
    fn a_host_runs_its_own_machine_code_and_that_of_its_predecessor() {
        for (host, image, runs) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/x86_64", "linux/amd64/v3", true),
            ("linux/amd64", "linux/386", true),
            ("linux/amd64", "linux/arm64", false),
            ("linux/amd64", "linux/arm64/v8", false),
            ("linux/amd64", "linux/arm/v7", false),
            ("linux/amd64", "linux/s390x", false),
            ("linux/aarch64", "linux/arm64/v8", true),
            ("linux/arm64", "linux/arm/v7", true),
            ("linux/arm64", "linux/amd64", false),
            ("linux/arm64", "linux/386", false),
            ("linux/armv6l", "linux/arm/v6", true),
            ("linux/armv6l", "linux/arm/v7", false),
            ("linux/armv7l", "linux/arm/v6", true),
            ("linux/armv7l", "linux/arm", true),
            ("linux/armv7l", "linux/arm64", false),
            ("linux/i686", "linux/386", true),
            ("linux/i686", "linux/amd64", false),
            ("linux/riscv64", "linux/riscv64", true),
            ("linux/ppc64le", "linux/amd64", false),
            ("linux/amd64", "wasi/wasm", true),
            ("linux/amd64", "linux/wasm32", true),
            ("linux/amd64", "linux/unknown", true),
            ("linux/amd64", "linux", true),
            ("linux", "linux/arm64", true),
            ("windows/amd64", "windows/amd64", true),
            ("windows/amd64", "windows/arm64", false),
            ("windows/amd64", "linux/arm64", true),
        ] {
            assert_eq!(platform(host).can_run(&platform(image)), runs, "{image} on {host}");
        }
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
