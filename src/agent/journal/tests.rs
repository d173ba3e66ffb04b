use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::value::to_raw_value;

use super::{Ended, Journal, Record};
use crate::agent::journal_error::JournalError;
use crate::agent::request::{Ending, Moment, Origin, Peer, Request, RequestId, Submission};
use crate::error::Printable;

fn request(milliseconds: u64) -> Request {
    let now = UNIX_EPOCH + Duration::from_millis(milliseconds);
    let submission = Submission {
        source: Printable::new("web.json"),
        definition: r#"{"containerDefinitions":[{"image":"a"}]}"#.to_owned(),
        key: Some("deploy-7".to_owned()),
        by: Origin::Peer(Peer { uid: 1000, gid: 1000 }),
    };
    Request { id: RequestId::new(now, 7), accepted: Moment::new(now), submission }
}

fn ended() -> Ended {
    let report = to_raw_value(&serde_json::json!({"schemaVersion": 1, "tasks": []})).unwrap();
    Ended { at: Moment::new(UNIX_EPOCH), how: Ending::Succeeded, report }
}

#[test]
fn what_was_put_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found) = Journal::open(folder.path()).unwrap();
    assert!(found.records.is_empty());
    let (open, done, forgotten) = (request(2), request(1), request(3));
    for request in [&open, &done, &forgotten] {
        journal.put(&Record::new(request.clone(), None)).unwrap();
    }
    journal.put(&Record::new(done.clone(), Some(ended()))).unwrap();
    journal.forget(&forgotten.id);
    drop(journal);
    let (journal, found) = Journal::open(folder.path()).unwrap();
    let requests: Vec<_> = found.records.iter().map(|record| record.request.clone()).collect();
    assert_eq!(requests, [done.clone(), open], "oldest first, and whole");
    let Some(Ended { how: Ending::Succeeded, report, .. }) = journal.get(&done.id).unwrap().ended else { panic!() };
    assert_eq!(report.get(), r#"{"schemaVersion":1,"tasks":[]}"#);
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
    journal.put(&Record::new(request(1), None)).unwrap();
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
    let failed = journal.put(&Record::new(request(1), None)).unwrap_err();
    assert!(matches!(failed, JournalError::Write { .. }) && !failed.is_no_space());
}
