//! The commands that give logins to other programs: Docker's credential helper, the kubelet's
//! credential provider, and `taskpull login-password`.
//!
//! Docker's protocol has its errors on stdout and one exit code for all of them. A failure of `get` is
//! also printed on stderr. The other commands report errors like every command.

mod docker;
mod kubelet;
mod login;
mod login_command_error;
mod login_password;

pub(super) use docker::docker;
pub(super) use kubelet::kubelet;
#[cfg(test)]
pub(super) use login_command_error::LoginCommandError;
pub(super) use login_password::login_password;
