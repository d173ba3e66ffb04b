//! Secrets that the service manager hands over: systemd's `LoadCredential=` and its kin.
//!
//! Each is a file under the setting's own name in the folder that `CREDENTIALS_DIRECTORY`
//! names, in memory and readable by this service alone.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::config_error::ConfigError;
use super::setting::Setting;
use crate::secret::Secret;

/// Names the folder.
pub(super) const FOLDER_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The longest that is read, in bytes.
const LIMIT: u64 = 1_024 * 1_024;

/// The value of a setting, if one was handed over.
pub(super) fn read(folder: &Path, setting: &Setting) -> Result<Option<Secret>, ConfigError> {
    let path = folder.join(setting.key);
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text)) {
        Ok(length) if length as u64 <= LIMIT => Ok(Some(Secret::new(text))),
        Ok(_) => Err(ConfigError::Credential { path, source: io::Error::other("it is longer than 1 MiB") }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Credential { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::config::table::INSTANCE_AUTH_DATA;

    #[test]
    fn a_credential_is_found_under_its_settings_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), &INSTANCE_AUTH_DATA).unwrap().is_none());
        std::fs::write(folder.path().join("instance.auth_data"), "{}").unwrap();
        assert!(read(folder.path(), &INSTANCE_AUTH_DATA).unwrap().is_some());
    }

    #[test]
    fn one_that_cannot_be_read_is_an_error_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("instance.auth_data"), b"hunter2\xff").unwrap();
        let error = read(folder.path(), &INSTANCE_AUTH_DATA).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains("instance.auth_data") && !said.contains("hunter2"), "{said}");
    }
}
