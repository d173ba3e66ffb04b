//! Holds every error of the job store and the journal by a snapshot.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    EndRecord, Job, JobId, JobResult, JobSource, JobStore, JobStoreError, Journal, JournalError, JournalRecord, Peer,
    StoreLimits, Submission, Timestamp,
};
use crate::error::{Failure, Printable, catalogue};
use crate::report::{Report, Summary};

fn submission(key: Option<&str>, definition: &str) -> Submission {
    Submission {
        source: Printable::new("web.json"),
        definition: definition.to_owned(),
        key: key.map(str::to_owned),
        submitted_by: JobSource::Peer(Peer { uid: 1000, gid: 1000 }),
    }
}

fn job_store(state_folder: &Path, open: usize) -> Arc<JobStore> {
    let (journal, loaded) = Journal::open(state_folder).unwrap();
    let (queue, _) = mpsc::unbounded_channel();
    Arc::new(JobStore::new(journal, loaded.records, StoreLimits { open, history: 8 }, queue))
}

fn report() -> Report {
    Report {
        schema_version: 1,
        warnings: Vec::new(),
        tasks: Vec::new(),
        invalid_inputs: Vec::new(),
        summary: Summary::default(),
    }
}

#[test]
fn every_error_of_the_journal_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (journal, _) = Journal::open(folder.path()).unwrap();
    let locked = Journal::open(folder.path());
    let unusable = Journal::open(&file);
    std::fs::remove_dir_all(folder.path().join("requests")).unwrap();
    let unwritable = journal.probe();
    // No errno of a full disk can be produced here.
    let path = "/var/lib/taskpull/requests/0190a0b0c0d000000000.json".into();
    let full = JournalError::Write { file: path, source: io::Error::from_raw_os_error(28) };
    let entry = |name, error: JournalError| (name, Failure::from(error));
    let text = catalogue::render([
        entry("Folder", unusable.err().unwrap()),
        entry("Locked", locked.err().unwrap()),
        entry("Write", unwritable.err().unwrap()),
        entry("Write, on a full disk", full),
    ]);
    insta::assert_snapshot!(text.replace(folder.path().to_str().unwrap(), "/var/lib/taskpull"));
}

#[tokio::test]
async fn every_error_of_the_job_store_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = job_store(folder.path(), 2);
    let long = "x".repeat(16 << 20);
    let id = jobs.submit(submission(Some("deploy-7"), "{}")).await.unwrap().id;
    let memory_limit = jobs.submit(submission(None, &long)).await;
    let key_used = jobs.submit(submission(Some("deploy-7"), "{ }")).await;
    jobs.submit(submission(None, "{}")).await.unwrap();
    let full = jobs.submit(submission(None, "{}")).await;
    let active = jobs.active_job(&id).unwrap();
    jobs.end(&active, JobResult::Succeeded, &report()).await;
    let ended = jobs.cancel(&id).await;
    let not_found = jobs.get(&JobId::parse("0190a0b0c0d000000000").unwrap());
    std::fs::remove_dir_all(folder.path().join("requests")).unwrap();
    let unwritable = jobs.submit(submission(None, "{}")).await;
    let errors = [
        ("Full", full.err()),
        ("MemoryLimit", memory_limit.err()),
        ("Journal", unwritable.err()),
        ("Internal", Some(JobStoreError::Internal("task 7 panicked".to_owned()))),
        ("KeyUsed", key_used.err()),
        ("NotFound", not_found.err()),
        ("AlreadyEnded", ended.err()),
    ];
    let text: String = errors.into_iter().map(|(name, error)| format!("{name}\n  {}\n", error.unwrap())).collect();
    insta::assert_snapshot!(text.replace(&id.to_string(), "0190a0b0c0d000000000"));
}

#[test]
fn every_broken_file_of_the_journal_is_reported_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path()).unwrap();
    let id = |number: u32| JobId::parse(&format!("0190a0b0c0d0{number:08x}")).unwrap();
    let accepted = Timestamp::try_from("2026-01-31T12:00:00.000Z".to_owned()).unwrap();
    let end = EndRecord {
        at: accepted,
        result: JobResult::Failed,
        report: serde_json::value::to_raw_value(&report()).unwrap(),
    };
    let job = Job { id: id(0), accepted, submission: submission(Some("deploy-7"), "{}") };
    journal.write(&JournalRecord::new(job, Some(end))).unwrap();
    drop(journal);
    let requests = folder.path().join("requests");
    let path = |number| requests.join(format!("{}.json", id(number)));
    let record = std::fs::read_to_string(path(0)).unwrap();
    std::fs::write(path(1), &record).unwrap();
    std::fs::write(path(2), record.replace("\"version\":1", "\"version\":2")).unwrap();
    std::fs::write(path(3), &record[..record.len() / 2]).unwrap();
    std::fs::write(path(4), record.replace("0190a0b0c0d0", "../../../etc")).unwrap();
    std::fs::create_dir(path(5)).unwrap();
    std::os::unix::fs::symlink(path(0), path(6)).unwrap();
    let (_, mut loaded) = Journal::open(folder.path()).unwrap();
    loaded.broken.sort_by(|left, right| left.path.cmp(&right.path));
    let name = |path: &Path| path.file_name().unwrap().display().to_string();
    let broken: String = loaded.broken.iter().map(|file| format!("{}\n  {}\n", name(&file.path), file.error)).collect();
    insta::assert_snapshot!(format!("record on disk\n  {record}\n\n{broken}"));
}
