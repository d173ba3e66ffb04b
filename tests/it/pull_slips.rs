//! Values in a wrong form or in the wrong field: what the report says about them, and that it shows no login.

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::leak::{Canary, Folder};
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{Agent, AgentHome, IMAGE, LOGIN, World, container, open_container, task};

const PASSWORD: &str = "Hunter2-Xy9!pq/rs~Q";

/// Plans this definition without a request.
fn plan(definition: &Value, output: &str) -> RunOutput {
    Run::new(["pull", "--dry-run", "--output", output, "-"]).stdin(definition.to_string()).output()
}

/// The message and the hint of the only container.
fn explanation(definition: &Value) -> String {
    let ended = plan(definition, "json");
    assert_eq!(ended.code, 4, "{definition}: {ended:?}");
    let failure = &ended.container(0)["failure"];
    format!("{} | {}", failure["message"].as_str().unwrap(), failure["hint"].as_str().unwrap_or("none"))
}

fn with_role(role: &str) -> Value {
    let mut definition = task(&[container("app", IMAGE, SECRET)]);
    definition["executionRoleArn"] = json!(role);
    definition
}

#[test]
fn slip_in_an_image_is_named_with_its_fix() {
    for (image, cause, fix) in [
        ("<IMAGE1_NAME>", "`<IMAGE1_NAME>` looks like a placeholder that was not filled in", "real value"),
        ("${IMAGE}", "`${IMAGE}` looks like a placeholder", "real value"),
        ("__IMAGE_URI__", "`__IMAGE_URI__` looks like a placeholder", "real value"),
        (
            "AWS_ACCOUNT_ID.dkr.ecr.us-east-1.amazonaws.com/team/app:1",
            "`AWS_ACCOUNT_ID` looks like a placeholder",
            "real value",
        ),
        ("registry.example/team/app:1.0\n", "it ends with a line end (`\\n`)", "`registry.example/team/app:1.0`"),
        (
            "registry.example/app:sha256:aaaaaaaaaaaaaaaa",
            "not in the form `@sha256:…`",
            "`registry.example/app@sha256:aaaaaaaaaaaaaaaa`",
        ),
        ("sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "a digest alone names no image", "in front of the digest"),
        (
            "111122223333.dkr.ecr.us-east-1.amazonaws.com:app",
            "no repository follows it",
            "`111122223333.dkr.ecr.us-east-1.amazonaws.com/app`",
        ),
        ("hub.docker.com/r/team/app", "web page (Docker Hub)", "`team/app`"),
        ("111122223333.dkr.ecr.us-east-1b.amazonaws.com/app", "is a zone; its Region is us-east-1", "`us-east-1`"),
        (
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com/app",
            "in the partition aws-cn",
            "`cn-north-1.amazonaws.com.cn`",
        ),
    ] {
        let text = explanation(&task(&[open_container("app", image)]));
        assert!(text.contains(cause) && text.contains(fix), "{image}: {text}");
    }
}

#[test]
fn slip_in_a_secret_is_named_with_its_fix() {
    let arn = |region: &str, rest: &str| format!("arn:aws:secretsmanager:{region}:111122223333:secret:{rest}");
    for (secret, cause, fix) in [
        ("${docker_hub_credentials_arn}".to_owned(), "looks like a placeholder", "real value"),
        (SECRET.replace("111122223333", "ACCOUNT_ID"), "`ACCOUNT_ID` looks like a placeholder", "real value"),
        (
            "arn:aws:secretsmanager:region:aws_account_id:secret:secret_name".to_owned(),
            "`aws_account_id` looks like a placeholder",
            "real value",
        ),
        (format!("{SECRET}\n"), "it ends with a line end (`\\n`)", SECRET),
        (arn("us-east-1", "team/registry-??????"), "it has the wildcard `?`", "in full"),
        (
            arn("us-east-1", "team/registry-AbCdEf:password::"),
            "`:password::` follows the secret's name",
            "secret:team/registry-AbCdEf`",
        ),
        (arn("us-east-1a", "team/registry-AbCdEf"), "`us-east-1a` is a zone; its Region is us-east-1", "`us-east-1`"),
        (arn("US-EAST-1", "team/registry-AbCdEf"), "us-east-1 is similar", "`us-east-1`"),
        (
            arn("cn-north-1", "x-AbCdEf"),
            "the Region cn-north-1 is in the partition aws-cn, not in `aws`",
            "`arn:aws-cn:`",
        ),
        (
            "https://us-east-1.console.aws.amazon.com/secretsmanager/secret?name=team%2Fregistry".to_owned(),
            "it is the address of a web page (AWS)",
            "`aws secretsmanager describe-secret --region us-east-1 --secret-id team/registry --query ARN --output text`",
        ),
        (IMAGE.to_owned(), "it looks like an image", "belongs in `image`"),
    ] {
        let text = explanation(&task(&[container("app", "registry.example/app", &secret)]));
        assert!(text.contains(cause) && text.contains(fix), "{secret}: {text}");
    }
}

#[test]
fn slip_in_the_execution_role_is_named_with_its_fix() {
    for (role, cause, fix) in [
        (
            "arn:aws:iam::<account>:role/exec",
            "executionRoleArn `arn:aws:iam::<account>:role/exec`: `<account>` looks like a placeholder",
            "real value",
        ),
        ("arn:aws:iam::aws_account_id:role/exec", "`aws_account_id` looks like a placeholder", "real value"),
        ("REPLACE_ME_ECS_ROLE_ARN", "looks like a placeholder", "real value"),
        ("ecsTaskExecutionRole ", "it ends with a space", "`ecsTaskExecutionRole`"),
        ("arn:aws:iam::111122223333:user/me", "must begin with `role/`", "`aws iam list-roles"),
        (
            "https://us-east-1.console.aws.amazon.com/iam/home#/roles/details/exec",
            "it is the address of a web page (AWS)",
            "`aws iam get-role --role-name exec --query Role.Arn --output text`",
        ),
    ] {
        let text = explanation(&with_role(role));
        assert!(text.contains(cause) && text.contains(fix), "{role}: {text}");
    }
}

#[test]
fn role_given_by_name_is_one_of_the_callers_account() {
    let mut world = World::new();
    world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    world.aws.put_secret(Secret::text(SECRET, LOGIN));
    assert_eq!(plan(&with_role("tasks/web"), "json").code, 0, "a plan needs no account");
    for name in ["tasks/web", "/tasks/web"] {
        let ended = world.pull(&with_role(name)).output();
        assert_eq!(ended.code, 0, "{name}: {ended:?}");
    }
    let targets: Vec<_> = world.aws.calls().into_iter().filter(|call| call.operation == "AssumeRole").collect();
    assert!(targets.iter().all(|call| call.target.as_deref() == Some(ROLE)), "{targets:?}");
    assert_eq!(world.aws.call_count("GetCallerIdentity"), 2, "one for each run");
    let ended = world.pull(&with_role("absent")).output();
    assert_eq!(ended.failure(0), "role refused");
    assert_eq!(ended.container(0)["failure"]["resource"], "arn:aws:iam::111122223333:role/absent");
}

/// Definitions with a login in one field each, in the forms in which people put it there.
fn misplaced_logins() -> Vec<Value> {
    let login = json!({ "username": "alice", "password": PASSWORD }).to_string();
    let encoded = PASSWORD.replace('!', "%21").replace('/', "%2F").replace('~', "%7E");
    let texts = [
        login.clone(),
        format!("r.example/x:{login}"),
        format!("alice:{PASSWORD}@shared.example/app:1"),
        format!("alice:{PASSWORD}@sha256.example/app:1"),
        format!("https://alice:{PASSWORD}@registry.example/app:1"),
        format!("alice%3A{encoded}%40registry.example/app"),
        format!("registry.example/{PASSWORD}/App:1"),
        format!("registry.example/app:{PASSWORD}"),
        format!("registry.example/app@{PASSWORD}"),
        format!("registry.example/app?password={PASSWORD}"),
        format!("username=alice,password={PASSWORD}"),
        format!("docker login -u alice -p {PASSWORD} registry.example"),
        format!("alice:{PASSWORD}"),
        format!("arn:aws:secretsmanager:us-east-1:111122223333:secret:alice:{PASSWORD}@x"),
        format!("<user>:{PASSWORD}@registry.example/app"),
        format!("\"alice:{PASSWORD}@registry.example/app\""),
        format!(" alice:{PASSWORD}@registry.example/app\n"),
        format!("${{USER}}:{PASSWORD}@registry.example/app"),
    ];
    let definitions = |text: &String| {
        [
            task(&[open_container("app", text)]),
            task(&[container("app", "registry.example/app", text)]),
            with_role(text),
            task(&[open_container(text, "registry.example/app")]),
            json!({ "containerDefinitions": [open_container("app", "a")], "runtimePlatform": { "cpuArchitecture": text } }),
        ]
    };
    texts.iter().flat_map(definitions).collect()
}

#[test]
fn misplaced_login_is_in_no_output() {
    let canary = Canary::new("password", PASSWORD);
    for definition in misplaced_logins() {
        for output in ["json", "text"] {
            let ended = plan(&definition, output);
            canary.assert_absent(&ended);
            let halves = Canary::new("half of the password", &PASSWORD[..12]);
            halves.assert_absent(&ended);
        }
    }
}

#[test]
fn misplaced_login_in_an_argument_is_in_no_output() {
    let canary = Canary::new("password", PASSWORD);
    let host = format!("alice:{PASSWORD}@registry.example");
    let address = format!("https://alice:{PASSWORD}@registry.example/task.json");
    let query = format!("https://registry.example/task.json?token={PASSWORD}");
    for arguments in [
        vec!["pull", &host],
        vec!["pull", &address],
        vec!["pull", &query],
        vec!["login-password", "--registry", &host],
        vec!["pull", "--platform", &host, "-"],
        vec!["secret", "check", "--for", "direct", &host],
        vec!["secret", "check", "--for", "direct", "--registry", &host, "team/registry"],
        vec!["secret", "check", "--for", "direct", "--account", &host, "team/registry"],
        vec!["secret", "check", "--for", "direct", "--region", &host, "team/registry"],
        vec!["secret", "seal", "--kms-key", &host],
    ] {
        let ended = Run::new(&arguments).output();
        assert_ne!(ended.code, 0, "{arguments:?}");
        canary.assert_absent(&ended);
    }
}

#[test]
fn misplaced_login_is_not_in_the_agents_answers_or_files() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::from_run(home.serve(&world).env("RUST_LOG", "debug"), &home);
    let canary = Canary::new("password", PASSWORD);
    for definition in misplaced_logins() {
        let answer = agent.submit(&definition);
        assert_eq!(canary.find_in_bytes("answer", answer.body.as_bytes()), []);
        if answer.status == 202 {
            let view = agent.wait_for_end(&answer.id()).to_string();
            assert_eq!(canary.find_in_bytes("view", view.as_bytes()), []);
        }
    }
    let list = agent.get("/v1/pulls").body;
    assert_eq!(canary.find_in_bytes("list", list.as_bytes()), []);
    assert_eq!(canary.find_in_bytes("log", agent.log_lines("").join("\n").as_bytes()), []);
    assert_eq!(canary.scan_folder(&Folder::new(home.state())).findings, []);
}
