//! Where pinned definitions are written: stdout, a file or a folder.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::part_files::PartFiles;
use super::pin_write_error::PinWriteError;
use crate::cli::arguments::STDOUT;
use crate::pipeline::Input;

/// The path that means stdin.
pub(in crate::cli) const STDIN: &str = "-";

/// Where pinned definitions are written.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) enum PinDestinations {
    Stdout,
    Files(PinFiles),
}

/// The files of the definitions, in the order of the inputs.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct PinFiles {
    /// The folder of the files; created if it does not exist.
    folder: Option<PathBuf>,
    files: Vec<PinFile>,
}

#[derive(Debug, PartialEq, Eq)]
struct PinFile {
    /// The path that the definition was read from.
    source: PathBuf,
    target: PathBuf,
}

impl PinDestinations {
    /// Assigns a file to each input, or explains what is wrong with `destination`. `paths` are those of
    /// the command line. Nothing is written yet.
    pub(in crate::cli) fn new(destination: &Path, paths: &[PathBuf], inputs: &[Input]) -> Result<Self, String> {
        if destination == Path::new(STDOUT) {
            return Ok(Self::Stdout);
        }
        if let ([path], [input]) = (paths, inputs)
            && !path.is_dir()
            && !destination.is_dir()
        {
            let file = PinFile { source: input.source.clone().into(), target: destination.to_owned() };
            return Ok(Self::Files(PinFiles { folder: None, files: vec![file] }));
        }
        if destination.exists() && !destination.is_dir() {
            return Err(format!("{} is not a folder, and there are several definitions", destination.display()));
        }
        let file = |input: &Input| {
            let source = PathBuf::from(&input.source);
            let name = source.file_name().filter(|_| source != Path::new(STDIN)).map(OsStr::to_owned);
            let name = name.ok_or("a definition from stdin has no file name; give a file instead of a folder")?;
            Ok::<_, String>(PinFile { source, target: destination.join(name) })
        };
        let files: Vec<_> = inputs.iter().map(file).collect::<Result<_, _>>()?;
        let mut targets = HashSet::new();
        match files.iter().find(|file| !targets.insert(&file.target)) {
            Some(file) => Err(format!("two definitions would be written to {}", file.target.display())),
            None => Ok(Self::Files(PinFiles { folder: Some(destination.to_owned()), files })),
        }
    }
}

impl PinFiles {
    /// Writes the definitions: all of them or none.
    pub(super) fn write(&self, texts: &[Vec<u8>]) -> Result<(), PinWriteError> {
        if let Some(folder) = &self.folder {
            fs::create_dir_all(folder).map_err(|source| PinWriteError { path: folder.clone(), source })?;
        }
        let mut parts = PartFiles::default();
        for (PinFile { source, target }, text) in self.files.iter().zip(texts) {
            parts.write(source, target, text).map_err(|error| PinWriteError { path: target.clone(), source: error })?;
        }
        parts.replace_targets()
    }
}
