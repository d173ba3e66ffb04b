//! Every error of the commands as the user sees it.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::cli::arguments;
use crate::cli::command_error::CommandError;
use crate::cli::credential::LoginCommandError;
use crate::cli::pin::{PinDestinations, PinWriteError};
use crate::cli::terminal::TokenReadError;
use crate::error::{ExitCode, Failure, catalogue};
use crate::pipeline::Input;

fn denied() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "permission denied")
}

#[test]
fn the_errors_of_login_commands_are_unchanged() {
    let host = || "registry.example:5000".to_owned();
    let failures = [
        (
            "not a registry",
            Failure::from(LoginCommandError::NotARegistry(crate::task::Field::RegistryHost.text("https://").whole())),
        ),
        ("unknown registry", Failure::from(LoginCommandError::UnknownRegistry(host()))),
        ("identity token", Failure::from(LoginCommandError::IdentityToken(host()))),
    ];
    insta::assert_snapshot!(catalogue::render(failures));
}

#[test]
fn the_other_errors_of_commands_are_unchanged() {
    let mut text = String::new();
    let errors = [
        CommandError::stdin(denied()),
        CommandError::output(denied()),
        CommandError::runtime(denied()),
        CommandError::signals(denied()),
    ];
    for error in errors {
        let CommandError::Message(message, exit_code) = error else { panic!("{error:?}") };
        writeln!(text, "error: {message} (exit code {})", exit_code.code()).unwrap();
    }
    for error in [TokenReadError::Unreadable(denied()), TokenReadError::Interrupted] {
        writeln!(text, "token: {error}").unwrap();
    }
    writeln!(text, "pin: {}", PinWriteError { path: "pinned/task.json".into(), source: denied() }).unwrap();
    for message in pin_conflicts() {
        writeln!(text, "pin: {message}").unwrap();
    }
    for arguments in [
        ["pull", "--events", "task.json", "--quiet"],
        ["pull", "--output=json", "--pin", "task.json"],
        ["secret", "new", "--upstream", "quay"],
    ] {
        text += &usage_error(&arguments);
    }
    insta::assert_snapshot!(text);
}

/// Each reason to reject the value of `--pin`.
fn pin_conflicts() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let input = |source: &str| Input { source: source.to_owned(), text: Ok(Vec::new()) };
    let conflict = |destination: &Path, inputs: &[Input]| {
        let paths: Vec<_> = inputs.iter().map(|input| input.source.clone().into()).collect();
        PinDestinations::new(destination, &paths, inputs).unwrap_err().replace(&folder.display().to_string(), "FOLDER")
    };
    vec![
        conflict(&folder.join("Cargo.toml"), &[input("a/task.json"), input("b/other.json")]),
        conflict(folder, &[input("a/task.json"), input("b/task.json")]),
        conflict(folder, &[input("-"), input("b/task.json")]),
    ]
}

fn usage_error(arguments: &[&str]) -> String {
    let arguments = ["taskpull"].iter().chain(arguments).map(OsString::from);
    let error = arguments::parse(arguments).unwrap_err();
    assert!(error.use_stderr() && ExitCode::Usage.code() == 2);
    let message = error.to_string();
    format!("{}\n", message.lines().next().unwrap_or_default())
}
