//! The plan: which images, each with which need, each once.
//!
//! Pure: task definitions in, [`PullPlan`] out. Equal images with equal needs are one
//! pull, however many containers and tasks want them (A20); equal images with different
//! needs stay two, because a task never gains from another task's access.

mod asker;
mod need;
mod registries;
mod registry;
mod rewrite;

use std::collections::HashMap;

pub use need::{InstanceLogin, InstanceSource, Need};
pub use registries::{Registries, RegistriesError};
pub use registry::{EcrHostFault, EcrRegistry, Registry};
pub use rewrite::{RewriteError, Rewrites, RewrittenError};

use crate::config::RoleUse;
use crate::error::{Class, Explain, Failure, Link, Printable};
use crate::identity::{AccountRoles, SessionName};
use crate::task::{
    ContainerDefinition, ContainerName, ImageReference, Platform, PlatformError, TaskDefinition, Warning,
};
use asker::Asker;

/// What is to be pulled, and for whom.
#[derive(Debug, Default)]
pub struct PullPlan {
    /// The tasks in the order they were given, for the report.
    pub tasks: Vec<PlannedTask>,
    /// Each different pull once, in fair order: first each task's first one, then each
    /// task's second, so that a task of one container does not wait for one of fifty.
    pub pulls: Vec<PlannedPull>,
}

/// One pull: an image, with the credential it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PlannedPull {
    /// The image.
    pub image: ImageReference,
    /// What its registry wants to see.
    pub need: Need,
    /// Which build of it, where that is said.
    pub platform: Option<Platform>,
    /// The same image behind a pull-through rule, which is asked first; it has no such way of
    /// its own.
    pub through: Option<Box<PlannedPull>>,
}

impl PlannedPull {
    /// The ways to the image, in the order in which they are tried.
    pub fn ways(&self) -> impl Iterator<Item = &Self> {
        self.through.as_deref().into_iter().chain([self])
    }

    /// The way that is tried first.
    #[must_use]
    pub fn first_way(&self) -> &Self {
        self.through.as_deref().unwrap_or(self)
    }
}

/// One task definition's part of the plan.
#[derive(Debug)]
pub struct PlannedTask {
    /// Where it was read.
    pub source: Printable,
    /// Its family.
    pub family: Option<Printable>,
    /// Its containers in order.
    pub containers: Vec<PlannedContainer>,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Warning>,
}

/// One container's part of the plan.
#[derive(Debug)]
pub struct PlannedContainer {
    /// Its name.
    pub name: ContainerName,
    /// Its image: in full when it is a reference, else as it stands in the definition.
    pub image: Printable,
    /// The image's registry, when there is one to be told.
    pub registry: Option<String>,
    /// Its pull, as an index into [`PullPlan::pulls`], or why there is none.
    pub pull: Result<usize, Failure>,
}

/// `runtimePlatform` is none that ECS knows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct RuntimePlatformError(PlatformError);

impl Explain for RuntimePlatformError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn thing(&self) -> String {
        "runtimePlatform".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some("spell it as ECS does, or say the platform with --platform".to_owned())
    }
}

/// What a plan is told about the host it is made on.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    /// Whether secrets are read as the task's execution role or as the host.
    pub roles: RoleUse,
    /// Which accounts' secrets are read as yet another role.
    pub accounts: &'a AccountRoles,
    /// Which images are pulled through a rule of ECR's.
    pub rewrites: &'a Rewrites,
    /// The platform of every pull, whatever the tasks say; `None` leaves it to them.
    pub platform: Option<&'a Platform>,
    /// The login that the host itself has for an image.
    pub instance: &'a dyn Fn(&ImageReference) -> Option<InstanceLogin>,
}

impl PullPlan {
    /// Plans all tasks together, on the host that the context tells of.
    #[must_use]
    pub fn new(tasks: Vec<TaskDefinition>, context: &PlanContext<'_>) -> Self {
        let PlanContext { roles, accounts, rewrites, platform: of_all, instance } = *context;
        let mut plan = Self::default();
        let mut known = HashMap::new();
        for task in tasks {
            let TaskDefinition { source, family, execution_role, platform, containers, mut warnings } = task;
            let platform = of_all.map_or(platform, |platform| Ok(Some(platform.clone())));
            let platform = platform.map_err(|error| Failure::from(&RuntimePlatformError(error)));
            let execution_role = match roles {
                RoleUse::Assume => execution_role.transpose(),
                RoleUse::Ignore => Ok(None),
            };
            let asker = Asker {
                accounts,
                instance,
                execution_role,
                name: SessionName::of_family(family.as_ref().map(Printable::as_str)),
            };
            let containers: Vec<_> = containers
                .into_iter()
                .map(|container| match container {
                    Err(error) => PlannedContainer {
                        name: error.container.clone(),
                        image: error.image.clone(),
                        registry: None,
                        pull: Err(Failure::from(&error)),
                    },
                    Ok(ContainerDefinition { name, image, credentials }) => {
                        let shown = Printable::new(&image.to_string());
                        let registry = Some(image.registry().to_owned());
                        let pull = platform.clone().and_then(|platform| {
                            let (pull, odd) = asker.pull(rewrites, image, platform, credentials)?;
                            let messages = odd.iter().map(|text| Printable::new(text));
                            warnings.extend(messages.map(|message| Warning { container: name.clone(), message }));
                            Ok(plan.index(&mut known, pull))
                        });
                        PlannedContainer { name, image: shown, registry, pull }
                    }
                })
                .collect();
            plan.tasks.push(PlannedTask { source, family, containers, warnings });
        }
        plan.in_fair_order()
    }

