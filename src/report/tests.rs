//! The text of reports: one block for each cause, one entry for each login.

use textwrap::core::display_width;

use super::text::render;
use super::{AwsRequestReport, ContainerReport, ContainerResult, CredentialReport, Report, Summary, TaskReport};
use crate::error::{Class, Failure, Link, Printable};

const SECRET: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-AbCdEf";
const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/exec/web";

fn printable(text: &str) -> Printable {
    Printable::new(text)
}

fn secret(arn: &str, request: &str) -> CredentialReport {
    CredentialReport::Secret {
        arn: printable(arn),
        version_id: Some(printable("11111111-2222-4333-8444-555555555555")),
        stage: None,
        warnings: Vec::new(),
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        region_source: None,
        identity: "arn:aws:iam::111122223333:role/exec".to_owned(),
        principal: Some(printable(ROLE)),
        stale_seconds: None,
        aws_requests: vec![AwsRequestReport { operation: "GetSecretValue".to_owned(), id: printable(request) }],
    }
}

fn failure(link: Link, class: Class, image: &str, message: &str, cause: &str, hint: &str) -> Failure {
    Failure {
        link,
        class,
        resource: printable(image),
        message: printable(&format!("image {image}: {message}")),
        caused_by: vec![printable(cause)],
        hint: Some(printable(hint)),
    }
}

fn refused(image: &str) -> Failure {
    let (message, cause) = ("the registry does not accept these credentials", "unauthorized: authentication required");
    failure(
        Link::Registry,
        Class::Refused,
        image,
        message,
        cause,
        "check the user name and the password with the registry: the password may have changed, or the token may be revoked",
    )
}

fn absent(image: &str) -> Failure {
    let (cause, hint) =
        (format!("manifest for {image} not found"), format!("`docker manifest inspect {image}` shows it"));
    failure(Link::Manifest, Class::Absent, image, "the tag does not exist", &cause, &hint)
}

fn container(index: usize, failure: impl Fn(&str) -> Failure) -> ContainerReport {
    let image = format!("reg.example/team/app-{index}:1.0");
    ContainerReport {
        name: format!("app-{index}"),
        image: printable(&image),
        registry: Some("reg.example".to_owned()),
        result: ContainerResult::Failed,
        credential: Some(secret(SECRET, &format!("request-{index}"))),
        wanted_platform: Some("linux/amd64".to_owned()),
        attempts: Some(1),
        duration_ms: Some(50),
        failure: Some(failure(&image)),
        ..ContainerReport::default()
    }
}

fn task(source: &str, containers: Vec<ContainerReport>) -> TaskReport {
    TaskReport { source: printable(source), family: Some(printable("web")), warnings: Vec::new(), containers }
}

fn report(tasks: Vec<TaskReport>) -> Report {
    let failed = tasks.iter().flat_map(|task| &task.containers).filter(|container| container.failure.is_some()).count();
    let summary = Summary { failed, duration_ms: 410, ..Summary::default() };
    Report { schema_version: 1, warnings: Vec::new(), tasks, invalid_inputs: Vec::new(), summary }
}

/// The text in 80 columns. Only a line that cannot be broken may be wider.
fn text(report: &Report) -> String {
    let text = render(report, Some(80));
    for line in text.lines().filter(|line| display_width(line) > 80) {
        let is_row = line.starts_with("  ") && line.contains("FAILED");
        assert!(is_row || !line.trim().contains(' '), "{line}");
    }
    text
}

fn blocks(report: &Report) -> Vec<String> {
    let text = text(report);
    let is_block = |part: &&str| part.contains(" container") || part.contains(" input");
    text.split("\n\n").skip(report.tasks.len()).filter(is_block).map(str::to_owned).collect()
}

#[test]
fn ten_containers_with_one_refused_secret_are_one_block() {
    let text = text(&report(vec![task("task.json", (1..=10).map(|index| container(index, refused)).collect())]));
    insta::assert_snapshot!(text);
    assert_eq!(text.matches("hint: ").count(), 1);
}

#[test]
fn one_failed_container_is_a_block_too() {
    insta::assert_snapshot!(text(&report(vec![task("task.json", vec![container(1, refused)])])));
}

