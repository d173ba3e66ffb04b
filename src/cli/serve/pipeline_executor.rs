//! Runs the agent's requests through the pipeline, with the current configuration.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::components::{AgentComponents, Configuration};
use super::socket_access::access;
use crate::agent::api::Access;
use crate::agent::metrics::DownloadCounter;
use crate::agent::{AgentMetrics, JobEvents, JobExecutor, JobPlan, Submission};
use crate::cli::app_context::AppContext;
use crate::cli::arguments::ServeArguments;
use crate::cli::terminal::stderr::{print_failure, print_line};
use crate::error::Failure;
use crate::pipeline::{Input, IssuedLogin, PullRun};
use crate::pull::reach;
use crate::report::Report;
use crate::sync::Mutex;
use crate::task::ImageReference;

/// How long reading the settings may take; a signal that arrives meanwhile waits.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs requests with the components of the current configuration.
pub(super) struct PipelineExecutor {
    components: Mutex<Arc<AgentComponents>>,
    pub metrics: Arc<AgentMetrics>,
}

impl PipelineExecutor {
    pub(super) fn new(components: AgentComponents, metrics: Arc<AgentMetrics>) -> Self {
        Self { components: Mutex::new(Arc::new(components)), metrics }
    }

    fn components(&self) -> Arc<AgentComponents> {
        Arc::clone(&self.components.lock())
    }

    /// Reads the settings again. Running requests keep the components they started with. Invalid settings
    /// change nothing.
    pub(super) async fn reload(&self, arguments: &ServeArguments, current_access: &RwLock<Access>) {
        let (arguments, metrics) = (arguments.clone(), Arc::clone(&self.metrics));
        // On a thread for blocking work, because a disk or a directory service may not answer.
        let loaded = tokio::task::spawn_blocking(move || {
            let configuration = Configuration::load(&arguments, &metrics)?;
            Ok::<_, Failure>((access(&configuration.settings), configuration.components))
        });
        let Ok(Ok(loaded)) = timeout(RELOAD_TIMEOUT, loaded).await else {
            return print_line("reading the configuration timed out; the previous configuration stays in effect");
        };
        match loaded {
            Ok((access, components)) => {
                *current_access.write().unwrap_or_else(PoisonError::into_inner) = access;
                *self.components.lock() = Arc::new(components);
                print_line("configuration reloaded");
            }
            Err(failure) => {
                print_failure(&failure);
                print_line("the previous configuration stays in effect");
            }
        }
    }
}

impl JobExecutor for PipelineExecutor {
    fn plan(&self, source: &str, definition: &[u8]) -> JobPlan {
        let run = pull_run(&self.components().context, source, definition);
        JobPlan { subjects: run.subjects(), report: run.dry_run(None) }
    }

    fn check_engine(&self) -> BoxFuture<'_, Result<(), Failure>> {
        async {
            let context = &self.components().context;
            reach(&context.engine, &context.limits.deadlines).await.map_err(Failure::from)
        }
        .boxed()
    }

    fn login<'a>(&'a self, image: &'a ImageReference) -> BoxFuture<'a, Result<Option<IssuedLogin>, Arc<Failure>>> {
        async move { self.components().logins.login(image).await }.boxed()
    }

    fn run<'a>(
        &'a self,
        submission: &'a Submission,
        events: &'a JobEvents,
        interrupt: &'a CancellationToken,
    ) -> BoxFuture<'a, Report> {
        async move {
            let context = &self.components().context;
            let run = pull_run(context, submission.source.as_str(), submission.definition.as_bytes());
            events.start(run.subjects());
            let progress = DownloadCounter::new(&self.metrics, events);
            let AppContext { credentials, engine, limiter, limits, .. } = context;
            run.pull(&**credentials, engine, limiter, limits, &progress, interrupt).await
        }
        .boxed()
    }
}

fn pull_run(context: &AppContext, source: &str, definition: &[u8]) -> PullRun {
    context.plan(vec![Input { source: source.to_owned(), text: Ok(definition.to_vec()) }])
}
