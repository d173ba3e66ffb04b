//! Every command that a hint prints works as it is pasted: it names no placeholder whose value is
//! known, and its program accepts it.
//!
//! The commands come from the snapshots of the error catalogues. The AWS CLI runs each against a
//! server that answers every call; Docker and OpenSSL are asked for their help, because a command
//! such as `docker image prune` must not run here. `src/cli/tests/hint_commands.rs` checks the
//! commands of taskpull itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::http::{HttpServer, Reply, Request};
use crate::support::run::{Run, RunOutput};
use crate::support::source_tree::root;

/// The programs whose commands are checked.
const PROGRAMS: [&str; 4] = ["aws", "docker", "openssl", "taskpull"];

/// Placeholders for a value in a command.
const PLACEHOLDERS: [&str; 17] = [
    "ACCOUNT",
    "ARN",
    "CLUSTER",
    "DIGEST",
    "FAMILY",
    "FILE",
    "FOLDER",
    "HOST",
    "ID",
    "IMAGE",
    "KEY",
    "NAME",
    "PORT",
    "PREFIX",
    "REGION",
    "REPOSITORY",
    "USER",
];

/// Commands with a placeholder for a value that taskpull cannot know, with the reason.
const UNKNOWABLE: &[(&str, &str)] = &[
    ("taskpull secret seal --key ARN", "an envelope that cannot be read names no key"),
    (
        "taskpull secret new --for direct --name team/registry --region eu-west-1 --username USER --update",
        "the content of the secret does not say the user name",
    ),
];

/// Commands of version 2 of the AWS CLI, which `lab/awscli.sh` does not install.
const VERSION_2: &[&str] = &["aws configure list-profiles", "aws login"];

/// Docker's plug-ins, which the engine's package does not install everywhere.
const PLUGINS: [&str; 1] = ["buildx"];

/// Every command in the snapshots of the crate's error catalogues.
fn commands() -> BTreeSet<String> {
    let mut paths = Vec::new();
    collect(&root().join("src"), &mut paths);
    let texts = paths.iter().map(|path| fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().flat_map(in_line).collect::<Vec<_>>()).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            paths.push(path);
        }
    }
}

/// The commands between the backquotes of a line. "The output of `aws …`" names a document.
fn in_line(line: &str) -> Vec<String> {
    let parts: Vec<_> = line.split('`').collect();
    let quoted = parts.windows(2).step_by(2).filter(|parts| {
        let is_document = ["output of ", "answer of "].iter().any(|words| parts[0].ends_with(words));
        !is_document && parts[1].contains(' ') && PROGRAMS.iter().any(|program| runs(parts[1], program))
    });
    quoted.map(|parts| parts[1].to_owned()).collect()
}

/// Whether a command runs this program, possibly behind a pipe or in a loop.
fn runs(command: &str, program: &str) -> bool {
    let starts = command.split(['|', ';', '(']).map(|part| part.trim_start().trim_start_matches("do "));
    starts.into_iter().any(|part| part.split(' ').next() == Some(program))
}

fn commands_of(program: &str) -> Vec<String> {
    let commands: Vec<_> = commands().into_iter().filter(|command| runs(command, program)).collect();
    assert!(!commands.is_empty(), "the catalogues contain commands of {program}");
    commands
}

fn placeholder(command: &str) -> Option<&str> {
    let mut words = command.split(|c: char| c.is_whitespace() || "=:/@,".contains(c));
    let is_left_out = command.contains('…').then_some("…");
    is_left_out.or_else(|| words.find(|word| PLACEHOLDERS.contains(word)))
}

/// Whether only the reader can know the value behind a placeholder.
fn is_unknowable(command: &str) -> bool {
    UNKNOWABLE.iter().any(|(known, _)| *known == command)
}

