//! Platforms: which build of an image is meant (H5).
//!
//! ECS says it as `runtimePlatform`, with words of its own; the Engine API and image
//! indexes say it in Go's words, `os[/architecture[/variant]]`.

use std::fmt;

/// An operating system, and where it is said an architecture and its variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Platform {
    os: String,
    architecture: Option<String>,
    variant: Option<String>,
}

/// Why something is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// Not of the form `os[/architecture[/variant]]`.
    #[error("it is not a platform")]
    Form,
    /// Not one of ECS's architectures.
    #[error("runtimePlatform.cpuArchitecture is neither X86_64 nor ARM64")]
    Architecture,
    /// Not one of ECS's operating systems.
    #[error("runtimePlatform.operatingSystemFamily is neither LINUX nor WINDOWS_SERVER_…")]
    System,
}

impl Platform {
    /// Reads `os[/architecture[/variant]]`, as `docker pull --platform` takes it.
    ///
    /// # Errors
    /// [`PlatformError::Form`]
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
        Ok(Self { os, architecture: architecture.map(in_gos_word), variant })
    }

    /// Reads ECS's `runtimePlatform`; `None` where it says neither of the two.
    ///
    /// # Errors
    /// [`PlatformError`], when one of them is none of ECS's words.
    pub fn of_ecs(architecture: Option<&str>, system: Option<&str>) -> Result<Option<Self>, PlatformError> {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_ascii_uppercase);
        let architecture = match given(architecture).as_deref() {
            None => None,
            Some("X86_64") => Some("amd64"),
            Some("ARM64") => Some("arm64"),
            Some(_) => return Err(PlatformError::Architecture),
        };
        let system = match given(system).as_deref() {
            None if architecture.is_none() => return Ok(None),
            None | Some("LINUX") => "linux",
            Some(word) if word.starts_with("WINDOWS_SERVER_") => "windows",
            Some(_) => return Err(PlatformError::System),
        };
        Ok(Some(Self { os: system.to_owned(), architecture: architecture.map(str::to_owned), variant: None }))
    }

    /// What containers on this host run on, where that is a name that images use.
    #[must_use]
    pub fn of_this_host() -> Option<Self> {
        Self::parse(&format!("linux/{}", std::env::consts::ARCH)).ok()
    }

    /// The platform of an image, as its configuration says it; empty texts are unsaid.
    #[must_use]
    pub fn of_image(os: &str, architecture: &str, variant: &str) -> Option<Self> {
        let given = |text: &str| Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Self { os: given(os)?, architecture: given(architecture), variant: given(variant) })
    }

    /// Whether an image of that platform is what is meant by this one: whatever is said here
    /// is said there too. A variant that the image leaves out is no contradiction (`arm64` is
    /// `arm64/v8`).
    #[must_use]
    pub fn is_met_by(&self, image: &Self) -> bool {
        let same = |wanted: &Option<String>, found: &Option<String>| match (wanted, found) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => true,
        };
        self.os == image.os && same(&self.architecture, &image.architecture) && same(&self.variant, &image.variant)
    }
}

/// The names that people and kernels use, as image indexes have them.
fn in_gos_word(architecture: String) -> String {
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
    fn dockers_form_is_read_and_written() {
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
    fn ecs_has_words_of_its_own() {
        let of = |architecture, system| {
            Platform::of_ecs(architecture, system).map(|platform| platform.map(|platform| platform.to_string()))
        };
        assert_eq!(of(None, None), Ok(None));
        assert_eq!(of(Some(""), Some("")), Ok(None));
        assert_eq!(of(Some("ARM64"), Some("LINUX")), Ok(Some("linux/arm64".to_owned())));
        assert_eq!(of(Some("X86_64"), None), Ok(Some("linux/amd64".to_owned())));
        assert_eq!(of(None, Some("LINUX")), Ok(Some("linux".to_owned())));
        assert_eq!(of(None, Some("WINDOWS_SERVER_2022_CORE")), Ok(Some("windows".to_owned())));
        assert_eq!(of(Some("amd64"), None), Err(PlatformError::Architecture));
        assert_eq!(of(None, Some("linux/arm64")), Err(PlatformError::System));
    }

    #[test]
    fn an_image_meets_what_is_said_and_may_say_more_or_less() {
        let image = Platform::of_image("linux", "arm64", "v8").unwrap();
        for (wanted, met) in [
            ("linux", true),
            ("linux/arm64", true),
            ("linux/arm64/v8", true),
            ("linux/arm64/v9", false),
            ("linux/amd64", false),
            ("windows", false),
        ] {
            assert_eq!(platform(wanted).is_met_by(&image), met, "{wanted}");
        }
        assert!(platform("linux/arm64/v8").is_met_by(&Platform::of_image("linux", "arm64", "").unwrap()));
    }
}