#[test]
fn each_cause_has_its_block_and_cancelled_pulls_come_first() {
    let stopped = |image: &str| Failure {
        caused_by: Vec::new(),
        hint: None,
        ..failure(Link::Engine, Class::Cancelled, image, "cancelled, because another pull failed", "", "")
    };
    let containers = vec![container(1, absent), container(2, refused), container(3, absent), container(4, stopped)];
    let mut report = report(vec![task("a.json", containers), task("b.json", vec![container(5, refused)])]);
    report.invalid_inputs = ["c.json", "d.json"]
        .map(|path| Failure {
            resource: printable(path),
            message: printable(&format!("cannot read {path}")),
            hint: None,
            ..failure(Link::Definition, Class::Absent, path, "", "No such file or directory", "")
        })
        .to_vec();
    insta::assert_snapshot!(blocks(&report).join("\n\n"));
}

#[test]
fn different_secrets_registries_and_causes_are_different_blocks() {
    let other_secret =
        ContainerReport { credential: Some(secret(&SECRET.replace("AbCdEf", "GhIjKl"), "r")), ..container(2, refused) };
    let other_registry = ContainerReport { registry: Some("other.example".to_owned()), ..container(3, refused) };
    let other_cause =
        container(4, |image| Failure { caused_by: vec![printable("unauthorized: expired")], ..refused(image) });
    let containers = vec![container(1, refused), other_secret, other_registry, other_cause];
    assert_eq!(blocks(&report(vec![task("task.json", containers)])).len(), 4);
}

#[test]
fn five_hundred_containers_have_a_bounded_block() {
    let report = report(vec![task("task.json", (1..=500).map(|index| container(index, refused)).collect())]);
    let [block] = &blocks(&report)[..] else { panic!() };
    assert!(block.starts_with("500 containers: registry refused: the registry does not"), "{block}");
    assert!(block.contains("480 more, as in the table") && block.lines().count() < 12, "{block}");
    let text = text(&report);
    let last: Vec<_> = text.lines().rev().take(5).collect();
    assert_eq!((last[0], last[1]), ("500 failed in 0.41 s", ""));
    assert!(last.iter().any(|line| line.trim_start().starts_with("hint: ")), "{last:?}");
}

#[test]
fn retries_of_the_final_failure_are_counted_in_its_block() {
    let down = |image: &str| failure(Link::Registry, Class::Unavailable, image, "no answer", "EOF", "try again later");
    let retried = |index: usize, attempts: u32| {
        let container = container(index, down);
        let error = container.failure.clone().unwrap();
        let retry = |attempt| super::RetryReport { attempt, wait_ms: 200, error: error.clone() };
        ContainerReport { attempts: Some(attempts), retries: (2..=attempts).map(retry).collect(), ..container }
    };
    let report = report(vec![task("task.json", vec![retried(1, 16), retried(2, 14)])]);
    let text = text(&report);
    assert!(!text.contains("retried") && text.contains("  tried 14 to 16 times\n"), "{text}");
}

#[test]
fn login_of_one_secret_version_is_shown_once() {
    let mut by_name = secret(SECRET, "other");
    if let CredentialReport::Secret { warnings, .. } = &mut by_name {
        warnings.push(printable("the key is upper case [secret-key-case]"));
    }
    let other = ContainerReport { credential: Some(by_name), ..container(2, refused) };
    let text = text(&report(vec![task("task.json", vec![container(1, refused), other])]));
    assert_eq!((text.matches(SECRET).count(), text.matches("[1]").count()), (1, 3), "{text}");
    assert!(!text.contains("[2]") && text.contains("warning: the key is upper case [secret-key-case]"), "{text}");
}

#[test]
fn hostile_names_leave_no_control_characters_and_no_broken_block() {
    let image = "reg.example/\u{1b}[2J日本語\n500 containers: fine:1";
    let hostile = ContainerReport { image: printable(image), failure: Some(refused(image)), ..container(1, refused) };
    let text = text(&report(vec![task("日\u{202e}本\n.json", vec![hostile])]));
    assert!(!text.chars().any(|c| c != '\n' && c.is_control()), "{text:?}");
    assert!(!text.lines().any(|line| line.starts_with("500 containers")), "{text}");
}
