//! ARNs of ECS within any text.

use super::command::describe_command;
use crate::task::arn::is_account_id;
use crate::task::region::Region;

/// An ARN of ECS. None of its characters means anything to a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EcsArn<'a> {
    pub text: &'a str,
    pub region: &'a str,
    /// `task-definition`, `task`, `service` or another kind.
    pub kind: &'a str,
    /// What follows the kind, such as `web:3` or `cluster/web`.
    pub name: &'a str,
}

impl<'a> EcsArn<'a> {
    /// All ARNs of ECS in a text, in its order.
    pub(super) fn find_all(text: &'a str) -> impl Iterator<Item = Self> {
        text.match_indices("arn:aws").filter_map(|(at, _)| {
            let rest = &text[at..];
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || ":/_-".contains(letter);
            let arn = rest[..rest.find(|letter| !is_part(letter)).unwrap_or(rest.len())].trim_end_matches([':', '/']);
            let mut parts = arn.splitn(6, ':').skip(2);
            let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
            let (kind, name) = parts.next()?.split_once('/')?;
            let is_valid = service == "ecs" && Region::parse(region).is_ok() && is_account_id(account);
            is_valid.then_some(Self { text: arn, region, kind, name })
        })
    }
}

/// The command that pulls the task definition that a text names, directly or through a task or a service.
pub(super) fn command_for_arn(text: &str) -> Option<String> {
    let of_kind = |kind: &'static str| EcsArn::find_all(text).filter(move |arn| arn.kind == kind);
    // A list of task definitions is in the order of their revisions.
    let definition = if text.contains("taskDefinitionArns") {
        of_kind("task-definition").last()
    } else {
        of_kind("task-definition").next()
    };
    if let Some(arn) = definition {
        return Some(describe_command(arn.text, Some(arn.region)));
    }
    let (arn, action, list, query) = of_kind("service")
        .map(|arn| (arn, "describe-services", "--services", "services[0].taskDefinition"))
        .chain(of_kind("task").map(|arn| (arn, "describe-tasks", "--tasks", "tasks[0].taskDefinitionArn")))
        .next()?;
    let EcsArn { text, region, name, .. } = arn;
    let cluster = name.split_once('/').map(|(cluster, _)| format!(" --cluster {cluster}")).unwrap_or_default();
    let definition =
        format!("\"$(aws ecs {action} --region {region}{cluster} {list} {text} --query '{query}' --output text)\"");
    Some(describe_command(&definition, Some(region)))
}

#[cfg(test)]
mod tests {
    use super::{EcsArn, command_for_arn};

    #[test]
    fn arns_are_found_in_any_text() {
        let text = "x: arn:aws:ecs:us-east-1:111122223333:task-definition/web:3, \"arn:aws-cn:ecs:cn-north-1:111122223333:service/c/web\" arn:aws:iam::111122223333:role/x arn:aws:ecs:us-east-1:1:task/x arn:aws";
        let found: Vec<_> = EcsArn::find_all(text).map(|arn| (arn.kind, arn.name, arn.region)).collect();
        assert_eq!(found, [("task-definition", "web:3", "us-east-1"), ("service", "c/web", "cn-north-1")]);
    }

    #[test]
    fn the_last_of_a_list_is_the_newest() {
        let text = r#"{"taskDefinitionArns": ["arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1", "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2"]}"#;
        assert!(command_for_arn(text).unwrap().contains(
            "--region eu-west-1 --task-definition arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2 "
        ));
    }

    #[test]
    fn a_task_leads_to_its_definition() {
        let text = r#"{"taskArns": ["arn:aws:ecs:eu-west-1:111122223333:task/main/0123456789abcdef"]}"#;
        let command = command_for_arn(text).unwrap();
        assert!(command.contains("aws ecs describe-tasks --region eu-west-1 --cluster main --tasks arn:aws:ecs:eu-west-1:111122223333:task/main/0123456789abcdef"), "{command}");
    }
}
