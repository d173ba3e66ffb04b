//! Which engine `engine.host` and `engine.context` select, with the precedence of Docker's CLI.

use super::config_error::ConfigError;
use super::setting_value::SettingValue as _;
use super::sources::{Origin, Sources};
use super::table::{ENGINE_CONTEXT, ENGINE_HOST, ENGINE_TLS, ENGINE_TLS_VERIFY};

/// The name by which Docker's CLI selects no context.
const DEFAULT_CONTEXT: &str = "default";

/// The address that Docker's CLI uses if TLS is set and no address is.
const DEFAULT_TLS_HOST: &str = "tcp://localhost:2376";

/// Which engine to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineLocation {
    /// The engine at this address.
    Host(String),
    /// The engine of this Docker context.
    Context(String),
    /// Neither is set: the engine of Docker's current context, else the one at this address.
    Unset(String),
}

impl EngineLocation {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let is_tls = bool::read(&ENGINE_TLS_VERIFY, sources)? || bool::read(&ENGINE_TLS, sources)?;
        let (host, context) = (sources.origin(&ENGINE_HOST), sources.origin(&ENGINE_CONTEXT));
        let address = match host {
            None if is_tls => DEFAULT_TLS_HOST.to_owned(),
            _ => String::read(&ENGINE_HOST, sources)?,
        };
        match (host, context) {
            (None, None) => Ok(Self::Unset(address)),
            // The environment may set both; the address then takes precedence.
            (Some(host), Some(context)) if host == context && host != Origin::Environment => {
                Err(ConfigError::Conflict {
                    first: ENGINE_HOST.key,
                    second: ENGINE_CONTEXT.key,
                    origin: sources.find(&ENGINE_HOST).map(|found| found.origin).unwrap_or_default(),
                })
            }
            (host, Some(context)) if host.is_none_or(|host| context > host) => {
                let name = String::read(&ENGINE_CONTEXT, sources)?;
                Ok(if name == DEFAULT_CONTEXT { Self::Host(address) } else { Self::Context(name) })
            }
            _ => Ok(Self::Host(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{ENGINE_CONTEXT, ENGINE_HOST, EngineLocation, Sources};
    use crate::config::ConfigError;

    const HOST: &str = "unix:///flag.sock";

    /// The location for the `[engine]` table of a file, and `--host` and `--context`.
    fn location(file: &str, flags: [Option<&str>; 2]) -> Result<EngineLocation, ConfigError> {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        write!(named, "[engine]\n{file}\n").unwrap();
        let [host, context] = flags.map(|flag| flag.map(str::to_owned));
        let sources = Sources::from_process(Some(named.path())).unwrap();
        let sources = sources.with_flag(&ENGINE_HOST, "--host", host).with_flag(&ENGINE_CONTEXT, "--context", context);
        EngineLocation::read(&sources)
    }

    #[test]
    fn flag_of_either_setting_takes_precedence_over_the_file() {
        let host = || EngineLocation::Host(HOST.to_owned());
        let context = || EngineLocation::Context("far".to_owned());
        assert_eq!(location("context = \"near\"", [Some(HOST), None]).unwrap(), host());
        assert_eq!(location("host = \"unix:///file.sock\"", [None, Some("far")]).unwrap(), context());
        assert_eq!(location("context = \"far\"", [None, None]).unwrap(), context());
        let file = EngineLocation::Host("unix:///file.sock".to_owned());
        assert_eq!(location("host = \"unix:///file.sock\"", [None, Some("default")]).unwrap(), file);
    }

    #[test]
    fn host_and_context_from_one_source_are_a_conflict() {
        for (file, flags) in
            [("", [Some(HOST), Some("far")]), ("host = \"unix:///a\"\ncontext = \"far\"", [None, None])]
        {
            assert!(matches!(location(file, flags), Err(ConfigError::Conflict { .. })), "{file}");
        }
    }

    #[test]
    fn tls_without_an_address_selects_docker_tls_port() {
        let unset = |host: &str| EngineLocation::Unset(host.to_owned());
        assert_eq!(location("", [None, None]).unwrap(), unset("unix:///var/run/docker.sock"));
        assert_eq!(location("tls_verify = false", [None, None]).unwrap(), unset("unix:///var/run/docker.sock"));
        assert_eq!(location("tls_verify = true", [None, None]).unwrap(), unset("tcp://localhost:2376"));
        assert!(matches!(location("tls_verify = 1", [None, None]), Err(ConfigError::InvalidValue { .. })));
    }
}
