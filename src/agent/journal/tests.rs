use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, UNIX_EPOCH};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::geteuid;
use serde_json::value::to_raw_value;

use super::{EndRecord, Journal, JournalRecord};
use crate::agent::job::{Job, JobId, JobResult, JobSource, Peer, Submission, Timestamp};
use crate::agent::journal_error::JournalError;
use crate::error::Printable;

fn request(milliseconds: u64) -> Job {
    let now = UNIX_EPOCH + Duration::from_millis(milliseconds);
    let submission = Submission {
        source: Printable::new("web.json"),
        definition: r#"{"containerDefinitions":[{"image":"a"}]}"#.to_owned(),
        key: Some("deploy-7".to_owned()),
        submitted_by: JobSource::Peer(Peer { uid: 1000, gid: 1000 }),
    };
    Job { id: JobId::new(now, 7), accepted: Timestamp::new(now), submission }
}

fn ended() -> EndRecord {
    let report = to_raw_value(&serde_json::json!({"schemaVersion": 1, "tasks": []})).unwrap();
    EndRecord { at: Timestamp::new(UNIX_EPOCH), how: JobResult::Succeeded, report }
}

#[test]
fn what_was_put_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found) = Journal::open(folder.path()).unwrap();
    assert!(found.records.is_empty());
    let (open, done, forgotten) = (request(2), request(1), request(3));
    for request in [&open, &done, &forgotten] {
        journal.put(&JournalRecord::new(request.clone(), None)).unwrap();
    }
    journal.put(&JournalRecord::new(done.clone(), Some(ended()))).unwrap();
    journal.forget(&forgotten.id);
    drop(journal);
    let (journal, found) = Journal::open(folder.path()).unwrap();
    let requests: Vec<_> = found.records.iter().map(|record| record.request.clone()).collect();
    assert_eq!(requests, [done.clone(), open], "oldest first, and whole");
    let Some(EndRecord { how: JobResult::Succeeded, report, .. }) = journal.get(&done.id).unwrap().ended else {
        panic!()
    };
    assert_eq!(report.get(), r#"{"schemaVersion":1,"tasks":[]}"#);
}

#[test]
fn a_mark_is_there_for_as_long_as_its_request_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let marks = || {
        let entries = fs::read_dir(folder.path().join("requests")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "cancelled")).count()
    };
    let (journal, _) = Journal::open(folder.path()).unwrap();
    let (off, done, late) = (request(1), request(2), request(3));
    for request in [&off, &done, &late] {
        journal.put(&JournalRecord::new(request.clone(), None)).unwrap();
    }
    journal.cancel(&off.id).unwrap();
    journal.cancel(&done.id).unwrap();
    journal.put(&JournalRecord::new(done, Some(ended()))).unwrap();
    assert_eq!(marks(), 1);
    journal.put(&JournalRecord::new(late.clone(), Some(ended()))).unwrap();
    journal.cancel(&late.id).unwrap();
    drop(journal);
    let (journal, found) = Journal::open(folder.path()).unwrap();
    let cancelled: Vec<_> = found.records.iter().map(|record| record.cancelled).collect();
    assert_eq!((cancelled, marks()), (vec![true, false, false], 1));
    journal.forget(&off.id);
    assert_eq!(marks(), 0);
}

#[test]
fn two_agents_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::open(folder.path()).unwrap();
    assert!(matches!(Journal::open(folder.path()), Err(JournalError::Locked { .. })));
    drop(first);
    assert!(Journal::open(folder.path()).is_ok());
}

#[test]
fn half_a_file_costs_no_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let requests = folder.path().join("requests");
    let (journal, _) = Journal::open(folder.path()).unwrap();
    journal.put(&JournalRecord::new(request(1), None)).unwrap();
    drop(journal);
    let id = request(1).id;
    fs::write(requests.join(format!("{}.tmp", request(2).id)), "{").unwrap();
    fs::write(requests.join(format!("{}.json", request(3).id)), "{").unwrap();
    fs::copy(requests.join(format!("{id}.json")), requests.join(format!("{}.json", request(4).id))).unwrap();
    let (_journal, found) = Journal::open(folder.path()).unwrap();
    assert_eq!(found.records.len(), 1);
    assert_eq!(found.broken.len(), 2, "{:?}", found.broken);
    assert!(found.broken.iter().all(|(aside, _)| aside.exists()));
    assert_eq!(fs::read_dir(&requests).unwrap().count(), 3, "nothing is lost but what was never acknowledged");
}

#[test]
fn a_folder_that_cannot_be_written_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path()).unwrap();
    fs::remove_dir_all(folder.path().join("requests")).unwrap();
    assert!(journal.probe().is_err());
    let failed = journal.put(&JournalRecord::new(request(1), None)).unwrap_err();
    assert!(matches!(failed, JournalError::Write { .. }) && !failed.is_no_space());
}

#[test]
fn what_somebody_has_put_there_is_never_a_request_and_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let requests = folder.path().join("requests");
    let (journal, _) = Journal::open(folder.path()).unwrap();
    journal.put(&JournalRecord::new(request(1), None)).unwrap();
    drop(journal);
    let path = |milliseconds| requests.join(format!("{}.json", request(milliseconds).id));
    let write = |milliseconds, to: &std::path::Path| {
        fs::write(to, serde_json::to_vec(&JournalRecord::new(request(milliseconds), None)).unwrap()).unwrap();
    };
    mknodat(CWD, path(2), FileType::Fifo, Mode::RWXU, 0).unwrap();
    write(3, &folder.path().join("elsewhere"));
    symlink(folder.path().join("elsewhere"), path(3)).unwrap();
    fs::create_dir(path(4)).unwrap();
    fs::create_dir(path(4).with_extension("broken")).unwrap();
    fs::create_dir(path(5).with_extension("tmp")).unwrap();
    fs::write(path(6), "[".repeat(1_000_000)).unwrap();
    let (_journal, found) = Journal::open(folder.path()).unwrap();
    assert_eq!(found.records.len(), 1);
    assert_eq!(found.broken.len(), 5, "{:?}", found.broken);
}

#[test]
fn the_folder_is_the_agents_alone() {
    let folder = tempfile::tempdir().unwrap();
    let requests = folder.path().join("requests");
    fs::create_dir(&requests).unwrap();
    fs::set_permissions(&requests, fs::Permissions::from_mode(0o777)).unwrap();
    drop(Journal::open(folder.path()).unwrap());
    assert_eq!(fs::metadata(&requests).unwrap().permissions().mode() & 0o777, 0o700);
    if geteuid().is_root() {
        std::os::unix::fs::chown(&requests, Some(61_001), None).unwrap();
        assert!(matches!(Journal::open(folder.path()), Err(JournalError::Folder { .. })));
    }
}

#[test]
fn a_start_has_no_report_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, _) = Journal::open(folder.path()).unwrap();
    journal.put(&JournalRecord::new(request(1), Some(ended()))).unwrap();
    drop(journal);
    let (journal, mut found) = Journal::open(folder.path()).unwrap();
    assert_eq!(found.records.remove(0).ended.unwrap().report.get(), "null");
    assert_ne!(journal.get(&request(1).id).unwrap().ended.unwrap().report.get(), "null");
}
