//! Rewrites at the wire: through a pull-through rule, and past it.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::ecr::{TOKEN, asked, credential, shown, tokens, world, world_with};
use crate::support::aws::{Fault, Policy};
use crate::support::engine::{Engine, Pull};
use crate::support::fault::When;
use crate::support::run::{Ended, Run};
use crate::support_aws_client::{GET, HOST, ROLE, SECRET};
use crate::task::{IMAGE, World, container, open_container, task};

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

/// A pull of this definition where Docker Hub's images have a rule.
fn run(world: &World, definition: &Value) -> (Run, NamedTempFile) {
    let config = rewrite();
    (world.pull(definition).env("TASKPULL_CONFIG", config.path()), config)
}

fn pull(world: &World, definition: &Value) -> Ended {
    let (run, _config) = run(world, definition);
    run.end()
}

fn hub() -> Value {
    task(&[container("web", "nginx:1", SECRET)])
}

/// A world where each of the two registries wants its own login.
fn guarded() -> World {
    let world = world();
    world.engine.image(VIA, Pull::success().requiring("AWS", "token-1"));
    world.engine.image(HUB, Pull::success().requiring("me", "swordfish"));
    world
}

/// What each registry was shown, in order.
fn shown_to(world: &World) -> Vec<(String, String)> {
    let images = world.engine.pulls().into_iter().map(|pull| pull.image);
    images.zip(shown(world)).collect()
}

fn text_of(world: &World, definition: &Value, arguments: &[&str]) -> String {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(definition.to_string().as_bytes()).unwrap();
    let config = rewrite();
    let run = world.set(Run::new(["pull"]).arg(file.path()));
    let run = arguments.iter().fold(run, Run::arg);
    run.env("TASKPULL_CONFIG", config.path()).end().stdout
}

#[test]
fn an_image_comes_through_its_rule_and_has_the_name_that_containers_know() {
    let world = guarded();
    let ended = pull(&world, &hub());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(shown_to(&world), [(VIA.to_owned(), "AWS:token-1".to_owned())], "the upstream is not asked");
    assert_eq!(world.aws.count("GetSecretValue"), 0, "nor its secret read");
    let web = ended.container(0);
    assert_eq!((&web["image"], &web["via"]), (&json!(HUB), &json!(VIA)));
    assert_eq!((&web["result"], &web["fallback"]), (&json!("pulled"), &Value::Null));
    assert_eq!(credential(&web)["kind"], "ecr");
    assert_eq!(ended.report()["tasks"][0]["warnings"], json!([]), "the secret is the upstream's");
    let is_naming = |it: &String| it.starts_with("POST") && it.contains("/images/sha256:") && it.ends_with("/tag");
    let named = world.engine.requests().iter().any(is_naming);
    assert!(named, "{:?}", world.engine.requests());
    // Under that name it is found from now on.
    let (run, _config) = run(&world, &hub());
    let again = run.arg("--behavior").arg("once").env("TASKPULL_VERIFY_ACCESS", "never").end();
    assert_eq!((again.code, &again.container(0)["result"]), (0, &json!("cached")), "{again:?}");
    assert_eq!(again.container(0)["digest"], web["digest"]);
}

#[test]
fn an_unavailable_token_leads_to_the_upstream_with_its_own_secret() {
    for fault in [Fault::Status(503), Fault::Throttle] {
        let world = guarded();
        world.aws.fault("GetAuthorizationToken", When::Every, fault);
        let ended = pull(&world, &hub());
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(shown_to(&world), [(HUB.to_owned(), "me:swordfish".to_owned())]);
        let web = ended.container(0);
        assert_eq!((&web["via"], &web["fallback"]["via"]), (&Value::Null, &json!(VIA)));
        assert_eq!(web["fallback"]["error"]["link"], "registry-token");
        assert_eq!(web["credential"]["kind"], "secret");
    }
}

#[test]
fn settings_that_no_endpoint_fits_are_no_outage() {
    let world = guarded();
    world.engine.image(HUB, Pull::success());
    let (run, _config) = run(&world, &task(&[open_container("web", "nginx:1")]));
    let ended = run.env("AWS_USE_FIPS_ENDPOINT", "true").end();
    assert_eq!((&*ended.failure(0), world.engine.count(HUB)), ("registry-token invalid", 0), "{ended:?}");
    let hint = ended.container(0)["failure"]["hint"].to_string();
    assert!(hint.contains("AWS_USE_FIPS_ENDPOINT") && hint.contains("AWS_ENDPOINT_URL"), "{hint}");
}

