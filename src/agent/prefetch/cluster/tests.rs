use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{ClusterApi, ClusterPrefetchSettings, ClusterPrefetcher};
use crate::agent::{JobResult, JobState, JobStore, Journal, StoreLimits};
use crate::cluster::{Attributes, ClusterDefinition, ContainerInstance, LaunchType, Workload};
use crate::error::{Class, Failure, Link, Printable};
use crate::report::{Report, Summary};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// A cluster whose answers the test controls.
struct FakeCluster(Mutex<State>);

struct State {
    workloads: Result<Vec<Workload>, Failure>,
    definitions: BTreeMap<&'static str, Result<ClusterDefinition, Failure>>,
    attributes: Option<Attributes>,
    scans: usize,
    asked: Vec<String>,
}

impl FakeCluster {
    /// A cluster with one service for each of these definitions.
    fn with(definitions: &[&'static str]) -> Self {
        let fake = Self(Mutex::new(State {
            workloads: Ok(Vec::new()),
            definitions: definitions.iter().map(|arn| (*arn, Ok(definition(&[], None)))).collect(),
            attributes: None,
            scans: 0,
            asked: Vec::new(),
        }));
        fake.runs(definitions);
        fake
    }

    fn runs(&self, definitions: &[&str]) {
        self.state().workloads = Ok(definitions.iter().map(|arn| service(arn)).collect());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn asked(&self, arn: &str) -> usize {
        self.state().asked.iter().filter(|asked| *asked == arn).count()
    }
}

impl ClusterApi for FakeCluster {
    fn name(&self) -> String {
        "test".to_owned()
    }

    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        self.state().scans += 1;
        let answer = self.state().workloads.clone();
        async { answer }.boxed()
    }

    fn definition<'a>(&'a self, arn: &'a str) -> BoxFuture<'a, Result<ClusterDefinition, Failure>> {
        self.state().asked.push(arn.to_owned());
        let answer = self.state().definitions[arn].clone();
        async { answer }.boxed()
    }

    fn instance(&self) -> BoxFuture<'_, Result<ContainerInstance, Failure>> {
        let attributes = self.state().attributes.clone();
        async { Ok(ContainerInstance { launch: LaunchType::Ec2, attributes }) }.boxed()
    }
}

fn service(definition: &str) -> Workload {
    let definitions = vec![definition.to_owned()];
    Workload { name: "web".to_owned(), launch: Vec::new(), member_of: Vec::new(), definitions }
}

fn definition(member_of: &[&str], system: Option<&str>) -> ClusterDefinition {
    let platform = serde_json::json!({ "operatingSystemFamily": system });
    let containers = serde_json::json!([{ "name": "app", "image": "registry.example/app:1" }]);
    let json = serde_json::json!({ "family": "web", "runtimePlatform": platform, "containerDefinitions": containers });
    ClusterDefinition { json: json.to_string(), member_of: member_of.iter().map(|text| (*text).to_owned()).collect() }
}

fn failure(class: Class) -> Failure {
    let (resource, message) = (Printable::new("test"), Printable::new("the call failed"));
    Failure { link: Link::HostIdentity, class, resource, message, caused_by: Vec::new(), hint: None }
}

/// Prefetches a cluster with a scan every minute, until the test is done.
async fn run_prefetcher<T>(
    fake: &FakeCluster,
    pull_interval: Option<Duration>,
    test: impl AsyncFnOnce(&Arc<JobStore>) -> T,
) -> T {
    let folder = tempfile::tempdir().unwrap();
    let (journal, loaded) = Journal::open(folder.path()).unwrap();
    let (queue, _accepted) = mpsc::unbounded_channel();
    let jobs = Arc::new(JobStore::new(journal, loaded.records, StoreLimits { open: 4, history: 2 }, queue));
    let (settings, drain) =
        (ClusterPrefetchSettings { cluster: fake, interval: MINUTE, pull_interval }, CancellationToken::new());
    let test = async {
        settle().await;
        let done = test(&jobs).await;
        drain.cancel();
        done
    };
    futures_util::future::join(test, ClusterPrefetcher::new(&jobs, settings).run(&drain)).await.0
}

/// Lets everything happen that is due now.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// Waits for longer than the scan interval with its jitter.
async fn next_scan() {
    sleep(MINUTE.mul_f64(1.2)).await;
}

/// The sources of all listed jobs, sorted.
fn sources(jobs: &JobStore) -> Vec<String> {
    let mut sources: Vec<_> = jobs.list(100, |_| true).iter().map(|snapshot| snapshot.source.to_string()).collect();
    sources.sort();
    sources
}

/// Ends all open jobs as succeeded, and returns their number.
async fn end_open_jobs(jobs: &Arc<JobStore>) -> usize {
    let report = Report {
        schema_version: 1,
        warnings: Vec::new(),
        tasks: Vec::new(),
        invalid_inputs: Vec::new(),
        summary: Summary::default(),
    };
    let mut count = 0;
    for snapshot in jobs.list(100, |_| true) {
        if let JobState::Open(active) = snapshot.state {
            jobs.end(&active, JobResult::Succeeded, &report).await;
            count += 1;
        }
    }
    count
}

