//! Rewrites: pulls through a pull-through cache rule, and the fallback to the upstream.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::support::aws::{AwsFault, Policy};
use crate::support::engine::{FakeEngine, PullScript};
use crate::support::fault::Calls;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{
    GET_TOKEN, IMAGE, World, container, ecr_world, ecr_world_with, open_container, reported_credential, shown_logins,
    task, token_call_regions, token_calls,
};

const HUB: &str = "docker.io/library/nginx:1";
const VIA: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1";
const OUTAGE: &str = "received unexpected HTTP status: 503 Service Unavailable";

fn config(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn rewrite() -> NamedTempFile {
    let to = VIA.strip_suffix("/library/nginx:1").unwrap();
    config(&format!("[[rewrite]]\nfrom = \"docker.io\"\nto = \"{to}\"\n"))
}

/// Returns a pull of this definition with a rule for Docker Hub's images.
fn run(world: &World, definition: &Value) -> (Run, NamedTempFile) {
    let config = rewrite();
    (world.pull(definition).env("TASKPULL_CONFIG", config.path()), config)
}

fn pull(world: &World, definition: &Value) -> RunOutput {
    let (run, _config) = run(world, definition);
    run.output()
}

/// Returns a task with an image of Docker Hub and its secret.
fn hub_definition() -> Value {
    task(&[container("web", "nginx:1", SECRET)])
}

/// Returns a world in which each of the two registries requires its own login.
fn world_with_logins() -> World {
    let world = ecr_world();
    world.engine.script(VIA, PullScript::success().with_login("AWS", "token-1"));
    world.engine.script(HUB, PullScript::success().with_login("me", "swordfish"));
    world
}

/// Returns the image and login of each pull, in order.
fn logins_by_image(world: &World) -> Vec<(String, String)> {
    let images = world.engine.pulls().into_iter().map(|pull| pull.image);
    images.zip(shown_logins(world)).collect()
}

fn text_report(world: &World, definition: &Value, arguments: &[&str]) -> String {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(definition.to_string().as_bytes()).unwrap();
    let config = rewrite();
    let run = world.configure(Run::new(["pull"]).arg(file.path()));
    let run = arguments.iter().fold(run, Run::arg);
    run.env("TASKPULL_CONFIG", config.path()).output().stdout
}

#[test]
fn image_pulled_through_a_rule_gets_its_original_name() {
    let world = world_with_logins();
    let ended = pull(&world, &hub_definition());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        logins_by_image(&world),
        [(VIA.to_owned(), "AWS:token-1".to_owned())],
        "the upstream receives no request"
    );
    assert_eq!(world.aws.call_count("GetSecretValue"), 0, "the upstream's secret is not read");
    let web = ended.container(0);
    assert_eq!((&web["image"], &web["via"]), (&json!(HUB), &json!(VIA)));
    assert_eq!((&web["result"], &web["fallback"]), (&json!("pulled"), &Value::Null));
    assert_eq!(reported_credential(&web)["kind"], "ecr");
    assert!(!ended.stdout.contains("unused-secret"), "the secret belongs to the upstream");
    let is_tag_request = |request: &String| {
        request.starts_with("POST") && request.contains("/images/sha256:") && request.ends_with("/tag")
    };
    let is_tagged = world.engine.requests().iter().any(is_tag_request);
    assert!(is_tagged, "{:?}", world.engine.requests());
    // The engine finds the image by that name afterwards.
    let (run, _config) = run(&world, &hub_definition());
    let second = run.arg("--behavior").arg("once").env("TASKPULL_VERIFY_ACCESS", "never").output();
    assert_eq!((second.code, &second.container(0)["result"]), (0, &json!("cached")), "{second:?}");
    assert_eq!(second.container(0)["digest"], web["digest"]);
}

