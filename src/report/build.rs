//! A report from a plan and what came of its pulls.

use std::time::{Duration, SystemTime};

use super::{
    AwsRequestReport, ContainerReport, ContainerResult, CredentialReport, FellBackReport, Report, RetryReport, Summary,
    TaskReport,
};
use crate::aws::AwsRequest;
use crate::credential::{Provenance, SecretNames};
use crate::error::{Failure, Printable};
use crate::plan::{HostLogin, Need, PlannedPull, PlannedTask, PullPlan};
use crate::pull::{FailedAttempt, PullOutcome, PullResultKind, PulledImage};

impl Report {
    /// The report of a plan that was carried out: its pulls and their outcomes. A credential
    /// that was never had is told as it was planned.
    #[must_use]
    pub fn of_pulls(
        tasks: Vec<PlannedTask>,
        pulls: &[(PlannedPull, PullOutcome)],
        invalid_inputs: Vec<Failure>,
        took: Duration,
    ) -> Self {
        Self::new(tasks, invalid_inputs, took, |container, index| {
            let (pull, outcome) = &pulls[index];
            container.wanted_platform = pull.platform.as_ref().map(ToString::to_string);
            let served = outcome.origin.as_ref().map(CredentialReport::from);
            let way = if outcome.fell_back.is_some() { pull } else { pull.first_route() };
            container.credential = Some(served.unwrap_or_else(|| CredentialReport::from(&way.need)));
            container.goes(pull, outcome.fell_back.as_deref());
            container.attempts = Some(outcome.attempts).filter(|attempts| *attempts > 0);
            container.duration_ms = container.attempts.map(|_| milliseconds(outcome.duration));
            container.waited_ms = container.attempts.map(|_| milliseconds(outcome.waited));
            container.warnings.clone_from(&outcome.warnings);
            container.retries = outcome.retries.iter().map(RetryReport::from).collect();
            match &outcome.result {
                Ok(pulled) => container.succeed(pulled),
                Err(failure) => container.fail(failure.clone()),
            }
        })
    }

    /// The report of a plan that was only made.
    #[must_use]
    pub fn of_plan(plan: PullPlan, invalid_inputs: Vec<Failure>, took: Duration) -> Self {
        let PullPlan { tasks, pulls } = plan;
        Self::new(tasks, invalid_inputs, took, |container, index| {
            let pull = &pulls[index];
            container.wanted_platform = pull.platform.as_ref().map(ToString::to_string);
            container.credential = Some(CredentialReport::from(&pull.first_route().need));
            container.upstream_credential =
                pull.pull_through.as_ref().map(|_| Box::new(CredentialReport::from(&pull.need)));
            container.goes(pull, None);
        })
    }

    /// The report of an input that is no task definition.
    #[must_use]
    pub fn of_invalid(failure: Failure) -> Self {
        Self::new(Vec::new(), vec![failure], Duration::ZERO, |_, _| {})
    }

    fn new(
        tasks: Vec<PlannedTask>,
        invalid_inputs: Vec<Failure>,
        took: Duration,
        fill: impl Fn(&mut ContainerReport, usize),
    ) -> Self {
        let mut summary =
            Summary { invalid_inputs: invalid_inputs.len(), duration_ms: milliseconds(took), ..Summary::default() };
        let tasks = tasks
            .into_iter()
            .map(|task| TaskReport {
                source: task.source,
                family: task.family,
                warnings: task
                    .warnings
                    .iter()
                    .map(|warning| format!("{}: {}", warning.container, warning.message))
                    .collect(),
                containers: task
                    .containers
                    .into_iter()
                    .map(|planned| {
                        let mut container = ContainerReport {
                            name: planned.name.to_string(),
                            image: planned.image,
                            registry: planned.registry,
                            result: ContainerResult::Planned,
                            digest: None,
                            via: None,
                            fell_back: None,
                            credential: None,
                            upstream_credential: None,
                            wanted_platform: None,
                            platform: None,
                            attempts: None,
                            waited_ms: None,
                            duration_ms: None,
                            warnings: Vec::new(),
                            retries: Vec::new(),
                            verified: None,
                            instead_of: None,
                            failure: None,
                        };
                        match planned.pull {
                            Ok(index) => fill(&mut container, index),
                            Err(failure) => container.fail(failure),
                        }
                        summary.count(container.result);
                        container
                    })
                    .collect(),
            })
            .collect();
        Self { schema_version: 1, tasks, invalid_inputs, summary }
    }
}

impl ContainerReport {
    /// Which way the pull takes, where it has two.
    fn goes(&mut self, pull: &PlannedPull, fell_back: Option<&Failure>) {
        let Some(rule) = &pull.pull_through else { return };
        let via = Printable::new(&rule.image.to_string());
        match fell_back {
            Some(because) => self.fell_back = Some(Box::new(FellBackReport { via, because: because.clone() })),
            None => self.via = Some(via),
        }
    }