#[test]
fn an_unavailable_registry_is_tried_a_few_times_and_then_the_upstream_is() {
    let world = guarded();
    world.engine.image(VIA, Pull::refused(500, OUTAGE));
    let ended = pull(&world, &hub());
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((world.engine.count(VIA), world.engine.count(HUB)), (4, 1));
    assert_eq!(shown_to(&world).last().unwrap().1, "me:swordfish");
    let web = ended.container(0);
    assert_eq!((&web["attempts"], &web["fallback"]["error"]["class"]), (&json!(5), &json!("unavailable")));
    assert_eq!(web["result"], "pulled");
    let text = text_of(&world, &hub(), &[]);
    assert!(text.contains(&format!("from the upstream registry, because {VIA} failed:")), "{text}");
}

#[test]
fn a_rule_that_says_nothing_at_all_is_given_up_at_its_first_deadline() {
    let world = guarded();
    world.engine.image(VIA, Pull::stream().hang());
    let (run, _config) = run(&world, &hub());
    let ended = run.env("TASKPULL_BEGIN_TIMEOUT", "1s").end();
    assert_eq!((ended.code, world.engine.count(VIA)), (0, 1), "{ended:?}");
    assert_eq!(ended.container(0)["fallback"]["error"]["class"], "unavailable");
}

#[test]
fn a_refusal_on_the_rules_side_is_a_refusal() {
    let denied = "denied: User: x is not authorized to perform: ecr:BatchImportUpstreamImage on resource: y";
    for behavior in ["default", "once"] {
        let world = guarded();
        world.engine.image(VIA, Pull::refused(404, denied));
        let (run, _config) = run(&world, &hub());
        let ended = run.arg("--behavior").arg(behavior).end();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "repository refused"), "{ended:?}");
        assert_eq!((world.engine.count(HUB), world.aws.count("GetSecretValue")), (0, 0));
        assert_eq!(ended.container(0)["via"], VIA);
    }
    let world = world_with(Policy::allow(GET, "*"));
    let ended = pull(&world, &hub());
    assert_eq!(ended.failure(0), "registry-token refused", "{ended:?}");
    assert_eq!(world.engine.pulls().len(), 0);
}

#[test]
fn a_missing_rule_is_an_error_that_says_how_to_mend_it() {
    let world = guarded();
    let words = "name unknown: The repository with name 'docker-hub/library/nginx' does not exist in the registry with id '111122223333'";
    world.engine.image(VIA, Pull::refused(404, words));
    let ended = pull(&world, &hub());
    assert_eq!((ended.code, &*ended.failure(0)), (3, "repository absent"), "{ended:?}");
    assert_eq!(world.engine.count(HUB), 0);
    let hint = ended.container(0)["failure"]["hint"].as_str().unwrap().to_owned();
    for said in [HUB, "account 111122223333 has a pull-through rule", "eu-west-1", "ecr:BatchImportUpstreamImage"] {
        assert!(hint.contains(said), "{hint}");
    }
}

#[test]
fn where_both_ways_fail_both_are_told() {
    let world = guarded();
    world.engine.image(VIA, Pull::refused(500, OUTAGE));
    world.engine.image(HUB, Pull::success().requiring("me", "another"));
    let ended = pull(&world, &hub());
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let web = ended.container(0);
    assert_eq!(web["fallback"]["error"]["class"], "unavailable");
    assert_eq!(web["failure"]["thing"], HUB);
    let text = text_of(&world, &hub(), &[]);
    assert!(text.contains("503") && text.contains("does not accept these credentials"), "{text}");
}

#[test]
fn an_upstream_whose_secret_cannot_be_read_is_the_failure_beside_the_rules() {
    let world = world_with(Policy::allow(TOKEN, "*"));
    world.engine.image(VIA, Pull::refused(500, OUTAGE));
    let ended = pull(&world, &hub());
    let web = ended.container(0);
    assert_eq!(web["failure"]["class"], "refused", "{ended:?}");
    assert_eq!((&web["credential"]["kind"], &web["fallback"]["via"]), (&json!("secret"), &json!(VIA)));
    assert_eq!(world.engine.count(HUB), 0, "nothing is pulled anonymously");
}

#[test]
fn an_engine_in_distress_is_no_reason_to_ask_the_upstream() {
    let world = guarded();
    let full = "write /var/lib/docker/tmp/GetImageBlob1: no space left on device";
    world.engine.image(VIA, Pull::stream().status("Pulling from docker-hub/library/nginx").error(full));
    let ended = pull(&world, &hub());
    assert_eq!((&*ended.failure(0), world.engine.count(HUB)), ("disk disk-full", 0), "{ended:?}");
}