#[test]
fn unavailable_ecr_token_falls_back_to_the_upstream_with_its_secret() {
    for fault in [AwsFault::Status(503), AwsFault::Throttle] {
        let world = world_with_logins();
        world.aws.inject_fault("GetAuthorizationToken", Calls::Every, fault);
        let ended = pull(&world, &hub_definition());
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(logins_by_image(&world), [(HUB.to_owned(), "me:swordfish".to_owned())]);
        let web = ended.container(0);
        assert_eq!((&web["via"], &web["fallback"]["via"]), (&Value::Null, &json!(VIA)));
        assert_eq!(web["fallback"]["error"]["link"], "registry-token");
        assert_eq!(web["credential"]["kind"], "secret");
    }
}

#[test]
fn unsupported_endpoint_settings_do_not_cause_a_fallback() {
    let world = world_with_logins();
    world.engine.script(HUB, PullScript::success());
    let (run, _config) = run(&world, &task(&[open_container("web", "nginx:1")]));
    let ended = run.env("AWS_USE_FIPS_ENDPOINT", "true").output();
    assert_eq!((&*ended.failure(0), world.engine.pull_count(HUB)), ("registry-token invalid", 0), "{ended:?}");
    let hint = ended.container(0)["failure"]["hint"].to_string();
    assert!(hint.contains("AWS_USE_FIPS_ENDPOINT") && hint.contains("AWS_ENDPOINT_URL"), "{hint}");
}

#[test]
fn unavailable_ecr_registry_is_retried_before_the_upstream_fallback() {
    let world = world_with_logins();
    world.engine.script(VIA, PullScript::refusal(500, OUTAGE));
    let ended = pull(&world, &hub_definition());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((world.engine.pull_count(VIA), world.engine.pull_count(HUB)), (4, 1));
    assert_eq!(logins_by_image(&world).last().unwrap().1, "me:swordfish");
    let web = ended.container(0);
    assert_eq!((&web["attempts"], &web["fallback"]["error"]["class"]), (&json!(5), &json!("unavailable")));
    assert_eq!(web["result"], "pulled");
    let text = text_report(&world, &hub_definition(), &[]);
    assert!(text.contains(&format!("from the upstream registry, because {VIA} failed:")), "{text}");
}

#[test]
fn silent_rule_is_abandoned_at_the_first_timeout() {
    let world = world_with_logins();
    world.engine.script(VIA, PullScript::stream().hang());
    let (run, _config) = run(&world, &hub_definition());
    let ended = run.env("TASKPULL_BEGIN_TIMEOUT", "1s").output();
    assert_eq!((ended.code, world.engine.pull_count(VIA)), (0, 1), "{ended:?}");
    assert_eq!(ended.container(0)["fallback"]["error"]["class"], "unavailable");
}

#[test]
fn refusal_by_the_rule_does_not_fall_back() {
    let denied = "denied: User: x is not authorized to perform: ecr:BatchImportUpstreamImage on resource: y";
    for behavior in ["default", "once"] {
        let world = world_with_logins();
        world.engine.script(VIA, PullScript::refusal(404, denied));
        let (run, _config) = run(&world, &hub_definition());
        let ended = run.arg("--behavior").arg(behavior).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "repository refused"), "{ended:?}");
        assert_eq!((world.engine.pull_count(HUB), world.aws.call_count("GetSecretValue")), (0, 0));
        assert_eq!(ended.container(0)["via"], VIA);
    }
    let world = ecr_world_with(Policy::allow(GET_SECRET_VALUE, "*"));
    let ended = pull(&world, &hub_definition());
    assert_eq!(ended.failure(0), "registry-token refused", "{ended:?}");
    assert_eq!(world.engine.pulls().len(), 0);
}

#[test]
fn missing_rule_is_reported_with_a_hint_to_create_it() {
    let world = world_with_logins();
    let words = "name unknown: The repository with name 'docker-hub/library/nginx' does not exist in the registry with id '111122223333'";
    world.engine.script(VIA, PullScript::refusal(404, words));
    let ended = pull(&world, &hub_definition());
    assert_eq!((ended.code, &*ended.failure(0)), (3, "repository absent"), "{ended:?}");
    assert_eq!(world.engine.pull_count(HUB), 0);
    let hint = ended.container(0)["failure"]["hint"].as_str().unwrap().to_owned();
    for text in [HUB, "account 111122223333 has a pull-through cache rule", "eu-west-1", "ecr:BatchImportUpstreamImage"]
    {
        assert!(hint.contains(text), "{hint}");
    }
}

