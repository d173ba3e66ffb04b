//! `taskpull secret new`: the secrets that it creates or updates, and the arguments and states
//! that it rejects without writing anything.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::{AwsFault, FakeAws, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::names::{ACCOUNT_ROOT, KEY};
use crate::support::run::{Run, RunOutput};
use crate::support::world::SecretWorld;

const TOKEN: &str = "dckr_pat_c4nary-token";
const NAME: &str = "ecr-pullthroughcache/docker-hub";
const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/docker-hub-Nw1Scr";

/// The world of `secret new`.
struct Account {
    world: SecretWorld,
}

impl Account {
    fn new() -> Self {
        Self::with_policy(Policy::allow("secretsmanager:*", "*"))
    }

    fn with_policy(policy: Policy) -> Self {
        Self { world: SecretWorld::new(policy) }
    }

    /// Runs the command with a token, and checks that the output does not contain the token.
    fn run(&self, arguments: &[&str], token: &[u8]) -> RunOutput {
        let run = Run::new(["secret", "new", "--username", "me"].iter().chain(arguments));
        self.world.output(run.env("AWS_REGION", "eu-west-1").stdin(token), TOKEN)
    }

    /// Runs the command for Docker Hub and a pull-through cache rule.
    fn create_hub_secret(&self, extra: &[&str], token: &str) -> RunOutput {
        let arguments = [&["--upstream", "docker-hub", "--name", NAME], extra].concat();
        self.run(&arguments, token.as_bytes())
    }

    fn operations(&self) -> Vec<String> {
        self.world.aws.calls().into_iter().map(|call| call.operation).collect()
    }

    fn wrote_nothing(&self) -> bool {
        self.operations().iter().all(|operation| matches!(operation.as_str(), "DescribeSecret" | "GetSecretValue"))
    }
}

fn content(key: &str, token: &str) -> Value {
    json!({ "username": "me", key: token })
}

fn stored(aws: &FakeAws, arn: &str) -> (Value, usize) {
    let (text, versions) = aws.stored_secret(arn).unwrap();
    (serde_json::from_str(&text).unwrap(), versions)
}

#[test]
fn pull_through_secret_is_created_as_documented() {
    let account = Account::new();
    let extra = ["--description", "Docker Hub, team web", "--tag", "team=web", "--tag", "stage="];
    let ended = account.create_hub_secret(&[&extra[..], &["--replicate", "us-east-1", "eu-central-1"]].concat(), TOKEN);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with(&format!("created: {ARN}\n")), "{ended:?}");
    let rule = format!("--upstream-registry-url registry-1.docker.io --credential-arn {ARN}");
    assert!(ended.stdout.contains(&rule), "{ended:?}");
    assert!(
        ended.stdout.contains("ECS reads `password`"),
        "the output explains why one secret cannot have both uses: {ended:?}"
    );
    assert_eq!(stored(&account.world.aws, ARN), (content("accessToken", TOKEN), 1));
    let tags = [("team", "web"), ("stage", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let regions = ["us-east-1", "eu-central-1"].map(str::to_owned);
    let metadata = account.world.aws.secret_metadata(ARN);
    assert_eq!(metadata.description, "Docker Hub, team web");
    assert_eq!((metadata.tags, metadata.replica_regions), (tags.to_vec(), regions.to_vec()));
    assert_eq!(account.operations(), ["DescribeSecret", "CreateSecret", "ReplicateSecretToRegions"]);
}

#[test]
fn direct_secret_has_a_password_and_an_optional_customer_key() {
    let account = Account::new();
    account.world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    let arguments = ["--upstream", "ghcr", "--for", "direct", "--name", "team/ghcr", "--kms-key", KEY];
    let ended = account.run(&[&arguments[..], &["--output", "json"]].concat(), TOKEN.as_bytes());
    assert_eq!(ended.code, 0, "{ended:?}");
    let report = ended.report();
    assert_eq!(
        (&report["outcome"], &report["keys"][1], &report["kmsKey"]),
        (&json!("created"), &json!("password"), &json!(KEY))
    );
    assert_eq!(stored(&account.world.aws, report["arn"].as_str().unwrap()), (content("password", TOKEN), 1));
}

#[test]
fn direct_secret_needs_no_known_upstream() {
    let account = Account::new();
    let arguments = ["--for", "direct", "--name", "team/registry", "--output", "json"];
    let ended = account.run(&arguments, TOKEN.as_bytes());
    assert_eq!((ended.code, &ended.report()["keys"][1]), (0, &json!("password")), "{ended:?}");
}

#[test]
fn secret_is_created_in_the_requested_region_for_every_upstream() {
    let account = Account::new();
    for upstream in ["docker-hub", "ghcr", "acr", "gitlab"] {
        let name = format!("ecr-pullthroughcache/{upstream}");
        let arguments = ["--upstream", upstream, "--name", &name, "--region", "us-west-2", "--output", "json"];
        let ended = account.run(&arguments, TOKEN.as_bytes());
        assert_eq!((ended.code, &ended.report()["region"]), (0, &json!("us-west-2")), "{ended:?}");
    }
    assert!(account.world.aws.calls().iter().all(|call| call.region.as_deref() == Some("us-west-2")));
}

#[test]
fn trailing_newline_is_removed_and_a_second_run_changes_nothing() {
    let account = Account::new();
    let first = account.create_hub_secret(&[], &format!("{TOKEN}\n"));
    assert!(first.stderr.contains("trailing newline removed from the token"), "{first:?}");
    let second = account.create_hub_secret(&["--update"], TOKEN);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.stdout.starts_with(&format!("unchanged: {ARN}\n")), "{second:?}");
    assert_eq!(stored(&account.world.aws, ARN), (content("accessToken", TOKEN), 1));
    assert_eq!(account.operations()[2..], ["DescribeSecret", "GetSecretValue"]);
}

