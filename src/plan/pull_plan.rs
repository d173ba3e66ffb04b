//! The plan of all pulls.

use std::collections::HashMap;

use super::planned_pull::{PlannedContainer, PlannedPull, PlannedTask};
use super::{
    credential_selection::CredentialSelector, plan_context::PlanContext, runtime_platform_error::RuntimePlatformError,
};
use crate::config::RoleUse;
use crate::error::{Failure, Printable};
use crate::identity::SessionName;
use crate::task::{ContainerDefinition, DefinitionWarning, TaskDefinition};

/// All pulls of one or more task definitions, without duplicates.
#[derive(Debug, Default)]
pub struct PullPlan {
    /// The tasks in the order of the inputs, for the report.
    pub tasks: Vec<PlannedTask>,
    /// Each distinct pull once, in fair order: the first pull of each task, then the second of
    /// each, so that a task with one container does not wait for a task with fifty.
    pub pulls: Vec<PlannedPull>,
}

impl PullPlan {
    /// Plans all tasks together.
    #[must_use]
    pub fn new(tasks: Vec<TaskDefinition>, context: &PlanContext<'_>) -> Self {
        let mut plan = Self::default();
        let mut indices = HashMap::new();
        for task in tasks {
            let planned = plan.plan_task(task, context, &mut indices);
            plan.tasks.push(planned);
        }
        plan.into_fair_order()
    }

    fn plan_task(
        &mut self,
        task: TaskDefinition,
        context: &PlanContext<'_>,
        indices: &mut HashMap<PlannedPull, usize>,
    ) -> PlannedTask {
        let PlanContext { roles, accounts, rewrites, platform: common_platform, host_login } = *context;
        let TaskDefinition { source, family, execution_role, platform, containers, mut warnings } = task;
        let platform = common_platform.map_or(platform, |platform| Ok(Some(platform.clone())));
        let platform = platform.map_err(|error| Failure::from(RuntimePlatformError(error)));
        let execution_role = match roles {
            RoleUse::Assume => execution_role.transpose(),
            RoleUse::Ignore => Ok(None),
        };
        let session = SessionName::from_family(family.as_ref().map(Printable::as_str));
        let selector = CredentialSelector { accounts, host_login, execution_role, session };
        let mut plan_container = |container: ContainerDefinition| {
            let ContainerDefinition { name, image, credentials } = container;
            let (image_text, registry) = (Printable::new(&image.to_string()), Some(image.registry().to_owned()));
            let pull = platform.clone().and_then(|platform| {
                let mut found = Vec::new();
                let pull = selector.plan_pull(rewrites, image, platform, credentials, &mut found)?;
                warnings.extend(found.into_iter().map(|warning| DefinitionWarning::new(&name, warning)));
                Ok(self.index_of(indices, pull))
            });
            PlannedContainer { name, image: image_text, registry, pull }
        };
        let containers = containers.into_iter().map(|container| match container {
            Ok(container) => plan_container(container),
            Err(error) => PlannedContainer {
                name: error.container.clone(),
                image: error.image.clone().into(),
                registry: None,
                pull: Err(error.into()),
            },
        });
        let containers = containers.collect();
        PlannedTask { source, family, containers, warnings }
    }

    /// The index of a pull, which is added unless an equal one is in the plan.
    fn index_of(&mut self, indices: &mut HashMap<PlannedPull, usize>, pull: PlannedPull) -> usize {
        *indices.entry(pull).or_insert_with_key(|pull| {
            self.pulls.push(pull.clone());
            self.pulls.len() - 1
        })
    }