#[test]
fn failures_of_both_routes_are_reported() {
    let world = world_with_logins();
    world.engine.script(VIA, PullScript::refusal(500, OUTAGE));
    world.engine.script(HUB, PullScript::success().with_login("me", "another"));
    let ended = pull(&world, &hub_definition());
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let web = ended.container(0);
    assert_eq!(web["fallback"]["error"]["class"], "unavailable");
    assert_eq!(web["failure"]["resource"], HUB);
    let text = text_report(&world, &hub_definition(), &[]);
    assert!(text.contains("503") && text.contains("does not accept these credentials"), "{text}");
}

#[test]
fn unreadable_upstream_secret_is_reported_together_with_the_rule_failure() {
    let world = ecr_world_with(Policy::allow(GET_TOKEN, "*"));
    world.engine.script(VIA, PullScript::refusal(500, OUTAGE));
    let ended = pull(&world, &hub_definition());
    let web = ended.container(0);
    assert_eq!(web["failure"]["class"], "refused", "{ended:?}");
    assert_eq!((&web["credential"]["kind"], &web["fallback"]["via"]), (&json!("secret"), &json!(VIA)));
    assert_eq!(world.engine.pull_count(HUB), 0, "nothing is pulled anonymously");
}

#[test]
fn full_engine_disk_does_not_cause_an_upstream_fallback() {
    let world = world_with_logins();
    let full = "write /var/lib/docker/tmp/GetImageBlob1: no space left on device";
    world.engine.script(VIA, PullScript::stream().status("Pulling from docker-hub/library/nginx").error(full));
    let ended = pull(&world, &hub_definition());
    assert_eq!((&*ended.failure(0), world.engine.pull_count(HUB)), ("disk disk-full", 0), "{ended:?}");
}

#[test]
fn two_identities_use_their_own_tokens_and_share_one_transfer() {
    let world = ecr_world_with(Policy::allow("sts:AssumeRole", "*"));
    let (other, third) = ("arn:aws:iam::111122223333:role/tasks/other", "arn:aws:iam::111122223333:role/tasks/third");
    for role in [ROLE, other] {
        world.aws.put_role(role, Policy::trust(HOST_USER), Policy::allow(GET_TOKEN, "*"));
    }
    world.aws.put_role(third, Policy::trust(HOST_USER), Policy::none());
    world.engine.script(HUB, PullScript::success());
    let folder = tempfile::tempdir().unwrap();
    for (file, role) in [("1.json", ROLE), ("2.json", other), ("3.json", third)] {
        let mut definition = task(&[open_container("web", "nginx:1")]);
        definition["executionRoleArn"] = json!(role);
        std::fs::write(folder.path().join(file), definition.to_string()).unwrap();
    }
    let config = rewrite();
    let run = world.configure(Run::new(["pull", "--output", "json"]).arg(folder.path()));
    let ended = run.env("TASKPULL_CONFIG", config.path()).env("TASKPULL_CONCURRENCY", "1").output();
    let mut results: Vec<_> =
        (0..3).map(|at| ended.report()["tasks"][at]["containers"][0]["result"].as_str().unwrap().to_owned()).collect();
    assert_eq!(results.pop().unwrap(), "failed", "{ended:?}");
    results.sort();
    assert_eq!(results, ["pulled", "up-to-date"], "the order does not matter: {ended:?}");
    assert_eq!(
        (world.engine.pull_count(VIA), world.engine.verified_images().len(), token_calls(&world).len()),
        (1, 1, 3)
    );
    assert_eq!(world.engine.pull_count(HUB), 0, "no task uses the public upstream");
}

