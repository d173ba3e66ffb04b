//! The password never appears in the output at `RUST_LOG=trace`, for the failures that only
//! scripted servers can produce.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use crate::support::aws::{Fault, Policy, Secret};
use crate::support::engine::{Auth, Pull};
use crate::support::fault::When;
use crate::support::gate::Gate;
use crate::support::leak::Canary;
use crate::support::run::Ended;
use crate::support_aws_client::{GET, HOST, ROLE, SECRET};
use crate::task::{IMAGE, World, container, task, wait_for};

const PASSWORD: &str = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";

/// Returns canaries for the password, the host's secret key, and the user name, which can be a token.
fn canaries(world: &World) -> [Canary; 3] {
    [
        Canary::new("password", PASSWORD),
        Canary::new("secret access key", &world.host.secret),
        Canary::new("user name", "user-name-that-is-a-token"),
    ]
}

fn assert_silent(world: &World, ended: &Ended) {
    assert!(ended.stderr.contains("DEBUG") || ended.stderr.contains("TRACE"), "the log is enabled: {ended:?}");
    for canary in canaries(world) {
        assert_eq!(canary.in_bytes("stdout", ended.stdout.as_bytes()), []);
        assert_eq!(canary.in_bytes("stderr", ended.stderr.as_bytes()), []);
    }
}

fn login() -> String {
    json!({ "username": "user-name-that-is-a-token", "password": PASSWORD }).to_string()
}

fn run(world: &World, text: &str, output: &str) -> Ended {
    world.aws.secret(Secret::text(SECRET, text));
    let run = crate::support::run::Run::new(["pull", "--output", output, "-"]);
    let run = run.stdin(task(&[container("app", IMAGE, SECRET)]).to_string());
    world.set(run).env("RUST_LOG", "trace").env("TASKPULL_ATTEMPTS", "2").end()
}

#[test]
fn malformed_secret_content_is_never_printed() {
    let world = World::new();
    let quoted = serde_json::to_string(PASSWORD).unwrap();
    let contents = [
        PASSWORD.to_owned(),
        quoted.clone(),
        format!("[{quoted}]"),
        format!("{{\"username\": {quoted}, \"password\": 1}}"),
        format!("{{\"username\": {{\"a\": {quoted}}}, \"password\": {quoted}}}"),
        format!("{{{quoted}: 1}}"),
        format!("{{\"username\": \"user-name-that-is-a-token\", \"password\": {quoted}, \"password\": {quoted}}}"),
        format!("{{\"username\": \"a\", \"accessToken\": {quoted}}}"),
        format!("{{\"username\": \"a\", \"password\": {quoted}"),
        format!("{{\"username\": \"a\", \"password\": {quoted}}} {quoted}"),
        format!("{{\"username\": \"a\", \"pass\": {quoted}}}"),
        format!("username=a password={PASSWORD}"),
        format!("{{\"auths\": {{{quoted}: {{\"password\": {quoted}}}}}}}"),
        format!("{{\"auths\": {{\"registry.example:5000\": {{\"auth\": {quoted}}}}}}}"),
        format!("{{\"auths\": {{\"registry.example:5000\": {quoted}}}}}"),
        format!("{{\".dockerconfigjson\": {quoted}}}"),
        format!("{{\"ServerURL\": {quoted}, \"Username\": \"a\", \"Secret\": {quoted}}}"),
        format!("{{\"identitytoken\": {quoted}, \"password\": {quoted}}}"),
        format!("{{\"taskpull\": {{\"version\": 1, \"keyArn\": {quoted}, \"ciphertext\": \"AQ==\"}}}}"),
        format!("{{\"taskpull\": {{\"version\": {quoted}}}}}"),
        format!("{{\"taskpull\": {{\"version\": 1, {quoted}: 1}}}}"),
    ];
    for content in contents {
        for output in ["text", "json"] {
            let ended = run(&world, &content, output);
            assert_eq!(ended.code, 3, "the content is invalid");
            assert_silent(&world, &ended);
        }
    }
}

#[test]
fn no_engine_answer_reveals_the_password() {
    let world = World::new();
    let pulls = [
        Pull::success(),
        Pull::success().requiring("somebody", "else"),
        Pull::refused(500, "unauthorized: incorrect username or password"),
        Pull::refused(404, "manifest unknown"),
        Pull::refused(503, "<html>busy</html>"),
        Pull::stream().error("toomanyrequests: Rate exceeded"),
        Pull::stream().status("Pulling").reset(),
        Pull::stream().raw("not json\r\n"),
    ];
    for pull in pulls {
        world.engine.image(IMAGE, pull);
        let ended = run(&world, &login(), "text");
        assert_silent(&world, &ended);
    }
    let Auth::Given(given) = &world.engine.pulls()[0].auth else { panic!("no login reached the engine") };
    assert_eq!(given.password, PASSWORD, "the engine received the canary");
}