    /// Sorts the pulls by the lowest position that they have in a task.
    fn into_fair_order(mut self) -> Self {
        let mut positions = vec![usize::MAX; self.pulls.len()];
        for task in &self.tasks {
            let pulls = task.containers.iter().filter_map(|container| container.pull.as_ref().ok());
            for (position, pull) in pulls.enumerate() {
                positions[*pull] = positions[*pull].min(position);
            }
        }
        let mut order: Vec<usize> = (0..self.pulls.len()).collect();
        order.sort_by_key(|pull| positions[*pull]);
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
}

#[cfg(test)]
mod tests {
    use crate::config::RewriteEntry;
    use crate::config::RoleUse;
    use crate::identity::AccountRoles;
    use crate::plan::{HostLogin, HostLoginSource, Need, PlanContext, PullPlan, Rewrites};
    use crate::task::{Platform, TaskDefinition};

    fn plan(texts: &[&str], roles: RoleUse) -> PullPlan {
        let tasks = texts.iter().map(|text| TaskDefinition::parse("-", text.as_bytes()).unwrap()).collect();
        PullPlan::new(tasks, &context(roles, &AccountRoles::default(), &Rewrites::default()))
    }

    fn context<'a>(roles: RoleUse, accounts: &'a AccountRoles, rewrites: &'a Rewrites) -> PlanContext<'a> {
        PlanContext { roles, accounts, rewrites, platform: None, host_login: &|_| None }
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
    fn a_different_secret_or_role_is_a_different_pull() {
        let texts = [task(ROLE, "nginx", "s"), task(ROLE, "nginx", "t"), task(OTHER, "nginx", "s")];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        assert_eq!(plan(&texts, RoleUse::Assume).pulls.len(), 3);
        assert_eq!(plan(&texts, RoleUse::Ignore).pulls.len(), 2);
    }

    #[test]
    fn a_malformed_role_affects_only_containers_that_need_it() {
        let text = r#"{"executionRoleArn": "<role>", "containerDefinitions": [{"name": "open", "image": "a"},
            {"name": "closed", "image": "b", "repositoryCredentials": {"credentialsParameter": "s"}}]}"#;
        let strict = plan(&[text], RoleUse::Assume);
        let containers = &strict.tasks[0].containers;
        assert_eq!(containers[0].pull, Ok(0));
        assert_eq!(containers[1].pull.as_ref().unwrap_err().resource.as_str(), "executionRoleArn");
        assert!(plan(&[text], RoleUse::Ignore).tasks[0].containers[1].pull.is_ok());
    }