#[test]
fn commands_are_found_between_backquotes() {
    let line = "  hint: see `aws iam get-user`, `ARN`, `openssl x -y </dev/null | openssl x509 -z` or `for r in $(aws a b); do aws c d; done`";
    assert_eq!(in_line(line).len(), 3, "{:?}", in_line(line));
    assert!(runs("for r in $(x); do aws c d; done", "aws") && !runs("see docker", "docker"));
}

#[test]
fn placeholder_is_found_wherever_it_stands() {
    for command in
        ["aws kms x --key-id KEY", "openssl s_client -connect HOST:443", "aws x file://FILE", "taskpull x … y"]
    {
        assert!(placeholder(command).is_some(), "{command}");
    }
    let complete =
        "aws x --filter SERVICE_CONTROL_POLICY --attribute AttributeKey=EventName --query 'SecretList[].ARN'";
    assert_eq!(placeholder(complete), None);
}

#[test]
fn exceptions_are_commands_that_still_exist() {
    let commands = commands();
    let exceptions = UNKNOWABLE.iter().map(|(command, _)| *command).chain(VERSION_2.iter().copied());
    let stale: Vec<_> = exceptions.filter(|exception| !commands.contains(*exception)).collect();
    assert!(stale.is_empty(), "remove them from the lists: {stale:?}");
}

#[test]
fn commands_in_hints_have_no_placeholders() {
    let commands = commands();
    let is_wrong = |command: &&String| placeholder(command).is_some() && !is_unknowable(command);
    let found: Vec<_> = commands.iter().filter(is_wrong).collect();
    assert!(found.is_empty(), "commands that do not work as pasted:\n{found:#?}");
}

/// The folder with the programs of the AWS CLI; `lab/awscli.sh` installs it if it is missing.
fn aws_cli() -> PathBuf {
    let output = Command::new(root().join("lab/awscli.sh")).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "lab/awscli.sh installs the AWS CLI");
    let program = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    program.parent().unwrap().to_owned()
}

