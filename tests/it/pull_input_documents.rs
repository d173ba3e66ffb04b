//! Documents that are no task definitions: each is recognized, and the command in its hint gets the
//! images out of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::support::run::{Run, RunOutput, dry_run};
use crate::support::source_tree::root;

/// One row of `tests/corpus/inputs.json`.
#[derive(Deserialize)]
struct Row {
    file: String,
    says: String,
    hint: String,
    /// The images that the command in the hint gives.
    #[serde(default)]
    pulls: Vec<String>,
}

fn folder() -> PathBuf {
    root().join("tests/corpus/inputs")
}

fn rows() -> Vec<Row> {
    serde_json::from_slice(&fs::read(root().join("tests/corpus/inputs.json")).unwrap()).unwrap()
}

fn plan(file: &str) -> RunOutput {
    // The program names the file as its user does, so it runs in the folder.
    Run::program("sh")
        .arg("-c")
        .arg(format!(
            "cd '{}' && exec '{}' pull --dry-run --output json '{file}'",
            folder().display(),
            env!("CARGO_BIN_EXE_taskpull")
        ))
        .output()
}

/// The message and the hint for the only input.
fn failure(ended: &RunOutput) -> (String, String) {
    let failure = &ended.report()["invalidInputs"][0];
    let text = |key: &str| failure[key].as_str().unwrap_or_default().to_owned();
    (text("message"), text("hint"))
}

/// The commands in backquotes that pull what they read.
fn command(hint: &str) -> String {
    let mut quoted = hint.split('`').skip(1).step_by(2);
    quoted.find(|command| command.ends_with("| taskpull pull -")).unwrap_or_default().to_owned()
}

/// A folder of programs: taskpull, which only plans, and those that ask AWS, Terraform and Docker.
struct Programs(tempfile::TempDir);

impl Programs {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let corpus = root().join("tests/corpus/inputs");
        let definition = format!("jq '.requestParameters' '{}/cloudtrail.json'", corpus.display());
        let programs = [
            (
                "taskpull",
                format!(
                    "test \"$*\" = 'pull -' && exec '{}' pull --dry-run --output json -",
                    env!("CARGO_BIN_EXE_taskpull")
                ),
            ),
            (
                "aws",
                format!(
                    "case \"$*\" in\n*--generate-cli-skeleton*) exit 1;;\n'cloudformation describe-stack-resources --stack-name STACK --query StackResources'*) echo web:3;;\n'ecs describe-tasks --region eu-west-1 --cluster main --tasks arn:'*) echo web:3;;\n'ecs describe-services --region eu-west-1 --cluster main --services arn:'*) echo web:3;;\n'ecs describe-task-definition '*'--query taskDefinition --output json') {definition};;\n*) echo \"$*\" >&2; exit 2;;\nesac"
                ),
            ),
            ("terraform", format!("test \"$*\" = 'show -json' && cat '{}/terraform-show.json'", corpus.display())),
            ("docker", format!("test \"$1 $2\" = 'compose -f' && cat '{}/compose.json'", corpus.display())),
        ];
        for (name, script) in programs {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self(folder)
    }

    fn run(&self, command: &str, folder: &Path) -> RunOutput {
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        Run::program("sh").arg("-c").arg(format!("cd '{}' && {command}", folder.display())).env("PATH", path).output()
    }
}

/// The images of all containers of a plan.
fn images(ended: &RunOutput) -> Vec<String> {
    let report = ended.report();
    let containers = report["tasks"][0]["containers"].as_array().cloned().unwrap_or_default();
    containers.iter().map(|container| container["image"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_other_document_is_named_with_the_next_step() {
    let mut wrong = Vec::new();
    for row in rows() {
        let ended = plan(&row.file);
        let (message, hint) = failure(&ended);
        let is_right = ended.code == 4 && message.contains(&row.says) && hint.contains(&row.hint);
        if !is_right {
            wrong.push(format!("{}: code {}, {message} -> {hint}", row.file, ended.code));
        }
        assert!(!ended.stdout.contains("hunter2"), "{}: {message} -> {hint}", row.file);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_command_in_the_hint_pulls_the_images() {
    let programs = Programs::new();
    let mut wrong = Vec::new();
    for row in rows().into_iter().filter(|row| !row.pulls.is_empty()) {
        let (_, hint) = failure(&plan(&row.file));
        let ended = programs.run(&command(&hint), &folder());
        if ended.code != 0 || images(&ended) != row.pulls {
            wrong.push(format!("{}: {hint}\n  {ended:?}", row.file));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_compressed_definition_is_read_by_the_command_in_its_hint() {
    let programs = Programs::new();
    let folder = tempfile::tempdir().unwrap();
    let definition = r#"[{"image": "registry.example/team/app:1.0"}]"#;
    fs::write(folder.path().join("task.json"), definition).unwrap();
    fs::copy(folder.path().join("task.json"), folder.path().join("taskdef.json")).unwrap();
    for (pack, file, says) in [
        ("gzip -k task.json", "task.json.gz", "a gzip file"),
        ("bzip2 -k task.json", "task.json.bz2", "a bzip2 file"),
        ("xz -k task.json", "task.json.xz", "an xz file"),
        ("tar -cf task.tar taskdef.json", "task.tar", "a tar archive"),
        ("iconv -f UTF-8 -t UTF-32 task.json > wide.json", "wide.json", "a text in UTF-32"),
    ] {
        assert_eq!(programs.run(pack, folder.path()).code, 0, "{pack}");
        let plan = format!("'{}' pull --dry-run --output json {file}", env!("CARGO_BIN_EXE_taskpull"));
        let (message, hint) = failure(&programs.run(&plan, folder.path()));
        assert!(message.contains(says), "{message}");
        let ended = programs.run(&command(&hint), folder.path());
        assert_eq!((ended.code, images(&ended)), (0, vec!["registry.example/team/app:1.0".to_owned()]), "{hint}");
    }
}

#[test]
fn a_program_or_a_picture_is_not_read_as_text() {
    for (bytes, says) in [
        (&b"\x7fELF\x02\x01\x01"[..], "a program"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"PK\x03\x04\x14\0", "a zip archive"),
        (b"", "an empty text"),
        (b" \r\n\0\0", "an empty text"),
        (b"\xff\xfe", "an empty text"),
    ] {
        let ended = dry_run(bytes);
        assert!(failure(&ended).0.contains(says), "{ended:?}");
        assert_eq!(ended.code, 4);
    }
}
