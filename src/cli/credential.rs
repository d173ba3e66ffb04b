//! Front doors: Docker's credential helper, the kubelet's credential provider, a password to
//! be piped.
//!
//! Docker's protocol has its errors on stdout and one exit code for all of them; what keeps a
//! login back is said on stderr too. The others are like every command here.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Builder;

use super::credential_arguments::{Docker, Kubelet, LoginPassword};
use super::{complain, log, secret, setup, tell};
use crate::config::{Settings, Sources};
use crate::credential_protocols::docker::{self, Operation, ServerUrl};
use crate::credential_protocols::{SecretResponse, kubelet, password};
use crate::error::ExitCode;
use crate::error::{Class, Explain, Failure, Link};
use crate::pipeline::{
    AwsClient, CachingCredentialProvider, ImageReference, IssuedLogin, LoginProvider, RegistryHost, read_at_most,
};

/// A question that has no login for an answer.
#[derive(Debug, thiserror::Error)]
enum LoginCommandError {
    #[error("stdin could not be read")]
    Stdin(#[source] io::Error),
    #[error("the runtime could not be started")]
    Runtime(#[source] io::Error),
    #[error("`{0}` is not a registry's host")]
    NoHost(String),
    #[error("{0} is not ours: it is no registry of ECR's, and no [[registry]] names it")]
    NotOurs(String),
    #[error("the login of {0} is an identity token, and no password")]
    IdentityToken(String),
}

impl Explain for LoginCommandError {
    fn link(&self) -> Link {
        match self {
            Self::Stdin(_) | Self::Runtime(_) | Self::NoHost(_) | Self::NotOurs(_) => Link::Configuration,
            Self::IdentityToken(_) => Link::Content,
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Stdin(_) | Self::Runtime(_) => Class::Unknown,
            Self::NoHost(_) => Class::Invalid,
            Self::NotOurs(_) => Class::Absent,
            Self::IdentityToken(_) => Class::Unsupported,
        }
    }

    fn resource(&self) -> String {
        match self {
            Self::Stdin(_) => "stdin".to_owned(),
            Self::Runtime(_) => "taskpull".to_owned(),
            Self::NoHost(host) | Self::NotOurs(host) | Self::IdentityToken(host) => host.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Stdin(_) | Self::Runtime(_) => return None,
            Self::NoHost(_) => "write `host` or `host:port`, as it stands before the first slash of an image",
            Self::NotOurs(_) => "add a [[registry]] with this host and its secret: docs/credential-helper.md",
            Self::IdentityToken(_) => "only Docker's credential helper protocol can hand it on",
        };
        Some(hint.to_owned())
    }
}

/// A failure, and the exit code that it comes to where the protocol has no other.
type Failed = (Arc<Failure>, ExitCode);

fn failed(failure: impl Into<Arc<Failure>>, exit: ExitCode) -> Failed {
    (failure.into(), exit)
}

/// Where logins come from, by the settings; the log begins.
fn logins(config: Option<&Path>) -> Result<LoginProvider<CachingCredentialProvider<AwsClient>>, Failed> {
    let settings = Sources::from_process(config).and_then(|sources| Settings::read(&sources));
    let settings = settings.map_err(|error| failed(Failure::from(error), ExitCode::Configuration))?;
    log::start(&settings.log.filter);
    setup::logins(&settings).map_err(|failure| failed(failure, ExitCode::Configuration))
}

/// The login for an image's registry; `None` where that is not ours.
fn login(config: Option<&Path>, image: &ImageReference) -> Result<Option<IssuedLogin>, Failed> {
    let logins = logins(config)?;
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| failed(Failure::from(LoginCommandError::Runtime(error)), ExitCode::Internal))?;
    let login = runtime.block_on(logins.login(image));
    // A name resolution that hangs blocks a thread of the runtime, and nobody waits for it.
    runtime.shutdown_background();
    login.map_err(|failure| failed(failure, ExitCode::Failed))
}

/// Stdin, and one byte more than the limit where it is longer than that.
fn stdin(limit: u64) -> Result<Vec<u8>, Failed> {
    let read = read_at_most(io::stdin().lock(), limit + 1);
    read.map_err(|error| failed(Failure::from(LoginCommandError::Stdin(error)), ExitCode::BadInput))
}

fn write(written: &SecretResponse) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(written.bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::Success,
        Err(error) => {
            tell(&format!("error: the login could not be written: {error}"));
            ExitCode::Internal
        }
    }
}

