//! The profiles of the shared configuration files: whether the selected one exists, and what it
//! says about the host's credentials. The SDK ignores a profile that does not exist.

use aws_config::profile::{self, Profile, ProfileSet};
use aws_types::os_shim_internal::{Env, Fs};

use crate::aws::{host_fault::HostFault, host_fault::ProfileFault};
use crate::task::Region;

/// The profile that is used if no other one is selected.
const DEFAULT: &str = "default";

/// The two files, each with the variable that names another one, and its default.
const FILES: [(&str, &str); 2] =
    [("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")];

/// The most profiles that are named when one is missing.
const SHOWN: usize = 8;

/// The profiles, as they were read at one moment.
#[derive(Debug)]
pub(super) struct Profiles {
    set: ProfileSet,
    /// The paths that were read, for messages.
    files: String,
    /// A file that is not UTF-8, which the SDK takes for an empty one.
    no_text: Option<String>,
}

impl Profiles {
    /// Reads both files. A file that does not exist is empty, as for the SDK.
    ///
    /// # Errors
    /// [`HostFault`], if a file is malformed or the selected profile does not exist.
    #[expect(clippy::default_trait_access, reason = "the type belongs to a crate that the SDK does not re-export")]
    pub(super) async fn read() -> Result<Self, HostFault> {
        let env = Env::real();
        let files = FILES.map(|(variable, default)| env.get(variable).unwrap_or_else(|_| default.to_owned()));
        let no_text = files.iter().find(|file| is_no_text(file, &env)).cloned();
        let files = files.join(" and ");
        match profile::load(&Fs::real(), &env, &Default::default(), None).await {
            Ok(set) => Self { set, files, no_text }.check(),
            Err(error) => {
                let text = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                Err(HostFault::MalformedFile { files, text })
            }
        }
    }

    /// The name of the selected profile. An empty `AWS_PROFILE` selects the default one.
    pub(super) fn selected(&self) -> &str {
        Some(self.set.selected_profile()).filter(|name| !name.is_empty()).unwrap_or(DEFAULT)
    }

    fn check(self) -> Result<Self, HostFault> {
        let name = self.selected();
        let Some(profile) = self.set.get_profile(name) else {
            return if name == DEFAULT { Ok(self) } else { Err(self.fault(name, ProfileFault::Missing(self.known()))) };
        };
        if let Some(url) = profile.get("endpoint_url").filter(|url| !is_url(url)) {
            // A login within the address is a secret.
            let shown = if url.contains('@') { String::new() } else { format!(" is `{url}`, which") };
            let message = format!("its endpoint_url{shown} does not begin with http:// or https://");
            return Err(self.fault(name, ProfileFault::Value(message)));
        }
        Ok(self)
    }

    /// The fault of a Region that the selected profile gives and that is none.
    pub(super) fn check_region(&self, used: &str) -> Result<(), HostFault> {
        let region = self.set.get_profile(self.selected()).and_then(|profile| profile.get("region"));
        if region == Some(used) && Region::parse(used).is_err() {
            let message = format!("its region is `{used}`, which is not an AWS Region such as us-east-1");
            return Err(self.fault(self.selected(), ProfileFault::Value(message)));
        }
        Ok(())
    }

    /// Why the selected profile gives no credentials. `message` is the SDK's, without the output of
    /// a program; a final one is about the files themselves.
    pub(super) fn explain(&self, message: String, is_final: bool) -> HostFault {
        let chain = self.source_chain();
        let with = |key: &str| chain.iter().find_map(|profile| Some((profile.name(), profile.get(key)?)));
        let signs_in = ["sso_session", "sso_start_url", "sso_account_id", "login_session"].into_iter().find_map(with);
        if let (Some((name, _)), true) = (signs_in, message.contains("feature")) {
            return self.fault(name, ProfileFault::SignIn);
        }
        if let (Some((name, command)), true) = (with("credential_process"), message.contains("external process")) {
            return self.fault(name, ProfileFault::Process { program: program(command), message });
        }
        self.fault(self.selected(), ProfileFault::Other { message, is_final })
    }

    pub(super) fn fault(&self, profile: &str, fault: ProfileFault) -> HostFault {
        HostFault::Profile { profile: profile.to_owned(), files: self.files.clone(), fault }
    }

    /// The fault that the SDK ignores: a file that is not text, or a source profile that does not exist.
    pub(super) fn find_ignored_fault(&self) -> Result<(), HostFault> {
        if let Some(file) = &self.no_text {
            let text = "the file is not UTF-8 text".to_owned();
            return Err(HostFault::MalformedFile { files: file.clone(), text });
        }
        for profile in self.source_chain() {
            let source = profile.get("source_profile").filter(|_| profile.get("role_arn").is_some());
            if let Some(source) = source.filter(|source| self.set.get_profile(source).is_none()) {
                let message = format!("its source_profile `{source}` does not exist");
                return Err(self.fault(profile.name(), ProfileFault::Value(message)));
            }
        }
        Ok(())
    }

    /// The selected profile, and those that it names as its source.
    fn source_chain(&self) -> Vec<&Profile> {
        let mut chain: Vec<&Profile> = Vec::new();
        let mut next = Some(self.selected());
        while let Some(profile) = next.and_then(|name| self.set.get_profile(name)) {
            if chain.iter().any(|known| known.name() == profile.name()) {
                break;
            }
            chain.push(profile);
            next = profile.get("source_profile");
        }
        chain
    }

    /// The names of the first profiles, sorted.
    fn known(&self) -> Vec<String> {
        let mut names: Vec<String> = self.set.profiles().map(str::to_owned).collect();
        names.sort();
        names.truncate(SHOWN);
        names
    }
}

/// Whether a file exists and is not UTF-8.
fn is_no_text(file: &str, env: &Env) -> bool {
    let path = match (file.strip_prefix("~/"), env.get("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => file.to_owned(),
    };
    std::fs::read_to_string(path).is_err_and(|error| error.kind() == std::io::ErrorKind::InvalidData)
}

/// The program of a command line; its arguments may be secret.
fn program(command: &str) -> String {
    let command = command.trim();
    let quoted = command.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(program, _)| program);
    quoted.or_else(|| command.split_whitespace().next()).unwrap_or_default().to_owned()
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use aws_types::os_shim_internal::Env;

    use super::{is_no_text, program};

    #[test]
    fn a_file_in_another_encoding_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::from_slice(&[("HOME", folder.path().to_str().unwrap())]);
        std::fs::write(folder.path().join("credentials"), b"[default]\n# \xe9\n").unwrap();
        std::fs::write(folder.path().join("config"), "[default]\r\n# \u{e9}\r\n").unwrap();
        assert!(is_no_text("~/credentials", &env));
        assert!(!is_no_text("~/config", &env) && !is_no_text("~/absent", &env));
    }

    #[test]
    fn only_the_program_of_a_command_line_is_shown() {
        assert_eq!(program("/opt/signer --token hunter2"), "/opt/signer");
        assert_eq!(program("\"/opt/my signer\" --token hunter2"), "/opt/my signer");
        assert_eq!(program("  "), "");
    }
}