#[test]
fn two_identities_come_through_the_rule_with_their_own_tokens_and_one_transfer() {
    let world = world_with(Policy::allow("sts:AssumeRole", "*"));
    let (other, third) = ("arn:aws:iam::111122223333:role/tasks/other", "arn:aws:iam::111122223333:role/tasks/third");
    for role in [ROLE, other] {
        world.aws.role(role, Policy::trust(HOST), Policy::allow(TOKEN, "*"));
    }
    world.aws.role(third, Policy::trust(HOST), Policy::none());
    world.engine.image(HUB, Pull::success());
    let folder = tempfile::tempdir().unwrap();
    for (file, role) in [("1.json", ROLE), ("2.json", other), ("3.json", third)] {
        let mut definition = task(&[open_container("web", "nginx:1")]);
        definition["executionRoleArn"] = json!(role);
        std::fs::write(folder.path().join(file), definition.to_string()).unwrap();
    }
    let config = rewrite();
    let run = world.set(Run::new(["pull", "--output", "json"]).arg(folder.path()));
    let ended = run.env("TASKPULL_CONFIG", config.path()).env("TASKPULL_CONCURRENCY", "1").end();
    let mut results: Vec<_> =
        (0..3).map(|at| ended.report()["tasks"][at]["containers"][0]["result"].as_str().unwrap().to_owned()).collect();
    assert_eq!(results.pop().unwrap(), "failed", "{ended:?}");
    results.sort();
    assert_eq!(results, ["pulled", "up-to-date"], "whoever came first: {ended:?}");
    assert_eq!((world.engine.count(VIA), world.engine.verified().len(), tokens(&world).len()), (1, 1, 3));
    assert_eq!(world.engine.count(HUB), 0, "no task gains from the upstream being open");
}

#[test]
fn a_copy_serves_only_whom_the_way_in_order_lets_have_it() {
    let open = task(&[open_container("web", "nginx:1")]);
    for behavior in ["once", "prefer-cached"] {
        let world = guarded();
        assert_eq!(pull(&world, &open).code, 0);
        let again = |world: &World| {
            let (run, _config) = run(world, &open);
            run.arg("--behavior").arg(behavior).env("TASKPULL_ATTEMPTS", "1").end()
        };
        // Another run has another token; the registry takes the first one only.
        let refused = again(&world);
        assert_eq!(refused.failure(0), "registry refused", "{behavior}: {refused:?}");
        world.engine.image(VIA, Pull::success().requiring("AWS", "token-4"));
        let served = again(&world);
        let web = served.container(0);
        assert_eq!((&web["result"], &web["verified"]), (&json!("cached"), &json!(true)), "{behavior}: {served:?}");
        assert_eq!(web["via"], VIA);
        // The rule's side is away: the upstream says whether this container may have the copy.
        let outage = Fault::Body(json!({ "authorizationData": [] }).to_string());
        world.aws.fault("GetAuthorizationToken", When::Every, outage);
        let refused = again(&world);
        assert_eq!(refused.failure(0), "registry refused", "{behavior}: {refused:?}");
        world.engine.image(HUB, Pull::success());
        let served = again(&world);
        assert_eq!(served.container(0)["verified"], true, "{behavior}: {served:?}");
        assert_eq!(served.container(0)["fallback"]["via"], VIA);
        assert_eq!((world.engine.count(VIA), world.engine.count(HUB)), (1, 0), "nothing was pulled for it");
    }
}

