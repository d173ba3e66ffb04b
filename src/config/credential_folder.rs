//! Secrets that the service manager passes, such as systemd's `LoadCredential=`.
//!
//! Each is a file, named after its setting, in the folder that `CREDENTIALS_DIRECTORY` names. The
//! folder is in memory, and only this service can read it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::config_error::ConfigError;
use super::table::Setting;
use crate::secret::Secret;

/// The environment variable that names the folder.
pub(super) const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// Maximum size of a file, in bytes.
const LIMIT: u64 = 1_024 * 1_024;

/// The value of a setting; `None` if the folder has no file for it.
pub(super) fn read(folder: &Path, setting: &Setting) -> Result<Option<Secret>, ConfigError> {
    let path = folder.join(setting.key);
    let mut text = String::new();
    match File::open(&path).and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text)) {
        Ok(length) if length as u64 <= LIMIT => Ok(Some(Secret::new(text))),
        Ok(_) => {
            Err(ConfigError::UnreadableCredential { path, source: io::Error::other("the file is longer than 1 MiB") })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::UnreadableCredential { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::config::table::INSTANCE_AUTH_DATA;

    #[test]
    fn credential_is_read_from_the_file_named_after_its_setting() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), &INSTANCE_AUTH_DATA).unwrap().is_none());
        std::fs::write(folder.path().join("instance.auth_data"), "{}").unwrap();
        assert!(read(folder.path(), &INSTANCE_AUTH_DATA).unwrap().is_some());
    }

    #[test]
    fn unreadable_credential_is_an_error_that_does_not_quote_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("instance.auth_data"), b"hunter2\xff").unwrap();
        let error = read(folder.path(), &INSTANCE_AUTH_DATA).unwrap_err();
        let message = format!("{error} {error:?}");
        assert!(message.contains("instance.auth_data") && !message.contains("hunter2"), "{message}");
    }
}
