//! Warnings about stray keys for which no container is refused.

use super::container::{ContainerDefinition, ContainerError};
use super::definition_warning::DefinitionWarning;
use super::json::{Object, RuntimePlatform, StrayKey};
use crate::error::{Warning, WarningId};

/// The warnings about the keys of one definition.
pub(super) struct KeyWarnings {
    pub warnings: Vec<DefinitionWarning>,
}

impl KeyWarnings {
    /// The warnings about the keys of the definition itself and its platform. A key of credentials there is
    /// an error of each container without its own.
    pub(super) fn new(definition: &[StrayKey], platform: Option<&Object<RuntimePlatform>>) -> Self {
        let platform = platform.map(|platform| &*platform.stray_keys).unwrap_or_default();
        let definition = definition.iter().filter(|key| !key.meant().is_credentials());
        let warn = |key| DefinitionWarning { container: None, warning: warning(key) };
        Self { warnings: definition.chain(platform).map(warn).collect() }
    }

    /// Adds those about the keys of a container; an invalid one has its error.
    pub(super) fn add_container(&mut self, parsed: &Result<ContainerDefinition, ContainerError>, keys: &[StrayKey]) {
        if let Ok(container) = parsed {
            self.warnings.extend(keys.iter().map(|key| DefinitionWarning::new(&container.name, warning(key))));
        }
    }
}

fn warning(key: &StrayKey) -> Warning {
    Warning::new(WarningId::UnknownKey, &format!("{key}"))
}
