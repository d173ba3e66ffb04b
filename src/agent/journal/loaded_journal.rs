//! What the journal contains when the agent starts.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::value::RawValue;

use super::journal_record::JournalRecord;
use crate::agent::job_id::JobId;

/// The contents of the journal at the start of the agent.
#[derive(Debug, Default)]
pub struct LoadedJournal {
    /// The records, oldest first. Those of ended jobs are without the report, because all reports
    /// together may not fit into memory.
    pub records: Vec<JournalRecord>,
    /// Files that could not be read as a record, or not be removed.
    pub broken: Vec<BrokenFile>,
}

/// A file in the folder of the journal that is not a valid record.
#[derive(Debug)]
pub struct BrokenFile {
    /// The file, under its new name if it could be renamed.
    pub path: PathBuf,
    /// What is wrong with it.
    pub error: String,
}

impl LoadedJournal {
    /// Reads every file of the folder, and removes or renames what a crash or another program left.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let mut loaded = Self::default();
        let mut cancelled = HashSet::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                // A write that a crash interrupted was never acknowledged.
                Some("tmp") => {
                    if let Err(error) = fs::remove_file(&path) {
                        loaded.broken.push(BrokenFile { path, error: error.to_string() });
                    }
                }
                Some("json") => loaded.read_record(path),
                Some("cancelled") => cancelled.extend(path.file_stem().and_then(|stem| JobId::parse(stem.to_str()?))),
                _ => {}
            }
        }
        for record in &mut loaded.records {
            record.is_cancelled = record.end.is_none() && cancelled.remove(&record.job.id);
        }
        // The jobs of the remaining markers have already ended.
        for id in cancelled {
            remove_file(&id, &marker_path(folder, &id));
        }
        loaded.records.sort_by(|left, right| left.job.id.cmp(&right.job.id));
        Ok(loaded)
    }

    fn read_record(&mut self, path: PathBuf) {
        match JournalRecord::read(&path) {
            Ok(mut record) => {
                if let Some(end) = &mut record.end {
                    end.report = RawValue::NULL.to_owned();
                }
                self.records.push(record);
            }
            Err(error) => {
                let renamed = path.with_extension("broken");
                let path = if fs::rename(&path, &renamed).is_ok() { renamed } else { path };
                self.broken.push(BrokenFile { path, error });
            }
        }
    }
}

pub(super) fn marker_path(folder: &Path, id: &JobId) -> PathBuf {
    folder.join(format!("{id}.cancelled"))
}

pub(super) fn remove_file(id: &JobId, file: &Path) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%id, file = %file.display(), %error, "a file of an ended request could not be removed");
    }
}