#[test]
fn changed_token_is_written_only_with_the_update_option() {
    let account = Account::new();
    account.world.aws.put_secret(Secret::text(ARN, r#"{"username": "me", "accessToken": "c4nary-old-token"}"#));
    let refused = account.create_hub_secret(&["--replicate", "us-east-1"], TOKEN);
    assert_eq!((refused.code, &*refused.stdout), (3, ""), "{refused:?}");
    assert!(refused.stderr.contains("differs: `accessToken`, replica in us-east-1"), "{refused:?}");
    assert!(refused.stderr.contains("--update") && !refused.stderr.contains("c4nary-old"), "{refused:?}");
    assert!(account.wrote_nothing());

    let updated = account.create_hub_secret(&["--replicate", "us-east-1", "--update"], TOKEN);
    assert_eq!(updated.code, 0, "{updated:?}");
    assert!(updated.stdout.starts_with("updated: "), "{updated:?}");
    assert_eq!(stored(&account.world.aws, ARN), (content("accessToken", TOKEN), 2));
    assert_eq!(account.world.aws.secret_metadata(ARN).replica_regions, ["us-east-1"]);
}

#[test]
fn secret_in_another_format_is_not_overwritten_by_default() {
    let account = Account::new();
    account.world.aws.put_secret(Secret::text(ARN, r#"{"username": "me", "password": "c4nary-old-token"}"#));
    let ended = account.create_hub_secret(&[], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("another form"), "{ended:?}");
    assert!(account.wrote_nothing());
}

#[test]
fn dry_run_checks_everything_without_any_request() {
    let account = Account::new();
    let ended = account.create_hub_secret(&["--dry-run", "--tag", "team=web"], TOKEN);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with(&format!("planned: {NAME}\n")), "{ended:?}");
    assert!(ended.stdout.contains("username, accessToken") && ended.stdout.contains("team=web"), "{ended:?}");
    assert_eq!(account.create_hub_secret(&["--dry-run"], "").code, 4);
    assert_eq!(account.world.aws.calls(), []);
}

#[test]
fn wrong_arguments_are_rejected_without_any_request() {
    let account = Account::new();
    let long = format!("ecr-pullthroughcache/{}", "n".repeat(513 - 21));
    let table: [(&[&str], &str); 11] = [
        (&["--name", NAME], "--upstream <docker-hub|ghcr|acr|gitlab>"),
        (&["--for", "pull-through", "--name", NAME], "--upstream <docker-hub|ghcr|acr|gitlab>"),
        (&["--upstream", "quay", "--name", NAME], "unknown upstream; use docker-hub, ghcr, acr or gitlab"),
        (&["--upstream", "acr", "--name", "azure"], "name it `ecr-pullthroughcache/azure`"),
        (&["--upstream", "acr", "--name", &long], "the name has 513 characters, the limit is 512"),
        (&["--upstream", "acr", "--name", "ecr-pullthroughcache/ä"], "the name contains `ä`"),
        (&["--upstream", "acr", "--name", NAME, "--kms-key", KEY], "ECR accepts no customer key"),
        (&["--upstream", "acr", "--name", NAME, "--tag", "aws:team=web"], "tags must be KEY=VALUE"),
        (&["--upstream", "acr", "--name", NAME, "--region", "eu"], "`eu` is not an AWS Region"),
        (&["--upstream", "acr", "--name", NAME, "--replicate", "us-east-1", "us-east-1"], "named twice"),
        (&["--upstream", "acr", "--name", NAME, "--token", "x"], "unexpected argument '--token'"),
    ];
    for (arguments, message) in table {
        let ended = account.run(arguments, TOKEN.as_bytes());
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(message), "{message}: {ended:?}");
    }
    assert_eq!(account.world.aws.calls(), []);
}

#[test]
fn invalid_token_is_rejected_before_any_request() {
    let account = Account::new();
    let in_value = format!("token={TOKEN}");
    let in_key = format!("{TOKEN}=yes");
    // The content {"username":"me","accessToken":""} has 34 bytes.
    let long = "t".repeat(65_536 - 34 + 1);
    let table: [(&[&str], &str, &str); 7] = [
        (&[], "", "the token is empty"),
        (&[], "\n", "the token is empty"),
        (&[], "one\ntwo", "more than one line"),
        (&[], &long, "would be 65537 bytes"),
        (&["--tag", &in_value], TOKEN, "the token is also in the secret's tags"),
        (&["--tag", &in_key], TOKEN, "the token is also in the secret's tags"),
        (&["--description", TOKEN], TOKEN, "the token is also in the secret's description"),
    ];
    for (extra, token, message) in table {
        let ended = account.create_hub_secret(extra, token);
        assert_eq!((ended.code, &*ended.stdout), (4, ""), "{message}: {ended:?}");
        assert!(ended.stderr.contains(message), "{message}: {ended:?}");
    }
    assert!(
        account.create_hub_secret(&[], "me").stderr.contains("the token is the user name"),
        "a token that equals the user name is rejected"
    );
    assert_eq!(account.world.aws.calls(), []);
    assert_eq!(account.create_hub_secret(&[], &long[1..]).code, 0, "a value of 65,536 bytes is accepted");
}

#[test]
fn text_that_is_not_a_token_alone_is_rejected() {
    let account = Account::new();
    let encoded = STANDARD.encode(format!("me:{TOKEN}"));
    let table = [
        (format!("\"{TOKEN}\""), "is in quotes"),
        (format!("\u{feff}{TOKEN}"), "begins with a byte order mark"),
        (format!("{TOKEN} "), "ends in white space"),
        (format!("{{\"username\": \"me\", \"password\": \"{TOKEN}\"}}"), "is JSON"),
        (format!("me:{TOKEN}"), "begins with a user name and a colon"),
        (encoded, "is the base64 of the user name"),
        (format!("Bearer {TOKEN}"), "begins like an HTTP header"),
        (format!("export DOCKER_TOKEN={TOKEN}"), "is an assignment"),
        (format!("$ echo {TOKEN}"), "is a command"),
        ("https://hub.docker.com/settings".to_owned(), "is a URL"),
        ("<token>".to_owned(), "is a placeholder"),
    ];
    for (token, message) in table {
        let ended = account.create_hub_secret(&[], &token);
        assert_eq!((ended.code, &*ended.stdout), (4, ""), "{message}: {ended:?}");
        assert!(ended.stderr.contains(&format!("the token {message}")), "{message}: {ended:?}");
    }
    let utf16: Vec<u8> = format!("\u{feff}{TOKEN}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let ended = account.run(&["--upstream", "docker-hub", "--name", NAME], &utf16);
    assert!(ended.code == 4 && ended.stderr.contains("the token is text in UTF-16"), "{ended:?}");
    assert_eq!(account.world.aws.calls(), []);
}

#[test]
fn token_that_is_the_user_name_is_noted_for_a_direct_pull() {
    let account = Account::new();
    let ended = account.run(&["--for", "direct", "--name", "team/do", "--dry-run"], b"me");
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("note         the token is the user name"), "{ended:?}");
}

#[test]
fn secret_marked_for_deletion_is_not_changed() {
    let account = Account::new();
    account.world.aws.put_secret(Secret::text(ARN, "{}").marked_for_deletion());
    let ended = account.create_hub_secret(&["--update"], TOKEN);
    assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains("restore-secret"), "{ended:?}");
    assert!(account.wrote_nothing());
}

#[test]
fn pull_through_secret_under_a_customer_key_is_not_updated() {
    let account = Account::new();
    account.world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    account.world.aws.put_secret(Secret::text(ARN, "{}").key(KEY));
    let ended = account.create_hub_secret(&["--update"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.stderr.contains(&format!("is encrypted under {KEY}, not under alias/aws/secretsmanager")),
        "{ended:?}"
    );
    assert!(account.wrote_nothing());
}

#[test]
fn replica_in_the_secrets_own_region_is_rejected() {
    let account = Account::new();
    let ended = account.create_hub_secret(&["--replicate", "eu-west-1"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("eu-west-1 is named twice"), "{ended:?}");
    assert_eq!(account.world.aws.calls(), []);
}

#[test]
fn differences_outside_the_content_are_reported_but_not_changed() {
    let account = Account::new();
    account.world.aws.put_secret(Secret::text(ARN, &content("accessToken", TOKEN).to_string()).rotated());
    let ended = account.create_hub_secret(&["--description", "Docker Hub", "--tag", "team=web", "--update"], TOKEN);
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["unchanged: ", "the description differs", "the tags differ", "rotation is on"] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
    assert!(account.wrote_nothing());
}

#[test]
fn replica_secret_is_not_updated() {
    let account = Account::new();
    account
        .world
        .aws
        .put_secret(Secret::text(ARN, r#"{"username": "me", "accessToken": "old"}"#).replica_of("us-east-1"));
    let ended = account.create_hub_secret(&["--update"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("--region us-east-1"), "{ended:?}");
    assert!(account.wrote_nothing());
}

#[test]
fn missing_permission_is_named_with_its_resource() {
    let allowed = ["DescribeSecret", "CreateSecret", "ReplicateSecretToRegions"];
    for (count, action) in allowed.iter().enumerate() {
        let policy = allowed[..count]
            .iter()
            .fold(Policy::none(), |policy, action| policy.and(Policy::allow(&format!("secretsmanager:{action}"), "*")));
        let account = Account::with_policy(policy);
        let ended = account.create_hub_secret(&["--replicate", "us-east-1"], TOKEN);
        assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
        let hint =
            format!("allow secretsmanager:{action} on arn:aws:secretsmanager:eu-west-1:111122223333:secret:{NAME}-");
        assert!(ended.stderr.contains(&hint), "{ended:?}");
        let consequence =
            if *action == allowed[2] { "the secret exists, its replicas do not" } else { "nothing was written" };
        assert!(ended.stderr.contains(consequence), "{ended:?}");
    }
}

#[test]
fn permission_named_by_the_service_is_reported() {
    let account = Account::new();
    let message = "User: arn:aws:iam::111122223333:user/host is not authorized to perform: secretsmanager:TagResource on resource: x";
    account.world.aws.inject_fault(
        "CreateSecret",
        Calls::Every,
        AwsFault::Error(400, "AccessDeniedException", message),
    );
    let ended = account.create_hub_secret(&["--tag", "team=web"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("must allow secretsmanager:TagResource on arn:"), "{ended:?}");
}

#[test]
fn service_error_that_quotes_the_token_is_hidden() {
    let account = Account::new();
    let quoting = "Value 'dckr_pat_c4nary-token' at 'secretString' failed to satisfy constraint";
    account.world.aws.inject_fault("CreateSecret", Calls::Every, AwsFault::Error(400, "ValidationException", quoting));
    let ended = account.create_hub_secret(&[], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("the service's message repeats the token"), "{ended:?}");
}

#[test]
fn secret_created_concurrently_is_reported() {
    let account = Account::new();
    let message = "The operation failed because the secret already exists.";
    account.world.aws.inject_fault(
        "CreateSecret",
        Calls::Every,
        AwsFault::Error(400, "ResourceExistsException", message),
    );
    let ended = account.create_hub_secret(&[], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("a secret of this name was created in the meantime"), "{ended:?}");
}

#[test]
fn token_typed_at_a_terminal_is_not_echoed() {
    // `script` gives the program a terminal and prints what the terminal shows.
    let command = format!(
        "'{}' secret new --upstream docker-hub --name {NAME} --username me --dry-run",
        env!("CARGO_BIN_EXE_taskpull")
    );
    let mut child = Run::program("script").arg("-qec").arg(command).arg("/dev/null").start_with_open_stdin();
    let mut shown = Vec::new();
    let mut stdout = child.stdout.take().unwrap();
    while !shown.ends_with(b"(not shown): ") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        shown.extend(byte);
    }
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{TOKEN}\r").as_bytes()).unwrap();
    stdout.read_to_end(&mut shown).unwrap();
    drop(stdin);
    let shown = String::from_utf8(shown).unwrap();
    assert!(child.wait().unwrap().success(), "{shown}");
    assert!(shown.contains(&format!("planned: {NAME}")), "{shown}");
    assert!(!shown.contains("c4nary"), "the terminal shows the token");
}
