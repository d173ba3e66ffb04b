//! Reads the inputs that the command line names: files, folders and stdin.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::pin::STDIN;
use crate::error::Failure;
use crate::pipeline::{Input, InputError, read_definition};

/// Reads every input, and stdin once. An input that cannot be read is returned with its failure.
pub(super) fn read(paths: &[PathBuf]) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        if path == Path::new(STDIN) && paths[..index].contains(path) {
            continue;
        }
        if let Some(error) = not_a_path(path) {
            inputs.push(Input { source: InputError::WITHHELD.to_owned(), text: Err(Failure::from(error)) });
            continue;
        }
        match files(path) {
            Ok(files) => inputs.extend(files.iter().map(|file| read_file(file))),
            Err(error) => inputs.push(Input { source: path.display().to_string(), text: Err(Failure::from(error)) }),
        }
    }
    inputs
}

/// The error of an argument that is the text of a definition.
fn not_a_path(path: &Path) -> Option<InputError> {
    if path.exists() { None } else { InputError::for_argument(&path.to_string_lossy()) }
}

/// The file itself, or a folder's `*.json` in the order of their names.
fn files(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    if path == Path::new(STDIN) || !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |source| InputError::Unreadable { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "json") && !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() { Err(InputError::EmptyFolder { path: path.to_owned() }) } else { Ok(files) }
}

fn read_file(path: &Path) -> Input {
    let result = if path == Path::new(STDIN) {
        read_definition(io::stdin().lock())
    } else {
        File::open(path).and_then(read_definition)
    };
    let text = match result {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(InputError::TooLong { path: path.to_owned() }),
        Err(source) => Err(InputError::Unreadable { path: path.to_owned(), source }),
    };
    Input { source: path.display().to_string(), text: text.map_err(Failure::from) }
}
