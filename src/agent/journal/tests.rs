use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::geteuid;
use serde_json::value::to_raw_value;
use tempfile::TempDir;

use super::{EndRecord, Journal, JournalError, JournalRecord, LoadedJournal};
use crate::agent::{Job, JobId, JobResult, JobSource, Peer, Submission, Timestamp};
use crate::error::Printable;

fn job(milliseconds: u64) -> Job {
    let now = UNIX_EPOCH + Duration::from_millis(milliseconds);
    let submission = Submission {
        source: Printable::new("web.json"),
        definition: r#"{"containerDefinitions":[{"image":"a"}]}"#.to_owned(),
        key: Some("deploy-7".to_owned()),
        submitted_by: JobSource::Peer(Peer { uid: 1000, gid: 1000 }),
    };
    Job { id: JobId::new(now, 7), accepted: Timestamp::new(now), submission }
}

fn success() -> EndRecord {
    let report = to_raw_value(&serde_json::json!({"schemaVersion": 1, "tasks": []})).unwrap();
    EndRecord { at: Timestamp::new(UNIX_EPOCH), result: JobResult::Succeeded, report }
}

/// A journal in a state folder of its own.
struct TestJournal {
    state_folder: TempDir,
}

impl TestJournal {
    fn new() -> Self {
        Self { state_folder: tempfile::tempdir().unwrap() }
    }

    /// A journal that contains the records of these open jobs.
    fn with_open_jobs(jobs: &[Job]) -> Self {
        let test = Self::new();
        let (journal, _) = test.open();
        for job in jobs {
            journal.write(&JournalRecord::new(job.clone(), None)).unwrap();
        }
        test
    }

    fn open(&self) -> (Journal, LoadedJournal) {
        Journal::open(self.state_folder.path()).unwrap()
    }

    fn requests(&self) -> std::path::PathBuf {
        self.state_folder.path().join("requests")
    }

    fn record_path(&self, milliseconds: u64) -> std::path::PathBuf {
        self.requests().join(format!("{}.json", job(milliseconds).id))
    }

    fn count_markers(&self) -> usize {
        let entries = fs::read_dir(self.requests()).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "cancelled")).count()
    }
}

