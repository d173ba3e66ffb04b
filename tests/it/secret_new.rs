//! `taskpull secret new`: what is made, what is left alone, and what is refused before
//! anything is written.

use std::io::{Read as _, Write as _};

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
struct NewSecretWorld(SecretWorld);

impl NewSecretWorld {
    fn new() -> Self {
        Self::with(Policy::allow("secretsmanager:*", "*"))
    }

    fn with(policy: Policy) -> Self {
        Self(SecretWorld::new(policy))
    }

    /// Runs `secret new` with this token on stdin, and asserts that the token does not leak.
    fn run(&self, arguments: &[&str], token: &[u8]) -> RunOutput {
        let run = Run::new(["secret", "new", "--username", "me"].iter().chain(arguments));
        self.0.output(run.env("AWS_REGION", "eu-west-1").stdin(token), TOKEN)
    }

    /// For Docker Hub and a rule.
    fn hub(&self, more: &[&str], token: &str) -> RunOutput {
        let arguments = [&["--upstream", "docker-hub", "--name", NAME], more].concat();
        self.run(&arguments, token.as_bytes())
    }

    fn operations(&self) -> Vec<String> {
        self.0.aws.calls().into_iter().map(|call| call.operation).collect()
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
fn a_secret_for_the_pull_through_cache_is_made_as_the_document_says() {
    let keeper = NewSecretWorld::new();
    let more = ["--description", "Docker Hub, team web", "--tag", "team=web", "--tag", "stage="];
    let ended = keeper.hub(&[&more[..], &["--replicate", "us-east-1", "eu-central-1"]].concat(), TOKEN);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with(&format!("created: {ARN}\n")), "{ended:?}");
    let rule = format!("--upstream-registry-url registry-1.docker.io --credential-arn {ARN}");
    assert!(ended.stdout.contains(&rule), "{ended:?}");
    assert!(ended.stdout.contains("ECS reads `password`"), "why it cannot serve both: {ended:?}");
    assert_eq!(stored(&keeper.0.aws, ARN), (content("accessToken", TOKEN), 1));
    let tags = [("team", "web"), ("stage", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let regions = ["us-east-1", "eu-central-1"].map(str::to_owned);
    let metadata = keeper.0.aws.secret_metadata(ARN);
    assert_eq!(metadata.description, "Docker Hub, team web");
    assert_eq!((metadata.tags, metadata.replica_regions), (tags.to_vec(), regions.to_vec()));
    assert_eq!(keeper.operations(), ["DescribeSecret", "CreateSecret", "ReplicateSecretToRegions"]);
}

#[test]
fn a_secret_for_direct_pulls_has_a_password_and_may_have_a_customer_key() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    let arguments = ["--upstream", "ghcr", "--for", "direct", "--name", "team/ghcr", "--kms-key", KEY];
    let ended = keeper.run(&[&arguments[..], &["--output", "json"]].concat(), TOKEN.as_bytes());
    assert_eq!(ended.code, 0, "{ended:?}");
    let told = ended.report();
    assert_eq!(
        (&told["outcome"], &told["keys"][1], &told["kmsKey"]),
        (&json!("created"), &json!("password"), &json!(KEY))
    );
    assert_eq!(stored(&keeper.0.aws, told["arn"].as_str().unwrap()), (content("password", TOKEN), 1));
}

#[test]
fn a_secret_for_direct_pulls_may_be_of_any_registry() {
    let keeper = NewSecretWorld::new();
    let arguments = ["--for", "direct", "--name", "team/registry", "--output", "json"];
    let ended = keeper.run(&arguments, TOKEN.as_bytes());
    assert_eq!((ended.code, &ended.report()["keys"][1]), (0, &json!("password")), "{ended:?}");
}

#[test]
fn every_upstream_is_made_in_the_region_that_is_said() {
    let keeper = NewSecretWorld::new();
    for upstream in ["docker-hub", "ghcr", "acr", "gitlab"] {
        let name = format!("ecr-pullthroughcache/{upstream}");
        let arguments = ["--upstream", upstream, "--name", &name, "--region", "us-west-2", "--output", "json"];
        let ended = keeper.run(&arguments, TOKEN.as_bytes());
        assert_eq!((ended.code, &ended.report()["region"]), (0, &json!("us-west-2")), "{ended:?}");
    }
    assert!(keeper.0.aws.calls().iter().all(|call| call.region.as_deref() == Some("us-west-2")));
}

#[test]
fn a_line_end_is_taken_off_and_said_and_a_second_run_changes_nothing() {
    let keeper = NewSecretWorld::new();
    let first = keeper.hub(&[], &format!("{TOKEN}\n"));
    assert!(first.stderr.contains("the line end behind the token was taken off"), "{first:?}");
    let second = keeper.hub(&["--update"], TOKEN);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.stdout.starts_with(&format!("unchanged: {ARN}\n")), "{second:?}");
    assert_eq!(stored(&keeper.0.aws, ARN), (content("accessToken", TOKEN), 1));
    assert_eq!(keeper.operations()[2..], ["DescribeSecret", "GetSecretValue"]);
}

#[test]
fn another_token_is_a_new_version_only_when_an_update_was_asked_for() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_secret(Secret::text(ARN, r#"{"username": "me", "accessToken": "c4nary-old-token"}"#));
    let refused = keeper.hub(&["--replicate", "us-east-1"], TOKEN);
    assert_eq!((refused.code, &*refused.stdout), (3, ""), "{refused:?}");
    assert!(refused.stderr.contains("differs: `accessToken`, replica in us-east-1"), "{refused:?}");
    assert!(refused.stderr.contains("--update") && !refused.stderr.contains("c4nary-old"), "{refused:?}");
    assert!(keeper.wrote_nothing());

    let updated = keeper.hub(&["--replicate", "us-east-1", "--update"], TOKEN);
    assert_eq!(updated.code, 0, "{updated:?}");
    assert!(updated.stdout.starts_with("updated: "), "{updated:?}");
    assert_eq!(stored(&keeper.0.aws, ARN), (content("accessToken", TOKEN), 2));
    assert_eq!(keeper.0.aws.secret_metadata(ARN).replica_regions, ["us-east-1"]);
}

#[test]
fn what_has_another_form_is_written_over_on_request_only() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_secret(Secret::text(ARN, r#"{"username": "me", "password": "c4nary-old-token"}"#));
    let ended = keeper.hub(&[], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("another form"), "{ended:?}");
    assert!(keeper.wrote_nothing());
}

#[test]
fn a_dry_run_checks_everything_and_asks_nobody() {
    let keeper = NewSecretWorld::new();
    let ended = keeper.hub(&["--dry-run", "--tag", "team=web"], TOKEN);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.starts_with(&format!("planned: {NAME}\n")), "{ended:?}");
    assert!(ended.stdout.contains("username, accessToken") && ended.stdout.contains("team=web"), "{ended:?}");
    assert_eq!(keeper.hub(&["--dry-run"], "").code, 4);
    assert_eq!(keeper.0.aws.calls(), []);
}

#[test]
fn wrong_arguments_are_refused_before_anybody_is_asked() {
    let keeper = NewSecretWorld::new();
    let long = format!("ecr-pullthroughcache/{}", "n".repeat(513 - 21));
    let table: [(&[&str], &str); 11] = [
        (&["--name", NAME], "--upstream <docker-hub|ghcr|acr|gitlab>"),
        (&["--for", "pull-through", "--name", NAME], "--upstream <docker-hub|ghcr|acr|gitlab>"),
        (&["--upstream", "quay", "--name", NAME], "there are docker-hub, ghcr, acr, gitlab"),
        (&["--upstream", "acr", "--name", "azure"], "call it `ecr-pullthroughcache/azure`"),
        (&["--upstream", "acr", "--name", &long], "the name has 513 characters, the limit is 512"),
        (&["--upstream", "acr", "--name", "ecr-pullthroughcache/ä"], "the name holds 'ä'"),
        (&["--upstream", "acr", "--name", NAME, "--kms-key", KEY], "ECR takes no customer key"),
        (&["--upstream", "acr", "--name", NAME, "--tag", "aws:team=web"], "a tag is given as KEY=VALUE"),
        (&["--upstream", "acr", "--name", NAME, "--region", "eu"], "`eu` is not a Region"),
        (&["--upstream", "acr", "--name", NAME, "--replicate", "us-east-1", "us-east-1"], "named twice"),
        (&["--upstream", "acr", "--name", NAME, "--token", "x"], "unexpected argument '--token'"),
    ];
    for (arguments, message) in table {
        let ended = keeper.run(arguments, TOKEN.as_bytes());
        assert_eq!((ended.code, &*ended.stdout), (2, ""), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(message), "{message}: {ended:?}");
    }
    assert_eq!(keeper.0.aws.calls(), []);
}

#[test]
fn a_wrong_token_is_refused_before_anybody_is_asked() {
    let keeper = NewSecretWorld::new();
    let in_value = format!("token={TOKEN}");
    let in_key = format!("{TOKEN}=yes");
    // {"username":"me","accessToken":""} has 34 bytes.
    let long = "t".repeat(65_536 - 34 + 1);
    let table: [(&[&str], &str, &str); 7] = [
        (&[], "", "the token is empty"),
        (&[], "\n", "the token is empty"),
        (&[], "one\ntwo", "more than one line"),
        (&[], &long, "would have 65537 bytes"),
        (&["--tag", &in_value], TOKEN, "the token is in the secret's tags too"),
        (&["--tag", &in_key], TOKEN, "the token is in the secret's tags too"),
        (&["--description", TOKEN], TOKEN, "the token is in the secret's description too"),
    ];
    for (more, token, message) in table {
        let ended = keeper.hub(more, token);
        assert_eq!((ended.code, &*ended.stdout), (4, ""), "{message}: {ended:?}");
        assert!(ended.stderr.contains(message), "{message}: {ended:?}");
    }
    assert!(keeper.hub(&[], "me").stderr.contains("the token is the user name"), "as Azure's section would have it");
    assert_eq!(keeper.0.aws.calls(), []);
    assert_eq!(keeper.hub(&[], &long[1..]).code, 0, "65,536 bytes are a value");
}

#[test]
fn a_secret_marked_for_deletion_is_left_alone() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_secret(Secret::text(ARN, "{}").marked_for_deletion());
    let ended = keeper.hub(&["--update"], TOKEN);
    assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains("restore-secret"), "{ended:?}");
    assert!(keeper.wrote_nothing());
}