#[test]
fn cached_image_is_used_only_after_verification_by_a_working_route() {
    let open = task(&[open_container("web", "nginx:1")]);
    for behavior in ["once", "prefer-cached"] {
        let world = world_with_logins();
        assert_eq!(pull(&world, &open).code, 0);
        let pull_again = |world: &World| {
            let (run, _config) = run(world, &open);
            run.arg("--behavior").arg(behavior).env("TASKPULL_ATTEMPTS", "1").output()
        };
        // Each run gets a new token, and the registry accepts only the first one.
        let refused = pull_again(&world);
        assert_eq!(refused.failure(0), "registry refused", "{behavior}: {refused:?}");
        world.engine.script(VIA, PullScript::success().with_login("AWS", "token-4"));
        let accepted = pull_again(&world);
        let web = accepted.container(0);
        assert_eq!((&web["result"], &web["verified"]), (&json!("cached"), &json!(true)), "{behavior}: {accepted:?}");
        assert_eq!(web["via"], VIA);
        // ECR is unavailable: the upstream decides whether this container may use the cached image.
        let outage = AwsFault::Body(json!({ "authorizationData": [] }).to_string());
        world.aws.inject_fault("GetAuthorizationToken", Calls::Every, outage);
        let refused = pull_again(&world);
        assert_eq!(refused.failure(0), "registry refused", "{behavior}: {refused:?}");
        world.engine.script(HUB, PullScript::success());
        let accepted = pull_again(&world);
        assert_eq!(accepted.container(0)["verified"], true, "{behavior}: {accepted:?}");
        assert_eq!(accepted.container(0)["fallback"]["via"], VIA);
        assert_eq!(
            (world.engine.pull_count(VIA), world.engine.pull_count(HUB)),
            (1, 0),
            "the verification pulls nothing"
        );
    }
}