#[test]
fn written_records_are_loaded_after_a_restart_oldest_first() {
    let test = TestJournal::with_open_jobs(&[job(2), job(1), job(3)]);
    let (journal, _) = test.open();
    journal.write(&JournalRecord::new(job(1), Some(success()))).unwrap();
    journal.remove(&job(3).id);
    drop(journal);
    let (journal, loaded) = test.open();
    let jobs: Vec<_> = loaded.records.iter().map(|record| record.job.clone()).collect();
    assert_eq!(jobs, [job(1), job(2)]);
    let end = journal.read(&job(1).id).unwrap().end.unwrap();
    assert_eq!((end.result, end.report.get()), (JobResult::Succeeded, r#"{"schemaVersion":1,"tasks":[]}"#));
}

#[test]
fn cancellation_marker_exists_only_while_its_job_is_open() {
    let (cancelled, ended, ended_before_cancel) = (job(1), job(2), job(3));
    let test = TestJournal::with_open_jobs(&[cancelled.clone(), ended.clone(), ended_before_cancel.clone()]);
    let (journal, _) = test.open();
    journal.mark_cancelled(&cancelled.id).unwrap();
    journal.mark_cancelled(&ended.id).unwrap();
    journal.write(&JournalRecord::new(ended, Some(success()))).unwrap();
    assert_eq!(test.count_markers(), 1);
    journal.write(&JournalRecord::new(ended_before_cancel.clone(), Some(success()))).unwrap();
    journal.mark_cancelled(&ended_before_cancel.id).unwrap();
    drop(journal);
    let (journal, loaded) = test.open();
    let is_cancelled: Vec<_> = loaded.records.iter().map(|record| record.is_cancelled).collect();
    assert_eq!((is_cancelled, test.count_markers()), (vec![true, false, false], 1));
    journal.remove(&cancelled.id);
    assert_eq!(test.count_markers(), 0);
}

#[test]
fn state_folder_is_locked_while_an_agent_uses_it() {
    let test = TestJournal::new();
    let first = test.open();
    assert!(matches!(Journal::open(test.state_folder.path()), Err(JournalError::Locked { .. })));
    drop(first);
    test.open();
}

#[test]
fn incomplete_and_misnamed_files_do_not_affect_other_records() {
    let test = TestJournal::with_open_jobs(&[job(1)]);
    fs::write(test.record_path(2).with_extension("tmp"), "{").unwrap();
    fs::write(test.record_path(3), "{").unwrap();
    fs::copy(test.record_path(1), test.record_path(4)).unwrap();
    let (_journal, loaded) = test.open();
    assert_eq!(loaded.records.len(), 1);
    assert_eq!(loaded.broken.len(), 2, "{:?}", loaded.broken);
    assert!(loaded.broken.iter().all(|file| file.path.exists()));
    assert_eq!(fs::read_dir(test.requests()).unwrap().count(), 3, "only the unacknowledged file is removed");
}

#[test]
fn record_of_a_newer_version_is_not_loaded() {
    let test = TestJournal::with_open_jobs(&[job(1)]);
    let record = fs::read_to_string(test.record_path(1)).unwrap();
    fs::write(test.record_path(1), record.replace("\"version\":1", "\"version\":2")).unwrap();
    let (_journal, loaded) = test.open();
    assert_eq!(loaded.records.len(), 0);
    assert_eq!(loaded.broken[0].error, "its version is 2, and this program supports version 1");
}

#[test]
fn removed_folder_is_reported_by_probe_and_write() {
    let test = TestJournal::new();
    let (journal, _) = test.open();
    journal.probe().unwrap();
    fs::remove_dir_all(test.requests()).unwrap();
    assert!(journal.probe().is_err());
    let error = journal.write(&JournalRecord::new(job(1), None)).unwrap_err();
    assert!(matches!(error, JournalError::Write { .. }), "{error}");
}

#[test]
fn pipes_links_and_folders_are_not_loaded_as_records() {
    let test = TestJournal::with_open_jobs(&[job(1)]);
    let write = |milliseconds, path: &Path| {
        fs::write(path, serde_json::to_vec(&JournalRecord::new(job(milliseconds), None)).unwrap()).unwrap();
    };
    let path = |milliseconds| test.record_path(milliseconds);
    let target = test.state_folder.path().join("target");
    mknodat(CWD, path(2), FileType::Fifo, Mode::RWXU, 0).unwrap();
    write(3, &target);
    symlink(target, path(3)).unwrap();
    fs::create_dir(path(4)).unwrap();
    fs::create_dir(path(4).with_extension("broken")).unwrap();
    fs::create_dir(path(5).with_extension("tmp")).unwrap();
    fs::write(path(6), "[".repeat(1_000_000)).unwrap();
    let (_journal, loaded) = test.open();
    assert_eq!(loaded.records.len(), 1);
    assert_eq!(loaded.broken.len(), 5, "{:?}", loaded.broken);
}

#[test]
fn folder_of_the_records_is_restricted_to_the_agents_user() {
    let test = TestJournal::new();
    fs::create_dir(test.requests()).unwrap();
    fs::set_permissions(test.requests(), fs::Permissions::from_mode(0o777)).unwrap();
    drop(test.open());
    assert_eq!(fs::metadata(test.requests()).unwrap().permissions().mode() & 0o777, 0o700);
    if geteuid().is_root() {
        std::os::unix::fs::chown(test.requests(), Some(61_001), None).unwrap();
        assert!(matches!(Journal::open(test.state_folder.path()), Err(JournalError::Folder { .. })));
    }
}

#[test]
fn reports_are_not_loaded_into_memory() {
    let test = TestJournal::new();
    let (journal, _) = test.open();
    journal.write(&JournalRecord::new(job(1), Some(success()))).unwrap();
    drop(journal);
    let (journal, mut loaded) = test.open();
    assert_eq!(loaded.records.remove(0).end.unwrap().report.get(), "null");
    assert_ne!(journal.read(&job(1).id).unwrap().end.unwrap().report.get(), "null");
}

fn any_source() -> impl Strategy<Value = JobSource> {
    prop_oneof![
        (any::<u32>(), any::<u32>()).prop_map(|(uid, gid)| JobSource::Peer(Peer { uid, gid })),
        Just(JobSource::Folder),
        Just(JobSource::Cluster),
    ]
}

prop_compose! {
    fn any_job()(
        milliseconds in 0_u64..1 << 47,
        source: String,
        definition: String,
        key: Option<String>,
        submitted_by in any_source(),
    ) -> Job {
        let submission = Submission { source: Printable::new(&source), definition, key, submitted_by };
        Job { submission, ..job(milliseconds) }
    }
}

prop_compose! {
    fn any_end()(seconds in 0_u64..1 << 32, text: String) -> EndRecord {
        let at = Timestamp::new(UNIX_EPOCH + Duration::from_secs(seconds));
        EndRecord { at, result: JobResult::Failed, report: to_raw_value(&text).unwrap() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn record_round_trips_through_its_file(job in any_job(), end in proptest::option::of(any_end())) {
        let test = TestJournal::new();
        let (journal, _) = test.open();
        journal.write(&JournalRecord::new(job.clone(), end.clone())).unwrap();
        let record = journal.read(&job.id).unwrap();
        prop_assert_eq!(record.job, job);
        let parts = |end: EndRecord| (end.at, end.result, end.report.get().to_owned());
        prop_assert_eq!(record.end.map(parts), end.map(parts));
    }

    #[test]
    fn arbitrary_files_neither_panic_nor_lose_a_valid_record(
        bytes: Vec<u8>,
        json in r#"\{"version":1,("id":"[0-9a-f]{19,21}",)?("accepted":"[0-9TZ:.-]{0,24}",)?"source":"\PC{0,8}".{0,40}"#,
        extension in "json|tmp|cancelled|broken|[a-z]{0,4}",
    ) {
        let test = TestJournal::with_open_jobs(&[job(1)]);
        fs::write(test.record_path(2).with_extension(&extension), &bytes).unwrap();
        fs::write(test.record_path(3), json).unwrap();
        let (_journal, loaded) = test.open();
        prop_assert!(loaded.records.iter().any(|record| record.job == job(1)));
    }

    #[test]
    fn truncated_record_is_set_aside_and_not_loaded(job in any_job(), length: prop::sample::Index) {
        let test = TestJournal::with_open_jobs(std::slice::from_ref(&job));
        let path = test.requests().join(format!("{}.json", job.id));
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..length.index(text.len())]).unwrap();
        let (_journal, loaded) = test.open();
        prop_assert_eq!((loaded.records.len(), loaded.broken.len()), (0, 1));
        prop_assert!(loaded.broken[0].path.exists());
    }
}