#[tokio::test(start_paused = true)]
async fn scan_adds_new_definitions_and_removes_the_others() {
    let fake = FakeCluster::with(&["a", "b", "c"]);
    fake.runs(&["a", "b"]);
    run_prefetcher(&fake, None, async |jobs| {
        assert_eq!(sources(jobs), ["a", "b"]);
        let a = jobs.list(100, |snapshot| snapshot.source.as_str() == "a").remove(0);
        let JobState::Open(active) = a.state else { panic!("the job has ended") };
        fake.runs(&["b", "c"]);
        next_scan().await;
        assert_eq!(sources(jobs), ["b", "c"]);
        assert!(active.cancel.is_cancelled(), "its job is cancelled");
        assert_eq!(fake.asked("b"), 1, "a revision never changes");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn known_definitions_are_pulled_again_during_an_outage_of_ecs() {
    let fake = FakeCluster::with(&["a", "b"]);
    fake.runs(&["a"]);
    run_prefetcher(&fake, Some(HOUR), async |jobs| {
        assert_eq!(end_open_jobs(jobs).await, 1);
        fake.state().workloads = Err(failure(Class::Unavailable));
        sleep(HOUR / 2).await;
        assert_eq!((sources(jobs), end_open_jobs(jobs).await), (vec!["a".to_owned()], 0));
        sleep(HOUR).await;
        assert_eq!(end_open_jobs(jobs).await, 1);
        fake.runs(&["a", "b"]);
        next_scan().await;
        assert_eq!(sources(jobs), ["a", "b"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn definition_is_pulled_again_after_the_interval_unless_still_open() {
    let fake = FakeCluster::with(&["a"]);
    run_prefetcher(&fake, Some(HOUR), async |jobs| {
        let first = jobs.list(1, |_| true).remove(0).id;
        sleep(HOUR * 2).await;
        assert_eq!(jobs.list(1, |_| true).remove(0).id, first, "the first job is still open");
        assert_eq!(end_open_jobs(jobs).await, 1);
        sleep(HOUR.mul_f64(1.2)).await;
        assert_ne!(jobs.list(1, |_| true).remove(0).id, first);
        assert_eq!((sources(jobs).len(), end_open_jobs(jobs).await), (1, 1), "the previous job is not listed any more");
        assert_eq!(fake.asked("a"), 1);
    })
    .await;
    run_prefetcher(&fake, None, async |jobs| {
        assert_eq!(end_open_jobs(jobs).await, 1);
        sleep(HOUR * 1_000).await;
        assert_eq!(end_open_jobs(jobs).await, 0, "without an interval, nothing is pulled again");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unplaceable_definition_is_pulled_once_the_instance_attributes_match() {
    let fake = FakeCluster::with(&["a", "constrained", "windows"]);
    fake.state().definitions.insert("constrained", Ok(definition(&["attribute:stack == api"], None)));
    fake.state().definitions.insert("windows", Ok(definition(&[], Some("WINDOWS_SERVER_2022_CORE"))));
    fake.state().attributes = Some([("stack".to_owned(), "web".to_owned())].into());
    run_prefetcher(&fake, None, async |jobs| {
        assert_eq!(sources(jobs), ["a"]);
        next_scan().await;
        assert_eq!((fake.asked("constrained"), fake.asked("windows")), (1, 1), "each definition is read once");
        fake.state().attributes = Some([("stack".to_owned(), "api".to_owned())].into());
        next_scan().await;
        assert_eq!(sources(jobs), ["a", "constrained"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unreadable_definition_does_not_affect_the_others() {
    let fake = FakeCluster::with(&["a", "bad", "c"]);
    fake.state().definitions.insert("bad", Err(failure(Class::Unknown)));
    run_prefetcher(&fake, None, async |jobs| {
        assert_eq!(sources(jobs), ["a", "c"]);
        next_scan().await;
        assert_eq!(fake.asked("bad"), 2, "every scan asks for it again");
        fake.state().definitions.insert("bad", Ok(definition(&[], None)));
        next_scan().await;
        assert_eq!(sources(jobs), ["a", "bad", "c"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn definition_without_an_answer_does_not_block_the_others_forever() {
    let fake = FakeCluster::with(&["a", "b", "c", "silent"]);
    fake.state().definitions.insert("silent", Err(failure(Class::TimedOut)));
    run_prefetcher(&fake, None, async |jobs| {
        sleep(HOUR).await;
        assert_eq!(sources(jobs), ["a", "b", "c"]);
        assert_eq!(["a", "b", "c"].map(|arn| fake.asked(arn)), [1; 3]);
        assert_eq!(fake.asked("silent"), fake.state().scans, "each scan ends with it");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn removed_definitions_leave_no_state_behind() {
    let names: Vec<&'static str> = (0..500).map(|number| &*format!("definition-{number}").leak()).collect();
    let fake = FakeCluster::with(&names);
    for name in names.iter().step_by(2) {
        fake.state().definitions.insert(name, Err(failure(Class::Unknown)));
    }
    run_prefetcher(&fake, Some(HOUR), async |jobs| {
        assert_eq!(sources(jobs).len(), 100, "the list is limited to 100");
        end_open_jobs(jobs).await;
        fake.runs(&[]);
        next_scan().await;
        assert_eq!(sources(jobs), [""; 0]);
        fake.runs(&names[..2]);
        next_scan().await;
        assert_eq!((sources(jobs).len(), fake.asked(names[1])), (1, 2), "a definition that returns is new");
    })
    .await;
}