#[test]
fn the_copy_serves_where_neither_way_is_in_order() {
    let world = guarded();
    assert_eq!(pull(&world, &hub()).code, 0);
    for image in [VIA, HUB] {
        world.engine.image(image, Pull::refused(500, OUTAGE));
    }
    let (run, _config) = run(&world, &hub());
    let ended = run.env("TASKPULL_ATTEMPTS", "1").end();
    let web = ended.container(0);
    assert_eq!((ended.code, &web["result"]), (0, &json!("cached")), "{ended:?}");
    assert_eq!((&web["fallback"]["error"]["thing"], &web["insteadOf"]["thing"]), (&json!(VIA), &json!(HUB)));
    assert!(web["digest"].as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{web}");
}

#[test]
fn podman_gives_the_name_too() {
    let mut world = guarded();
    world.engine = Engine::podman();
    world.engine.image(VIA, Pull::success().requiring("AWS", "token-1"));
    let ended = pull(&world, &hub());
    assert_eq!((ended.code, &ended.container(0)["via"]), (0, &json!(VIA)), "{ended:?}");
    let (run, _config) = run(&world, &hub());
    let again = run.arg("--behavior").arg("once").env("TASKPULL_VERIFY_ACCESS", "never").end();
    assert_eq!(again.container(0)["result"], "cached", "{again:?}");
}

#[test]
fn a_plan_shows_both_ways_and_asks_nobody() {
    let world = guarded();
    let (dry, _config) = run(&world, &task(&[container("web", "nginx:1", SECRET), container("own", IMAGE, SECRET)]));
    let ended = dry.arg("--dry-run").end();
    let web = ended.container(0);
    assert_eq!((ended.code, &web["via"]), (0, &json!(VIA)), "{ended:?}");
    assert_eq!((&web["credential"]["kind"], &web["upstreamCredential"]["kind"]), (&json!("ecr"), &json!("secret")));
    assert_eq!((&ended.container(1)["via"], &ended.container(1)["upstreamCredential"]), (&Value::Null, &Value::Null));
    assert_eq!((world.engine.requests().len(), asked(&world).len()), (0, 0));
    let text = text_of(&world, &hub(), &["--dry-run"]);
    assert!(text.contains(&format!("    via {VIA}\n")) && text.contains("with login [2]"), "{text}");
}

#[test]
fn the_upstreams_name_is_pinned_and_an_image_that_is_pinned_stays_where_it_is() {
    let world = guarded();
    let folder = tempfile::tempdir().unwrap();
    let (file, pinned) = (folder.path().join("web.json"), folder.path().join("pinned.json"));
    std::fs::write(&file, hub().to_string()).unwrap();
    let config = rewrite();
    let run = |file: &Path| {
        let run = world.set(Run::new(["pull", "--output", "json"]).arg(file));
        run.env("TASKPULL_CONFIG", config.path())
    };
    let ended = run(&file).arg(format!("--pin={}", pinned.display())).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    let digest = ended.container(0)["digest"].as_str().unwrap().to_owned();
    let definition: Value = serde_json::from_slice(&std::fs::read(&pinned).unwrap()).unwrap();
    assert_eq!(definition["containerDefinitions"][0]["image"], format!("nginx@{digest}"));
    let ended = run(&pinned).end();
    assert_eq!((ended.code, &ended.container(0)["via"]), (0, &Value::Null), "{ended:?}");
    assert_eq!(world.engine.pulls().last().unwrap().image, format!("docker.io/library/nginx@{digest}"));
    let warning = ended.report()["tasks"][0]["warnings"][0].as_str().unwrap().to_owned();
    assert!(warning.starts_with("web: `[[rewrite]]` covers the image, which is named by its digest"), "{warning}");
}

#[test]
fn events_tell_of_the_upstream_when_it_is_asked() {
    let world = guarded();
    world.engine.image(VIA, Pull::refused(500, OUTAGE));
    let (run, _config) = run(&world, &hub());
    let ended = run.arg("--events").end();
    let events: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let asking: Vec<_> = events.iter().filter(|event| event["event"] == "asking-upstream").collect();
    assert_eq!((asking.len(), &asking[0]["error"]["thing"]), (1, &json!(VIA)), "{ended:?}");
    assert_eq!(asking[0]["image"], HUB);
}

#[test]
fn no_login_reaches_a_registry_or_a_reader_that_is_not_its_own() {
    let world = guarded();
    world.engine.once(VIA, Pull::refused(500, OUTAGE));
    let both = task(&[container("web", "nginx:1", SECRET), container("own", IMAGE, SECRET)]);
    assert_eq!(pull(&world, &both).code, 0);
    world.engine.image(VIA, Pull::refused(500, OUTAGE));
    let ended = pull(&world, &both);
    assert_eq!(ended.code, 0, "{ended:?}");
    for (image, login) in shown_to(&world) {
        let is_rules = image == VIA;
        assert_eq!(login.starts_with("AWS:token-"), is_rules, "{image}");
        assert_eq!(login == "me:swordfish", !is_rules, "{image}");
    }
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!said.contains("swordfish") && !said.contains("token-"), "{said}");
}

#[test]
fn a_rewrite_that_leads_nowhere_is_an_error_before_anybody_is_asked() {
    let ecr = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    for (text, said) in [
        (
            "[[rewrite]]\nfrom = \"docker.io\"\nto = \"mirror.example/hub\"\n".to_owned(),
            "is not an ECR registry's host",
        ),
        (format!("[[rewrite]]\nfrom = \"{ecr}\"\nto = \"{ecr}/x\"\n"), "is a private ECR registry"),
        (format!("[[rewrite]]\nfrom = \"docker.io\"\nto = \"{ecr}\"\n").repeat(2), "stands there twice"),
        (format!("[[rewrite]]\nfrom = \"docker.io\"\nto = \"{ecr}\"\nelse = 1\n"), "unknown field `else`"),
    ] {
        let world = world();
        let config = config(&text);
        let ended = world.pull(&hub()).env("TASKPULL_CONFIG", config.path()).end();
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
        assert_eq!(world.engine.requests().len(), 0);
    }
}