    #[test]
    fn a_small_task_does_not_wait_for_a_large_one() {
        let many = r#"[{"image": "a"}, {"image": "b"}, {"image": "c"}]"#;
        let plan = plan(&[many, r#"[{"image": "d"}, {"image": "c"}]"#], RoleUse::Assume);
        let order: Vec<_> = plan.pulls.iter().map(|pull| pull.image.repository()).collect();
        assert_eq!(order, ["library/a", "library/d", "library/b", "library/c"]);
        let pulls_of = |task: usize| {
            plan.tasks[task].containers.iter().map(|container| *container.pull.as_ref().unwrap()).collect()
        };
        assert_eq!((pulls_of(0), pulls_of(1)), (vec![0, 2, 3], vec![1, 3]));
    }

    #[test]
    fn a_platform_makes_a_separate_pull_unless_one_is_configured() {
        let text = |platform: &str| {
            format!(r#"{{"runtimePlatform": {platform}, "containerDefinitions": [{{"image": "a"}}]}}"#)
        };
        let texts = [text("{}"), text(r#"{"cpuArchitecture": "ARM64"}"#), text(r#"{"cpuArchitecture": "M68K"}"#)];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let own = plan(&texts, RoleUse::Assume);
        assert_eq!(own.pulls.len(), 2);
        assert_eq!(own.tasks[2].containers[0].pull.as_ref().unwrap_err().resource.as_str(), "runtimePlatform");
        let tasks = texts.iter().map(|text| TaskDefinition::parse("-", text.as_bytes()).unwrap()).collect();
        let platform = Platform::parse("linux/s390x").unwrap();
        let (accounts, rewrites) = (AccountRoles::default(), Rewrites::default());
        let context = context(RoleUse::Assume, &accounts, &rewrites);
        let plan = PullPlan::new(tasks, &PlanContext { platform: Some(&platform), ..context });
        assert_eq!((plan.pulls.len(), &plan.pulls[0].platform), (1, &Some(platform.clone())));
    }

    #[test]
    fn the_host_login_is_used_only_without_container_credentials() {
        let text = r#"{"containerDefinitions": [{"name": "open", "image": "reg.example/a"}, {"name": "other", "image": "b"},
            {"name": "closed", "image": "reg.example/a", "repositoryCredentials": {"credentialsParameter": "s"}}]}"#;
        let login = HostLogin { source: HostLoginSource::DockerConfig, scope: "reg.example".to_owned() };
        let host_login = |image: &crate::task::ImageReference| (image.registry() == login.scope).then(|| login.clone());
        let tasks = vec![TaskDefinition::parse("-", text.as_bytes()).unwrap()];
        let (accounts, rewrites) = (AccountRoles::default(), Rewrites::default());
        let context = context(RoleUse::Assume, &accounts, &rewrites);
        let plan = PullPlan::new(tasks, &PlanContext { host_login: &host_login, ..context });
        let needs: Vec<_> = plan.pulls.iter().map(|pull| &pull.need).collect();
        assert_eq!(needs[..2], [&Need::HostLogin(login.clone()), &Need::Anonymous]);
        assert!(matches!(needs[2], Need::Secret { .. }));
    }

    /// The rewrites of a host with this rule for Docker Hub.
    fn rewrites_to(rule: &str) -> Rewrites {
        let entry = RewriteEntry { from: "docker.io".to_owned(), to: rule.to_owned() };
        Rewrites::new(&[entry]).unwrap()
    }

    #[test]
    fn a_rewritten_image_has_two_routes_with_their_own_needs() {
        let rule = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub";
        let rewrites = rewrites_to(rule);
        let accounts = AccountRoles::default();
        let plan_all = |texts: &[String]| {
            let tasks = texts.iter().map(|text| TaskDefinition::parse("-", text.as_bytes()).unwrap()).collect();
            PullPlan::new(tasks, &context(RoleUse::Assume, &accounts, &rewrites))
        };
        let both = plan_all(&[task(ROLE, "nginx", "s"), task(ROLE, "index.docker.io/library/nginx:latest", "s")]);
        let [pull] = &both.pulls[..] else { panic!("equal pulls are not merged: {:?}", both.pulls) };
        let pull_through = pull.pull_through.as_ref().unwrap();
        assert_eq!(pull_through.image.to_string(), format!("{rule}/library/nginx:latest"));
        assert!(matches!(&pull_through.need, Need::Ecr { identity, .. } if identity.name() == ROLE));
        assert!(matches!(&pull.need, Need::Secret { identity, .. } if identity.name() == ROLE));
        assert!(both.tasks.iter().all(|task| task.warnings.is_empty()), "the secret is the upstream's");
        let others = [task(OTHER, "nginx", "s"), task(ROLE, "nginx", "s"), task(ROLE, "ghcr.io/o/a", "s")];
        let others = plan_all(&others).pulls;
        assert_eq!((others.len(), &others[2].pull_through), (3, &None));
        assert_ne!(others[0].pull_through, others[1].pull_through, "another role's token");
    }

    #[test]
    fn an_image_with_a_digest_is_not_rewritten_but_warned_about() {
        let rewrites = rewrites_to("111122223333.dkr.ecr.eu-west-1.amazonaws.com");
        let text = task(ROLE, &format!("nginx@sha256:{}", "0".repeat(64)), "s");
        let accounts = AccountRoles::default();
        let tasks = vec![TaskDefinition::parse("-", text.as_bytes()).unwrap()];
        let plan = PullPlan::new(tasks, &context(RoleUse::Assume, &accounts, &rewrites));
        assert_eq!(plan.pulls[0].pull_through, None);
        assert!(plan.tasks[0].warnings[0].to_string().contains("named by its digest"));
    }
}
