//! Every command of taskpull in the error catalogues is one that the command line accepts.

use std::fs;
use std::path::Path;

use clap::error::ErrorKind;

use crate::cli::command;

/// Adds the commands of taskpull between the backquotes of all snapshots.
fn collect(folder: &Path, commands: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, commands);
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            let text = fs::read_to_string(&path).unwrap();
            let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
            let parts = quoted.flat_map(|text| text.split(" | "));
            commands.extend(parts.filter(|text| text.starts_with("taskpull ")).map(str::to_owned));
        }
    }
}

/// Why the command line does not accept a command; redirections belong to the shell.
fn fault(line: &str) -> Option<String> {
    let line = line.split([';', '|', '<', '>']).next().unwrap_or_default();
    let error = command().try_get_matches_from(line.split_whitespace()).err()?;
    let is_answer = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!is_answer).then(|| error.to_string())
}

#[test]
fn command_line_accepts_every_command_in_a_hint() {
    assert!(fault("taskpull secret seal").is_some() && fault("taskpull --version").is_none());
    let mut commands = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut commands);
    assert!(!commands.is_empty(), "the catalogues contain commands of taskpull");
    let faults: Vec<_> = commands.iter().filter_map(|line| Some((line, fault(line)?))).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