#[test]
fn cached_image_is_used_when_both_routes_are_unavailable() {
    let world = world_with_logins();
    assert_eq!(pull(&world, &hub_definition()).code, 0);
    for image in [VIA, HUB] {
        world.engine.script(image, PullScript::refusal(500, OUTAGE));
    }
    let (run, _config) = run(&world, &hub_definition());
    let ended = run.env("TASKPULL_ATTEMPTS", "1").output();
    let web = ended.container(0);
    assert_eq!((ended.code, &web["result"]), (0, &json!("cached")), "{ended:?}");
    assert_eq!((&web["fallback"]["error"]["resource"], &web["insteadOf"]["resource"]), (&json!(VIA), &json!(HUB)));
    assert!(web["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{web}");
}

#[test]
fn podman_image_pulled_through_a_rule_gets_its_original_name() {
    let mut world = world_with_logins();
    world.engine = FakeEngine::podman();
    world.engine.script(VIA, PullScript::success().with_login("AWS", "token-1"));
    let ended = pull(&world, &hub_definition());
    assert_eq!((ended.code, &ended.container(0)["via"]), (0, &json!(VIA)), "{ended:?}");
    let (run, _config) = run(&world, &hub_definition());
    let second = run.arg("--behavior").arg("once").env("TASKPULL_VERIFY_ACCESS", "never").output();
    assert_eq!(second.container(0)["result"], "cached", "{second:?}");
}

#[test]
fn dry_run_shows_both_routes_without_any_request() {
    let world = world_with_logins();
    let (dry_run, _config) =
        run(&world, &task(&[container("web", "nginx:1", SECRET), container("own", IMAGE, SECRET)]));
    let ended = dry_run.arg("--dry-run").output();
    let web = ended.container(0);
    assert_eq!((ended.code, &web["via"]), (0, &json!(VIA)), "{ended:?}");
    assert_eq!((&web["credential"]["kind"], &web["upstreamCredential"]["kind"]), (&json!("ecr"), &json!("secret")));
    assert_eq!((&ended.container(1)["via"], &ended.container(1)["upstreamCredential"]), (&Value::Null, &Value::Null));
    assert_eq!((world.engine.requests().len(), token_call_regions(&world).len()), (0, 0));
    let text = text_report(&world, &hub_definition(), &["--dry-run"]);
    assert!(text.contains(&format!("    via {VIA}\n")) && text.contains("with login [2]"), "{text}");
}

#[test]
fn pinned_image_uses_the_upstream_name_and_bypasses_the_rule() {
    let world = world_with_logins();
    let folder = tempfile::tempdir().unwrap();
    let (file, pinned) = (folder.path().join("web.json"), folder.path().join("pinned.json"));
    std::fs::write(&file, hub_definition().to_string()).unwrap();
    let config = rewrite();
    let run = |file: &Path| {
        let run = world.configure(Run::new(["pull", "--output", "json"]).arg(file));
        run.env("TASKPULL_CONFIG", config.path())
    };
    let ended = run(&file).arg(format!("--pin={}", pinned.display())).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let digest = ended.container(0)["digest"].as_str().unwrap().to_owned();
    let definition: Value = serde_json::from_slice(&std::fs::read(&pinned).unwrap()).unwrap();
    assert_eq!(definition["containerDefinitions"][0]["image"], format!("nginx@{digest}"));
    let ended = run(&pinned).output();
    assert_eq!((ended.code, &ended.container(0)["via"]), (0, &Value::Null), "{ended:?}");
    assert_eq!(world.engine.pulls().last().unwrap().image, format!("docker.io/library/nginx@{digest}"));
    let warning = ended.warning("digest-not-rewritten");
    assert_eq!(warning["container"], "web");
    let message = warning["message"].as_str().unwrap();
    assert!(message.starts_with("`[[rewrite]]` is not applied to an image that is named by its digest"), "{message}");
}

#[test]
fn upstream_fallback_is_reported_as_an_event() {
    let world = world_with_logins();
    world.engine.script(VIA, PullScript::refusal(500, OUTAGE));
    let (run, _config) = run(&world, &hub_definition());
    let ended = run.arg("--events").output();
    let events: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asking: Vec<_> = events.iter().filter(|event| event["event"] == "asking-upstream").collect();
    assert_eq!((asking.len(), &asking[0]["error"]["resource"]), (1, &json!(VIA)), "{ended:?}");
    assert_eq!(asking[0]["image"], HUB);
}

#[test]
fn each_login_reaches_only_its_own_registry() {
    let world = world_with_logins();
    world.engine.script_once(VIA, PullScript::refusal(500, OUTAGE));
    let both = task(&[container("web", "nginx:1", SECRET), container("own", IMAGE, SECRET)]);
    assert_eq!(pull(&world, &both).code, 0);
    world.engine.script(VIA, PullScript::refusal(500, OUTAGE));
    let ended = pull(&world, &both);
    assert_eq!(ended.code, 0, "{ended:?}");
    for (image, login) in logins_by_image(&world) {
        let is_via_rule = image == VIA;
        assert_eq!(login.starts_with("AWS:token-"), is_via_rule, "{image}");
        assert_eq!(login == "me:swordfish", !is_via_rule, "{image}");
    }
    let output = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!output.contains("swordfish") && !output.contains("token-"), "{output}");
}

#[test]
fn invalid_rewrite_setting_is_rejected_before_any_request() {
    let ecr = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    for (text, message) in [
        (
            "[[rewrite]]\nfrom = \"docker.io\"\nto = \"mirror.example/hub\"\n".to_owned(),
            "must be an ECR registry's host, or that host and the prefix of a rule",
        ),
        (format!("[[rewrite]]\nfrom = \"{ecr}\"\nto = \"{ecr}/x\"\n"), "is a private ECR registry"),
        (format!("[[rewrite]]\nfrom = \"docker.io\"\nto = \"{ecr}\"\n").repeat(2), "has more than one entry"),
        (format!("[[rewrite]]\nfrom = \"docker.io\"\nto = \"{ecr}\"\nelse = 1\n"), "unknown field `else`"),
    ] {
        let world = ecr_world();
        let config = config(&text);
        let ended = world.pull(&hub_definition()).env("TASKPULL_CONFIG", config.path()).output();
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(ended.stderr.contains(message), "{ended:?}");
        assert_eq!(world.engine.requests().len(), 0);
    }
}