    fn succeed(&mut self, PulledImage { digest, how, platform }: &PulledImage) {
        self.digest = digest.as_deref().map(Printable::new);
        self.platform = platform.as_ref().map(ToString::to_string);
        self.result = ContainerResult::from(how);
        if let PullResultKind::Cached { verified, instead_of } = how {
            self.verified = Some(*verified);
            self.instead_of.clone_from(instead_of);
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.result = ContainerResult::from(&failure);
        self.failure = Some(failure);
    }
}

impl From<&PullResultKind> for ContainerResult {
    fn from(how: &PullResultKind) -> Self {
        match how {
            PullResultKind::Fetched => Self::Pulled,
            PullResultKind::UpToDate => Self::UpToDate,
            PullResultKind::Cached { .. } => Self::Cached,
        }
    }
}

impl From<&Failure> for ContainerResult {
    fn from(failure: &Failure) -> Self {
        if failure.was_stopped() { Self::Cancelled } else { Self::Failed }
    }
}

impl Summary {
    fn count(&mut self, ending: ContainerResult) {
        *match ending {
            ContainerResult::Pulled => &mut self.pulled,
            ContainerResult::UpToDate => &mut self.up_to_date,
            ContainerResult::Cached => &mut self.cached,
            ContainerResult::Failed => &mut self.failed,
            ContainerResult::Cancelled => &mut self.cancelled,
            ContainerResult::Planned => &mut self.planned,
        } += 1;
    }
}

impl From<&FailedAttempt> for RetryReport {
    fn from(FailedAttempt { attempt, wait, failure }: &FailedAttempt) -> Self {
        Self { attempt: *attempt, wait_ms: milliseconds(*wait), because: failure.clone() }
    }
}

impl From<&Provenance> for CredentialReport {
    fn from(origin: &Provenance) -> Self {
        match origin {
            Provenance::Anonymous => Self::Anonymous,
            Provenance::Instance(login) => Self::from(login),
            Provenance::Ecr { registry, identity, expires, requests } => Self::Ecr {
                account: registry.account.clone(),
                region: registry.region.to_string(),
                identity: identity.name().to_owned(),
                expires_at: expires.map(timestamp),
                aws_requests: reported(requests),
            },
            Provenance::EcrPublic { identity, expires, without, requests } => Self::EcrPublic {
                identity: identity.name().to_owned(),
                expires_at: expires.map(timestamp),
                aws_requests: reported(requests),
                without_token: without.clone(),
            },
            Provenance::Secret { names, notes, identity, stale } => {
                let SecretNames { arn, version_id, account, region, stage, requests } = &**names;
                Self::Secret {
                    arn: arn.clone(),
                    version_id: Some(version_id.clone()),
                    stage: stage.clone(),
                    warnings: notes.clone(),
                    account: account.clone(),
                    region: region.clone(),
                    identity: identity.name().to_owned(),
                    stale_seconds: stale.map(|age| age.as_secs()),
                    aws_requests: reported(requests),
                }
            }
        }
    }
}

impl From<&Need> for CredentialReport {
    fn from(need: &Need) -> Self {
        match need {
            Need::Anonymous => Self::Anonymous,
            Need::HostLogin(login) => Self::from(login),
            Need::Ecr { registry, identity } => Self::Ecr {
                account: registry.account.clone(),
                region: registry.region.to_string(),
                identity: identity.name().to_owned(),
                expires_at: None,
                aws_requests: Vec::new(),
            },
            Need::EcrPublic { identity } => Self::EcrPublic {
                identity: identity.name().to_owned(),
                expires_at: None,
                aws_requests: Vec::new(),
                without_token: None,
            },
            Need::Secret { parameter, identity } => Self::Secret {
                arn: Printable::new(parameter.as_str()),
                version_id: None,
                stage: None,
                warnings: Vec::new(),
                account: parameter.account().map(str::to_owned),
                region: parameter.region().map(ToString::to_string),
                identity: identity.name().to_owned(),
                stale_seconds: None,
                aws_requests: Vec::new(),
            },
        }
    }
}

impl From<&HostLogin> for CredentialReport {
    fn from(login: &HostLogin) -> Self {
        Self::Instance { source: login.source.to_string(), matched: Printable::new(&login.scope) }
    }
}

fn reported(requests: &[AwsRequest]) -> Vec<AwsRequestReport> {
    let one = |AwsRequest { operation, id }: &AwsRequest| AwsRequestReport {
        operation: (*operation).to_owned(),
        id: id.clone(),
    };
    requests.iter().map(one).collect()
}

/// To the second, as AWS writes it.
pub(crate) fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