/// Says what broke on stderr.
fn complained((failure, exit): Failed) -> ExitCode {
    complain(&failure);
    exit
}

/// `docker-credential-taskpull`, or `taskpull credential docker`.
pub(super) fn docker(arguments: &Docker) -> ExitCode {
    let config = arguments.config.as_deref();
    match Operation::parse(&arguments.operation) {
        Some(Operation::Get) => get(config),
        Some(Operation::List) => match logins(config) {
            Ok(logins) => secret::write(&docker::list(logins.hosts())),
            Err((failure, _)) => refuse(&docker::failure_response(&failure)),
        },
        Some(Operation::Version) => secret::write(&docker::version()),
        // What is on stdin is not read: it may be a login.
        Some(operation @ (Operation::Store | Operation::Erase)) => {
            refuse(&docker::error_response(docker::unsupported(operation)))
        }
        None => refuse(&docker::usage()),
    }
}

fn get(config: Option<&Path>) -> ExitCode {
    match asked(config) {
        Ok(Some(written)) => write(&written),
        Ok(None) => refuse(&format!("{}\n", docker::NOT_FOUND)),
        Err(said) => {
            // Docker's own command line drops what is on stdout, and passes this on.
            tell(said.trim_end());
            refuse(&said)
        }
    }
}

/// The answer for the server on stdin; none where that is not ours, or what to say of a failure.
fn asked(config: Option<&Path>) -> Result<Option<SecretResponse>, String> {
    let said = |(failure, _): Failed| docker::failure_response(&failure);
    let server = ServerUrl::parse(&stdin(docker::LIMIT).map_err(said)?).map_err(docker::error_response)?;
    let Some(image) = &server.image else { return Ok(None) };
    let given = login(config, image).map_err(said)?;
    Ok(given.map(|given| server.login(&given.login)))
}

/// An answer that is no login, in Docker's way.
fn refuse(said: &str) -> ExitCode {
    secret::write(said);
    ExitCode::Internal
}

/// `taskpull credential kubelet`
pub(super) fn kubelet(arguments: &Kubelet) -> ExitCode {
    let answered = stdin(kubelet::LIMIT).and_then(|bytes| {
        let image = kubelet::parse_request(&bytes).map_err(|error| failed(Failure::from(error), ExitCode::BadInput))?;
        let given = login(arguments.config.as_deref(), &image)?;
        kubelet::response(&image, given.as_ref()).ok_or_else(|| no_password(&image))
    });
    answered.map_or_else(complained, |answer| write(&answer))
}

/// `taskpull login-password`
pub(super) fn login_password(arguments: &LoginPassword) -> ExitCode {
    let asked = &arguments.registry;
    let host = RegistryHost::parse_address(asked).and_then(|(host, _)| host.example_image());
    let no_host = || failed(Failure::from(LoginCommandError::NoHost(RegistryHost::redact(asked))), ExitCode::Usage);
    let answered = host.ok_or_else(no_host).and_then(|image| {
        let not_ours = || failed(Failure::from(LoginCommandError::NotOurs(asked.clone())), ExitCode::Configuration);
        let given = login(arguments.config.as_deref(), &image)?.ok_or_else(not_ours)?;
        password(&given.login).ok_or_else(|| no_password(&image))
    });
    answered.map_or_else(complained, |password| write(&password))
}

fn no_password(image: &ImageReference) -> Failed {
    failed(Failure::from(LoginCommandError::IdentityToken(image.registry().to_owned())), ExitCode::Failed)
}