    /// The same, with the pulls in the order of their place in the task where they come first.
    fn in_fair_order(mut self) -> Self {
        let mut places = vec![usize::MAX; self.pulls.len()];
        for task in &self.tasks {
            for (place, pull) in task.containers.iter().filter_map(|container| container.pull.as_ref().ok()).enumerate()
            {
                places[*pull] = places[*pull].min(place);
            }
        }
        let mut order: Vec<usize> = (0..self.pulls.len()).collect();
        order.sort_by_key(|pull| places[*pull]);
        let mut new_index = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            new_index[*old] = new;
        }
        self.pulls = order.into_iter().map(|old| self.pulls[old].clone()).collect();
        let containers = self.tasks.iter_mut().flat_map(|task| &mut task.containers);
        for pull in containers.filter_map(|container| container.pull.as_mut().ok()) {
            *pull = new_index[*pull];
        }
        self
    }

    fn index(&mut self, known: &mut HashMap<PlannedPull, usize>, pull: PlannedPull) -> usize {
        *known.entry(pull).or_insert_with_key(|pull| {
            self.pulls.push(pull.clone());
            self.pulls.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountRoles, InstanceLogin, InstanceSource, Need, PlanContext, PullPlan, Rewrites, RoleUse};
    use crate::config::RewriteEntry;
    use crate::task::{Platform, TaskDefinition};

    fn plan(texts: &[&str], roles: RoleUse) -> PullPlan {
        let tasks = texts.iter().map(|text| TaskDefinition::parse("-", text.as_bytes()).unwrap()).collect();
        PullPlan::new(tasks, &context(roles, &AccountRoles::default(), &Rewrites::default()))
    }

    fn context<'a>(roles: RoleUse, accounts: &'a AccountRoles, rewrites: &'a Rewrites) -> PlanContext<'a> {
        PlanContext { roles, accounts, rewrites, platform: None, instance: &|_| None }
    }

    fn task(role: &str, image: &str, secret: &str) -> String {
        format!(
            r#"{{"executionRoleArn": "{role}", "containerDefinitions": [{{"name": "a", "image": "{image}",
                "repositoryCredentials": {{"credentialsParameter": "{secret}"}}}}]}}"#
        )
    }

    const ROLE: &str = "arn:aws:iam::111122223333:role/one";
    const OTHER: &str = "arn:aws:iam::111122223333:role/other";

    #[test]
    fn equal_images_with_equal_needs_are_one_pull() {
        let texts = [task(ROLE, "nginx", "s"), task(ROLE, "docker.io/library/nginx:latest", "s")];
        let plan = plan(&[&texts[0], &texts[1]], RoleUse::Assume);
        assert_eq!(plan.pulls.len(), 1);
        assert!(plan.tasks.iter().all(|task| task.containers[0].pull == Ok(0)));
    }

    #[test]
    fn another_secret_or_another_role_is_another_pull() {
        let texts = [task(ROLE, "nginx", "s"), task(ROLE, "nginx", "t"), task(OTHER, "nginx", "s")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(plan(&texts, RoleUse::Assume).pulls.len(), 3);
        assert_eq!(plan(&texts, RoleUse::Ignore).pulls.len(), 2);
    }

    #[test]
    fn a_malformed_role_costs_only_the_containers_that_need_it() {
        let text = r#"{"executionRoleArn": "execution", "containerDefinitions": [{"name": "open", "image": "a"},
            {"name": "closed", "image": "b", "repositoryCredentials": {"credentialsParameter": "s"}}]}"#;
        let strict = plan(&[text], RoleUse::Assume);
        let containers = &strict.tasks[0].containers;
        assert_eq!(containers[0].pull, Ok(0));
        assert_eq!(containers[1].pull.as_ref().unwrap_err().thing.as_str(), "executionRoleArn");
        assert!(plan(&[text], RoleUse::Ignore).tasks[0].containers[1].pull.is_ok());
    }

    #[test]
    fn a_task_of_one_container_does_not_wait_for_one_of_many() {
        let many = r#"[{"image": "a"}, {"image": "b"}, {"image": "c"}]"#;
        let plan = plan(&[many, r#"[{"image": "d"}, {"image": "c"}]"#], RoleUse::Assume);
        let order: Vec<_> = plan.pulls.iter().map(|pull| pull.image.repository()).collect();
        assert_eq!(order, ["library/a", "library/d", "library/b", "library/c"]);
        let of_task = |task: usize| plan.tasks[task].containers.iter().map(|it| *it.pull.as_ref().unwrap()).collect();
        assert_eq!((of_task(0), of_task(1)), (vec![0, 2, 3], vec![1, 3]));
    }

    #[test]
    fn another_platform_is_another_pull_and_one_for_all_comes_first() {
        let text = |platform: &str| {
            format!(r#"{{"runtimePlatform": {platform}, "containerDefinitions": [{{"image": "a"}}]}}"#)
        };
        let texts = [text("{}"), text(r#"{"cpuArchitecture": "ARM64"}"#), text(r#"{"cpuArchitecture": "M68K"}"#)];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let said = plan(&texts, RoleUse::Assume);
        assert_eq!(said.pulls.len(), 2);
        assert_eq!(said.tasks[2].containers[0].pull.as_ref().unwrap_err().thing.as_str(), "runtimePlatform");
        let tasks = texts.iter().map(|text| TaskDefinition::parse("-", text.as_bytes()).unwrap()).collect();
        let platform = Platform::parse("linux/s390x").unwrap();
        let (accounts, rewrites) = (AccountRoles::default(), Rewrites::default());
        let context = context(RoleUse::Assume, &accounts, &rewrites);
        let plan = PullPlan::new(tasks, &PlanContext { platform: Some(&platform), ..context });
        assert_eq!((plan.pulls.len(), &plan.pulls[0].platform), (1, &Some(platform.clone())));
    }

    #[test]
    fn a_login_of_the_host_is_for_containers_that_name_none() {
        let text = r#"{"containerDefinitions": [{"name": "open", "image": "reg.example/a"}, {"name": "other", "image": "b"},
            {"name": "closed", "image": "reg.example/a", "repositoryCredentials": {"credentialsParameter": "s"}}]}"#;
        let login = InstanceLogin { source: InstanceSource::DockerConfig, scope: "reg.example".to_owned() };
        let of_host = |image: &crate::task::ImageReference| (image.registry() == login.scope).then(|| login.clone());
        let tasks = vec![TaskDefinition::parse("-", text.as_bytes()).unwrap()];
        let (accounts, rewrites) = (AccountRoles::default(), Rewrites::default());
        let context = context(RoleUse::Assume, &accounts, &rewrites);
        let plan = PullPlan::new(tasks, &PlanContext { instance: &of_host, ..context });
        let needs: Vec<_> = plan.pulls.iter().map(|pull| &pull.need).collect();
        assert_eq!(needs[..2], [&Need::Instance(login.clone()), &Need::Anonymous]);
        assert!(matches!(needs[2], Need::Secret { .. }));
    }

    /// The rewrites of a host that has this rule for Docker Hub.
    fn behind(rule: &str) -> Rewrites {
        let entry = RewriteEntry { from: "docker.io".to_owned(), to: rule.to_owned() };
        Rewrites::new(&[entry]).unwrap()
    }

    #[test]
    fn a_rewritten_image_has_two_ways_each_with_its_own_need() {
        let rule = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub";
        let rewrites = behind(rule);
        let accounts = AccountRoles::default();
        let plan = |texts: &[String]| {
            let tasks = texts.iter().map(|text| TaskDefinition::parse("-", text.as_bytes()).unwrap()).collect();
            PullPlan::new(tasks, &context(RoleUse::Assume, &accounts, &rewrites))
        };
        let both = plan(&[task(ROLE, "nginx", "s"), task(ROLE, "index.docker.io/library/nginx:latest", "s")]);
        let [pull] = &both.pulls[..] else { panic!("equal ones are one pull: {:?}", both.pulls) };
        let through = pull.through.as_ref().unwrap();
        assert_eq!(through.image.to_string(), format!("{rule}/library/nginx:latest"));
        assert!(matches!(&through.need, Need::Ecr { identity, .. } if identity.name() == ROLE));
        assert!(matches!(&pull.need, Need::Secret { identity, .. } if identity.name() == ROLE));
        assert!(both.tasks.iter().all(|task| task.warnings.is_empty()), "the secret is the upstream's");
        let others = [task(OTHER, "nginx", "s"), task(ROLE, "nginx", "s"), task(ROLE, "ghcr.io/o/a", "s")];
        let others = plan(&others).pulls;
        assert_eq!((others.len(), &others[2].through), (3, &None));
        assert_ne!(others[0].through, others[1].through, "another role's token");
    }

    #[test]
    fn an_image_that_is_named_by_its_digest_stays_where_it_is_and_a_warning_says_so() {
        let rewrites = behind("111122223333.dkr.ecr.eu-west-1.amazonaws.com");
        let text = task(ROLE, &format!("nginx@sha256:{}", "0".repeat(64)), "s");
        let accounts = AccountRoles::default();
        let tasks = vec![TaskDefinition::parse("-", text.as_bytes()).unwrap()];
        let plan = PullPlan::new(tasks, &context(RoleUse::Assume, &accounts, &rewrites));
        assert_eq!(plan.pulls[0].through, None);
        assert!(plan.tasks[0].warnings[0].message.as_str().contains("named by its digest"));
    }
}