#[test]
fn a_secret_under_a_customer_key_is_not_given_a_token_for_the_cache() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    keeper.0.aws.put_secret(Secret::text(ARN, "{}").key(KEY));
    let ended = keeper.hub(&["--update"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended.stderr.contains(&format!("is encrypted under {KEY}, not under alias/aws/secretsmanager")),
        "{ended:?}"
    );
    assert!(keeper.wrote_nothing());
}

#[test]
fn the_hosts_own_region_is_no_place_for_a_replica() {
    let keeper = NewSecretWorld::new();
    let ended = keeper.hub(&["--replicate", "eu-west-1"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("eu-west-1 is named twice"), "{ended:?}");
    assert_eq!(keeper.0.aws.calls(), []);
}

#[test]
fn what_differs_beside_the_content_is_said_and_left() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_secret(Secret::text(ARN, &content("accessToken", TOKEN).to_string()).rotated());
    let ended = keeper.hub(&["--description", "Docker Hub", "--tag", "team=web", "--update"], TOKEN);
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["unchanged: ", "its description is another one", "its tags are other ones", "its rotation is on"] {
        assert!(ended.stdout.contains(part), "{part}: {ended:?}");
    }
    assert!(keeper.wrote_nothing());
}

#[test]
fn a_replica_is_not_written() {
    let keeper = NewSecretWorld::new();
    keeper.0.aws.put_secret(Secret::text(ARN, r#"{"username": "me", "accessToken": "old"}"#).replica_of("us-east-1"));
    let ended = keeper.hub(&["--update"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("--region us-east-1"), "{ended:?}");
    assert!(keeper.wrote_nothing());
}

#[test]
fn a_missing_permission_is_named_with_what_it_is_wanted_on() {
    let allowed = ["DescribeSecret", "CreateSecret", "ReplicateSecretToRegions"];
    for (count, action) in allowed.iter().enumerate() {
        let policy = allowed[..count]
            .iter()
            .fold(Policy::none(), |policy, action| policy.and(Policy::allow(&format!("secretsmanager:{action}"), "*")));
        let keeper = NewSecretWorld::with(policy);
        let ended = keeper.hub(&["--replicate", "us-east-1"], TOKEN);
        assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
        let hint =
            format!("allow secretsmanager:{action} on arn:aws:secretsmanager:eu-west-1:ACCOUNT:secret:{NAME}-??????");
        assert!(ended.stderr.contains(&hint), "{ended:?}");
        let left =
            if *action == allowed[2] { "the secret is there, its replicas are not" } else { "nothing was written" };
        assert!(ended.stderr.contains(left), "{ended:?}");
    }
}

#[test]
fn a_permission_that_the_service_names_is_the_one_that_is_told() {
    let keeper = NewSecretWorld::new();
    let said = "User: arn:aws:iam::111122223333:user/host is not authorized to perform: secretsmanager:TagResource on resource: x";
    keeper.0.aws.inject_fault("CreateSecret", Calls::Every, AwsFault::Error(400, "AccessDeniedException", said));
    let ended = keeper.hub(&["--tag", "team=web"], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("nothing was written: allow secretsmanager:TagResource on arn:"), "{ended:?}");
}

#[test]
fn what_quotes_the_token_is_not_shown() {
    let keeper = NewSecretWorld::new();
    let quoting = "Value 'dckr_pat_c4nary-token' at 'secretString' failed to satisfy constraint";
    keeper.0.aws.inject_fault("CreateSecret", Calls::Every, AwsFault::Error(400, "ValidationException", quoting));
    let ended = keeper.hub(&[], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("its words repeat the token"), "{ended:?}");
}

#[test]
fn a_name_that_somebody_takes_meanwhile_is_compared_the_next_time() {
    let keeper = NewSecretWorld::new();
    let said = "The operation failed because the secret already exists.";
    keeper.0.aws.inject_fault("CreateSecret", Calls::Every, AwsFault::Error(400, "ResourceExistsException", said));
    let ended = keeper.hub(&[], TOKEN);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.stderr.contains("one of this name was made in the meantime"), "{ended:?}");
}

#[test]
fn at_a_terminal_the_token_is_not_shown() {
    // `script` gives the program a terminal, and shows what that terminal shows.
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
