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

/// A cluster that is what the test says.
struct Fake(Mutex<State>);

struct State {
    workloads: Result<Vec<Workload>, Failure>,
    definitions: BTreeMap<&'static str, Result<ClusterDefinition, Failure>>,
    attributes: Option<Attributes>,
    looks: usize,
    asked: Vec<String>,
}

impl Fake {
    /// With one service for each of these definitions, which are there.
    fn with(definitions: &[&'static str]) -> Self {
        let fake = Self(Mutex::new(State {
            workloads: Ok(Vec::new()),
            definitions: definitions.iter().map(|arn| (*arn, Ok(definition(&[], None)))).collect(),
            attributes: None,
            looks: 0,
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

impl ClusterApi for Fake {
    fn name(&self) -> String {
        "test".to_owned()
    }

    fn workloads(&self) -> BoxFuture<'_, Result<Vec<Workload>, Failure>> {
        self.state().looks += 1;
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
    let (resource, message) = (Printable::new("test"), Printable::new("it failed"));
    Failure { link: Link::HostIdentity, class, resource, message, caused_by: Vec::new(), hint: None }
}

/// Keeps a cluster warm that is looked at every minute, until the test is done.
async fn keep<T>(fake: &Fake, pull_interval: Option<Duration>, test: impl AsyncFnOnce(&Arc<JobStore>) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let (journal, found) = Journal::open(folder.path()).unwrap();
    let (to_runner, _accepted) = mpsc::unbounded_channel();
    let desk = Arc::new(JobStore::new(journal, found.records, StoreLimits { open: 4, history: 2 }, to_runner));
    let (warming, drain) =
        (ClusterPrefetchSettings { cluster: fake, interval: MINUTE, pull_interval }, CancellationToken::new());
    let test = async {
        settle().await;
        let done = test(&desk).await;
        drain.cancel();
        done
    };
    futures_util::future::join(test, ClusterPrefetcher::new(&desk, warming).run(&drain)).await.0
}

/// Lets whatever is due happen.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

/// Waits until the cluster was surely looked at once more.
async fn look() {
    sleep(MINUTE.mul_f64(1.2)).await;
}

/// The sources of what is open or was done, sorted.
fn kept(desk: &JobStore) -> Vec<String> {
    let mut sources: Vec<_> = desk.list(100, |_| true).iter().map(|view| view.source.to_string()).collect();
    sources.sort();
    sources
}

/// Ends what is open, as if it had been pulled; gives how much that was.
async fn pull(desk: &Arc<JobStore>) -> usize {
    let report =
        Report { schema_version: 1, tasks: Vec::new(), invalid_inputs: Vec::new(), summary: Summary::default() };
    let mut count = 0;
    for view in desk.list(100, |_| true) {
        if let JobState::Open(open) = view.standing {
            desk.end(&open, JobResult::Succeeded, &report).await;
            count += 1;
        }
    }
    count
}

#[tokio::test(start_paused = true)]
async fn what_is_new_is_pulled_at_the_next_look_and_what_is_gone_is_withdrawn() {
    let fake = Fake::with(&["a", "b", "c"]);
    fake.runs(&["a", "b"]);
    keep(&fake, None, async |desk| {
        assert_eq!(kept(desk), ["a", "b"]);
        let a = desk.list(100, |view| view.source.as_str() == "a").remove(0);
        let JobState::Open(open) = a.standing else { panic!("it is open") };
        fake.runs(&["b", "c"]);
        look().await;
        assert_eq!(kept(desk), ["b", "c"]);
        assert!(open.cancel.is_cancelled(), "its pull is called off");
        assert_eq!(fake.asked("b"), 1, "a revision never changes");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_changes_nothing_and_what_is_warm_is_pulled_again_all_the_same() {
    let fake = Fake::with(&["a", "b"]);
    fake.runs(&["a"]);
    keep(&fake, Some(HOUR), async |desk| {
        assert_eq!(pull(desk).await, 1);
        fake.state().workloads = Err(failure(Class::Unavailable));
        sleep(HOUR / 2).await;
        assert_eq!((kept(desk), pull(desk).await), (vec!["a".to_owned()], 0));
        sleep(HOUR).await;
        assert_eq!(pull(desk).await, 1);
        fake.runs(&["a", "b"]);
        look().await;
        assert_eq!(kept(desk), ["a", "b"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_definition_is_pulled_again_after_the_interval_unless_it_is_still_tried() {
    let fake = Fake::with(&["a"]);
    keep(&fake, Some(HOUR), async |desk| {
        let first = desk.list(1, |_| true).remove(0).id;
        sleep(HOUR * 2).await;
        assert_eq!(desk.list(1, |_| true).remove(0).id, first, "it is still open");
        assert_eq!(pull(desk).await, 1);
        sleep(HOUR.mul_f64(1.2)).await;
        assert_ne!(desk.list(1, |_| true).remove(0).id, first);
        assert_eq!((kept(desk).len(), pull(desk).await), (1, 1), "the one before is not shown beside it");
        assert_eq!(fake.asked("a"), 1);
    })
    .await;
    keep(&fake, None, async |desk| {
        assert_eq!(pull(desk).await, 1);
        sleep(HOUR * 1_000).await;
        assert_eq!(pull(desk).await, 0, "never means never");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_placed_here_is_not_pulled_until_the_instance_is_another() {
    let fake = Fake::with(&["a", "constrained", "of windows"]);
    fake.state().definitions.insert("constrained", Ok(definition(&["attribute:stack == api"], None)));
    fake.state().definitions.insert("of windows", Ok(definition(&[], Some("WINDOWS_SERVER_2022_CORE"))));
    fake.state().attributes = Some([("stack".to_owned(), "web".to_owned())].into());
    keep(&fake, None, async |desk| {
        assert_eq!(kept(desk), ["a"]);
        look().await;
        assert_eq!((fake.asked("constrained"), fake.asked("of windows")), (1, 1), "they are remembered");
        fake.state().attributes = Some([("stack".to_owned(), "api".to_owned())].into());
        look().await;
        assert_eq!(kept(desk), ["a", "constrained"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_ecs_does_not_tell_costs_no_other() {
    let fake = Fake::with(&["a", "bad", "c"]);
    fake.state().definitions.insert("bad", Err(failure(Class::Unknown)));
    keep(&fake, None, async |desk| {
        assert_eq!(kept(desk), ["a", "c"]);
        look().await;
        assert_eq!(fake.asked("bad"), 2, "it is asked for at every look");
        fake.state().definitions.insert("bad", Ok(definition(&[], None)));
        look().await;
        assert_eq!(kept(desk), ["a", "bad", "c"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_is_never_answered_holds_up_no_other_for_long() {
    let fake = Fake::with(&["a", "b", "c", "silent"]);
    fake.state().definitions.insert("silent", Err(failure(Class::TimedOut)));
    keep(&fake, None, async |desk| {
        sleep(HOUR).await;
        assert_eq!(kept(desk), ["a", "b", "c"]);
        assert_eq!(["a", "b", "c"].map(|arn| fake.asked(arn)), [1; 3]);
        assert_eq!(fake.asked("silent"), fake.state().looks, "each look ends with it");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_remembered_of_what_has_come_and_gone() {
    let names: Vec<&'static str> = (0..500).map(|number| &*format!("definition-{number}").leak()).collect();
    let fake = Fake::with(&names);
    for name in names.iter().step_by(2) {
        fake.state().definitions.insert(name, Err(failure(Class::Unknown)));
    }
    keep(&fake, Some(HOUR), async |desk| {
        assert_eq!(kept(desk).len(), 100, "as many as are listed");
        pull(desk).await;
        fake.runs(&[]);
        look().await;
        assert_eq!(kept(desk), [""; 0]);
        fake.runs(&names[..2]);
        look().await;
        assert_eq!((kept(desk).len(), fake.asked(names[1])), (1, 2), "it is as new");
    })
    .await;
}
