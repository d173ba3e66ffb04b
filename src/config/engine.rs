//! What was said about the engine, in the order of Docker's CLI.

use std::path::PathBuf;

use super::config_error::ConfigError;
use super::sources::{Origin, Sources};
use super::table::{
    ENGINE_CERT_PATH, ENGINE_CONFIG_FOLDER, ENGINE_CONTEXT, ENGINE_HOST, ENGINE_TLS, ENGINE_TLS_VERIFY,
};

/// The context of Docker's CLI that is none.
const DEFAULT_CONTEXT: &str = "default";

/// Where Docker's CLI looks when it is told of TLS and of no address.
const DEFAULT_TLS_HOST: &str = "tcp://localhost:2376";

/// Which engine is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineLocation {
    /// The one at this address.
    Host(String),
    /// The one this Docker context leads to.
    Context(String),
    /// Nobody said: the one of Docker's current context, or else at this address.
    Unset(String),
}

/// The settings of the engine's place.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// `engine.host`, `engine.context`
    pub place: EngineLocation,
    /// `engine.tls_verify`
    pub tls_verify: bool,
    /// `engine.tls`
    pub tls: bool,
    /// `engine.cert_path`
    pub cert_path: Option<PathBuf>,
    /// `engine.config_folder`, or what `HOME` makes of it.
    pub config_folder: Option<PathBuf>,
}

impl EngineSettings {
    pub(super) fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let folder = |setting| sources.optional_text(setting).map(|text| text.map(PathBuf::from));
        let (tls_verify, tls) = (sources.switch(&ENGINE_TLS_VERIFY)?, sources.switch(&ENGINE_TLS)?);
        Ok(Self {
            place: place(sources, tls_verify || tls)?,
            tls_verify,
            tls,
            cert_path: folder(&ENGINE_CERT_PATH)?,
            config_folder: folder(&ENGINE_CONFIG_FOLDER)?.or_else(|| sources.home().map(|home| home.join(".docker"))),
        })
    }
}

fn place(sources: &Sources, is_tls: bool) -> Result<EngineLocation, ConfigError> {
    let (host, context) = (sources.origin(&ENGINE_HOST), sources.origin(&ENGINE_CONTEXT));
    let address = match host {
        None if is_tls => DEFAULT_TLS_HOST.to_owned(),
        _ => sources.text(&ENGINE_HOST)?.to_owned(),
    };
    match (host, context) {
        (None, None) => Ok(EngineLocation::Unset(address)),
        // In the environment both may be set, and the address wins.
        (Some(host), Some(context)) if host == context && host != Origin::Variable => Err(ConfigError::Both {
            one: ENGINE_HOST.key,
            other: ENGINE_CONTEXT.key,
            origin: sources.said_by(&ENGINE_HOST),
        }),
        (host, Some(context)) if host.is_none_or(|host| context > host) => {
            let name = sources.text(&ENGINE_CONTEXT)?;
            let is_none = name == DEFAULT_CONTEXT;
            Ok(if is_none { EngineLocation::Host(address) } else { EngineLocation::Context(name.to_owned()) })
        }
        _ => Ok(EngineLocation::Host(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::{ENGINE_CONTEXT, ENGINE_HOST, EngineLocation, EngineSettings, Sources};
    use crate::config::ConfigError;
    use std::io::Write as _;

    const HOST: &str = "unix:///flag.sock";

    fn place(file: &str, flags: [Option<&str>; 2]) -> Result<EngineLocation, ConfigError> {
        let mut named = tempfile::NamedTempFile::new().unwrap();
        write!(named, "[engine]\n{file}\n").unwrap();
        let [host, context] = flags.map(|flag| flag.map(str::to_owned));
        let sources = Sources::from_process(Some(named.path())).unwrap();
        let sources = sources.with_flag(&ENGINE_HOST, "--host", host).with_flag(&ENGINE_CONTEXT, "--context", context);
        EngineSettings::read(&sources).map(|engine| engine.place)
    }

    #[test]
    fn the_command_line_wins_over_the_file_whichever_of_the_two_it_names() {
        let host = || EngineLocation::Host(HOST.to_owned());
        let context = || EngineLocation::Context("far".to_owned());
        assert_eq!(place("context = \"near\"", [Some(HOST), None]).unwrap(), host());
        assert_eq!(place("host = \"unix:///file.sock\"", [None, Some("far")]).unwrap(), context());
        assert_eq!(place("context = \"far\"", [None, None]).unwrap(), context());
        let file = EngineLocation::Host("unix:///file.sock".to_owned());
        assert_eq!(place("host = \"unix:///file.sock\"", [None, Some("default")]).unwrap(), file);
    }

    #[test]
    fn both_in_one_place_is_a_contradiction() {
        for (file, flags) in
            [("", [Some(HOST), Some("far")]), ("host = \"unix:///a\"\ncontext = \"far\"", [None, None])]
        {
            assert!(matches!(place(file, flags), Err(ConfigError::Both { .. })), "{file}");
        }
    }

    #[test]
    fn tls_without_an_address_means_dockers_own_port_for_it() {
        let unsaid = |host: &str| EngineLocation::Unset(host.to_owned());
        assert_eq!(place("", [None, None]).unwrap(), unsaid("unix:///var/run/docker.sock"));
        assert_eq!(place("tls_verify = false", [None, None]).unwrap(), unsaid("unix:///var/run/docker.sock"));
        assert_eq!(place("tls_verify = true", [None, None]).unwrap(), unsaid("tcp://localhost:2376"));
        assert!(matches!(place("tls_verify = 1", [None, None]), Err(ConfigError::Value { .. })));
    }
}