#[test]
fn no_aws_failure_reveals_a_key_or_token() {
    for fault in [Fault::Throttle, Fault::Status(500), Fault::Reset, Fault::Garbage] {
        for operation in ["GetSecretValue", "AssumeRole"] {
            let mut world = World::new();
            world.host = world.aws.user(HOST, Policy::allow("sts:AssumeRole", ROLE));
            world.aws.role(ROLE, Policy::trust(HOST), Policy::allow(GET, "*"));
            world.aws.fault(operation, When::Every, fault.clone());
            world.aws.secret(Secret::text(SECRET, &login()));
            let mut definition = task(&[container("app", IMAGE, SECRET)]);
            definition["executionRoleArn"] = json!(ROLE);
            let ended = world.pull(&definition).env("RUST_LOG", "trace").end();
            assert!(world.aws.count(operation) > 0, "{operation} is called");
            assert_silent(&world, &ended);
        }
    }
}

#[test]
fn login_echoed_by_the_engine_is_never_printed() {
    let world = World::new();
    let basic = STANDARD.encode(format!("user-name-that-is-a-token:{PASSWORD}"));
    for echo in [
        format!("error parsing HTTP 400 response body: Authorization: Basic {basic}"),
        format!("unauthorized: {PASSWORD} is no password of user-name-that-is-a-token"),
        format!("error parsing: {}", login()),
        format!("X-Registry-Auth: {}", URL_SAFE.encode(login())),
    ] {
        for pull in [Pull::refused(500, &echo), Pull::stream().error(&echo)] {
            world.engine.image(IMAGE, pull);
            for output in ["text", "json"] {
                assert_silent(&world, &run(&world, &login(), output));
            }
        }
    }
}

#[test]
fn identity_token_echoed_by_the_engine_is_never_printed() {
    let world = World::new();
    let token = json!({ "identitytoken": PASSWORD }).to_string();
    for echo in [format!("unauthorized: {PASSWORD}"), format!("X-Registry-Auth: {}", URL_SAFE.encode(&token))] {
        world.engine.image(IMAGE, Pull::refused(500, &echo));
        for output in ["text", "json"] {
            assert_silent(&world, &run(&world, &token, output));
        }
    }
    let Auth::Given(given) = &world.engine.pulls()[0].auth else { panic!("no login reached the engine") };
    assert_eq!(given.identity_token, PASSWORD, "the engine received the canary");
}

#[test]
fn interrupt_and_stall_do_not_reveal_the_password() {
    let world = World::new();
    world.aws.secret(Secret::text(SECRET, &login()));
    world.engine.image(IMAGE, Pull::stream().status("Pulling from team/app").hang());
    let definition = task(&[container("app", IMAGE, SECRET)]);
    let stalled = world.pull(&definition).env("RUST_LOG", "trace").env("TASKPULL_IDLE_TIMEOUT", "1s");
    let ended = stalled.env("TASKPULL_ATTEMPTS", "1").end();
    assert_eq!(ended.failure(0), "layers unavailable", "{ended:?}");
    assert_silent(&world, &ended);

    let gate = Gate::closed();
    world.engine.image(IMAGE, Pull::stream().status("Pulling from team/app").hold(&gate));
    let running = world.pull(&definition).env("RUST_LOG", "trace").start();
    wait_for(&gate, 1);
    let pid = running.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let ended = Ended::of(running);
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_silent(&world, &ended);
    gate.open();
}

#[test]
fn session_token_echoed_by_aws_is_never_printed() {
    let mut world = World::new();
    world.aws.role(ROLE, Policy::trust(HOST), Policy::allow(GET, "*"));
    world.host = world.aws.session(ROLE, "i-0abc");
    let token = world.host.token.clone().unwrap();
    let does_not_match = "The request signature we calculated does not match the signature you provided.";
    for echo in [
        format!("The Canonical String for this request should have been 'POST x-amz-security-token:{token}'"),
        format!("The String-to-Sign should have been '{token}'"),
        format!("Authorization={token}"),
    ] {
        let message = format!("{does_not_match} {echo}").leak();
        world.aws.fault("GetSecretValue", When::Every, Fault::Error(403, "InvalidSignatureException", message));
        let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("RUST_LOG", "trace").end();
        assert!(ended.stdout.contains(does_not_match), "{ended:?}");
        let canary = Canary::new("session token", &token);
        assert_eq!(canary.in_bytes("stdout", ended.stdout.as_bytes()), []);
        assert_eq!(canary.in_bytes("stderr", ended.stderr.as_bytes()), []);
    }
}