/// An answer that the AWS CLI can read, whatever it asked for. Commands within a command need a value.
fn answer(request: &Request) -> Reply {
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let Some(call) = body.strip_prefix("Action=") else {
        return Reply::new(200, format!(r#"{{"KmsKeyId": "{KEY}", "KeyMetadata": {{"Arn": "{KEY}"}}}}"#));
    };
    let operation = call.split('&').next().unwrap_or_default();
    let result = match operation {
        "GetPolicy" => "<Policy><DefaultVersionId>v1</DefaultVersionId></Policy>",
        _ => "",
    };
    let regions = "<regionInfo><item><regionName>eu-west-1</regionName></item></regionInfo>";
    let result = format!("<{operation}Result>{result}</{operation}Result>{regions}");
    Reply::new(200, format!("<{operation}Response>{result}</{operation}Response>"))
}

/// Runs a program of the AWS CLI's folder against a server, in a clean environment.
fn run_aws(program: &str, arguments: &[&str], input: &str, endpoint: &str) -> RunOutput {
    let folder = aws_cli();
    let program = if program == "python" { folder.join("python").display().to_string() } else { program.to_owned() };
    let home = tempfile::tempdir().unwrap();
    // The profile that the catalogue's hints name.
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/config"), "[profile prod]\nregion = eu-west-1\n").unwrap();
    let run = arguments.iter().fold(Run::program(&program), Run::arg).stdin(input);
    run.env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("HOME", home.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env("AWS_DEFAULT_REGION", "eu-west-1")
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()
}

#[test]
fn aws_cli_runs_every_command_in_a_hint() {
    let server = HttpServer::on_loopback(|request| answer(&request));
    let endpoint = format!("http://127.0.0.1:{}", server.port());
    let script = root().join("tests/commands/aws_commands.py").display().to_string();
    // One process runs all plain commands, because the AWS CLI takes a second to start.
    let is_open = |command: &String| is_unknowable(command) || VERSION_2.contains(&command.as_str());
    let commands = commands_of("aws").into_iter().filter(|command| !is_open(command));
    let (in_shell, piped): (Vec<_>, Vec<_>) = commands.partition(|command| command.contains('$'));
    let parts = piped.iter().flat_map(|command| command.split(" | "));
    let plain: Vec<_> = parts.filter(|part| part.starts_with("aws ")).collect();
    let wrong = "aws iam get-role --role-names web\naws iam get-role\naws iam get-rule --role-name web";
    let known_wrong = run_aws("python", &[&script], wrong, &endpoint);
    assert_eq!(known_wrong.stdout.lines().count(), 3, "wrong commands are noticed: {known_wrong:?}");
    let ended = run_aws("python", &[&script], &plain.join("\n"), &endpoint);
    assert!(ended.code == 0 && ended.stdout.is_empty(), "the AWS CLI does not accept: {ended:?}");
    for command in in_shell {
        let ended = run_aws("/bin/sh", &["-e", "-c", &command], "", &endpoint);
        assert_eq!(ended.code, 0, "{command}: {ended:?}");
    }
}

/// The help of a program, and the options in its command.
fn help(program: &str, arguments: &[&str]) -> String {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let output =
        Command::new("/usr/bin/env").arg(format!("PATH={path}")).arg(program).args(arguments).output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The first option that the help does not list.
fn unknown_option<'a>(words: &[&'a str], help: &str) -> Option<&'a str> {
    let is_listed = |option: &str| {
        let name = option.split('=').next().unwrap_or(option);
        help.split(|c: char| c.is_whitespace() || c == ',').any(|word| word == name)
    };
    words.iter().find(|word| word.starts_with('-') && word.len() > 1 && !is_listed(word)).copied()
}

/// Why Docker does not accept a command.
fn docker_fault(command: &str) -> Option<String> {
    let words: Vec<_> = command.split_whitespace().skip(1).collect();
    if PLUGINS.contains(&words[0]) {
        return None;
    }
    let path: Vec<_> = words.iter().take_while(|word| !word.starts_with('-')).copied().collect();
    let help = help("docker", &[path.as_slice(), &["--help"]].concat());
    let usage = help.lines().find_map(|line| line.trim().strip_prefix("Usage:")).unwrap_or_default();
    let known: Vec<_> = usage.split_whitespace().skip(1).take_while(|word| !word.starts_with('[')).collect();
    let is_leaf = !known.is_empty() && !usage.contains(" COMMAND") && !usage.contains("[OPTIONS] COMMAND");
    if !is_leaf {
        return Some(format!("no such command; its help begins with `{}`", help.lines().next().unwrap_or_default()));
    }
    unknown_option(&words, &help).map(|option| format!("no option {option}"))
}

#[test]
fn docker_knows_every_command_in_a_hint() {
    assert!(docker_fault("docker sytem df").is_some() && docker_fault("docker system df --sice").is_some());
    let faults = commands_of("docker").into_iter().filter_map(|command| Some((docker_fault(&command)?, command)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "commands that Docker does not know:\n{faults:#?}");
}

/// Why OpenSSL does not accept a command, or a part of its pipe.
fn openssl_fault(command: &str) -> Option<String> {
    let parts = command.split('|').map(str::trim).filter(|part| part.starts_with("openssl "));
    parts.into_iter().find_map(|part| {
        let words: Vec<_> = part.split_whitespace().skip(1).take_while(|word| !word.starts_with('<')).collect();
        let help = help("openssl", &[words[0], "-help"]);
        if !help.contains("Usage:") {
            return Some(format!("no command {}", words[0]));
        }
        unknown_option(&words, &help).map(|option| format!("no option {option}"))
    })
}

#[test]
fn openssl_knows_every_command_in_a_hint() {
    assert!(openssl_fault("openssl s_clint -connect a:1").is_some());
    assert!(openssl_fault("openssl s_client -conect a:1 </dev/null | openssl x509 -noout").is_some());
    let faults = commands_of("openssl").into_iter().filter_map(|command| Some((openssl_fault(&command)?, command)));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "commands that OpenSSL does not know:\n{faults:#?}");
}
