//! The password never appears in the output at `RUST_LOG=trace`, for the failures that only
//! scripted servers can produce.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::engine::{PullScript, RegistryAuth};
use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::leak::Canary;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, ROLE, SECRET};
use crate::support::run::RunOutput;
use crate::support::world::{IMAGE, World, container, task};

const PASSWORD: &str = "c4nary-ÿ-\"quoted\"-~~~???-and-long-enough";

/// Returns canaries for the password, the host's secret key, and the user name, which can be a token.
fn canaries(world: &World) -> [Canary; 3] {
    [
        Canary::new("password", PASSWORD),
        Canary::new("secret access key", &world.host.secret),
        Canary::new("user name", "user-name-that-is-a-token"),
    ]
}

fn assert_silent(world: &World, ended: &RunOutput) {
    assert!(ended.stderr.contains("DEBUG") || ended.stderr.contains("TRACE"), "the log is enabled: {ended:?}");
    for canary in canaries(world) {
        canary.assert_absent(ended);
    }
}

fn login() -> String {
    json!({ "username": "user-name-that-is-a-token", "password": PASSWORD }).to_string()
}

fn run(world: &World, text: &str, output: &str) -> RunOutput {
    world.aws.put_secret(Secret::text(SECRET, text));
    let run = crate::support::run::Run::new(["pull", "--output", output, "-"]);
    let run = run.stdin(task(&[container("app", IMAGE, SECRET)]).to_string());
    world.configure(run).env("RUST_LOG", "trace").env("TASKPULL_ATTEMPTS", "2").output()
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
        PullScript::success(),
        PullScript::success().with_login("somebody", "else"),
        PullScript::refusal(500, "unauthorized: incorrect username or password"),
        PullScript::refusal(404, "manifest unknown"),
        PullScript::refusal(503, "<html>busy</html>"),
        PullScript::stream().error("toomanyrequests: Rate exceeded"),
        PullScript::stream().status("Pulling").reset(),
        PullScript::stream().raw("not json\r\n"),
    ];
    for pull in pulls {
        world.engine.script(IMAGE, pull);
        let ended = run(&world, &login(), "text");
        assert_silent(&world, &ended);
    }
    let RegistryAuth::Config(given) = &world.engine.pulls()[0].auth else { panic!("no login reached the engine") };
    assert_eq!(given.password, PASSWORD, "the engine received the canary");
}

#[test]
fn no_aws_failure_reveals_a_key_or_token() {
    for fault in [AwsFault::Throttle, AwsFault::Status(500), AwsFault::Reset, AwsFault::Garbage] {
        for operation in ["GetSecretValue", "AssumeRole"] {
            let mut world = World::new();
            world.host = world.aws.put_user(HOST_USER, Policy::allow("sts:AssumeRole", ROLE));
            world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
            world.aws.inject_fault(operation, Calls::Every, fault.clone());
            world.aws.put_secret(Secret::text(SECRET, &login()));
            let mut definition = task(&[container("app", IMAGE, SECRET)]);
            definition["executionRoleArn"] = json!(ROLE);
            let ended = world.pull(&definition).env("RUST_LOG", "trace").output();
            assert!(world.aws.call_count(operation) > 0, "{operation} is called");
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
        for pull in [PullScript::refusal(500, &echo), PullScript::stream().error(&echo)] {
            world.engine.script(IMAGE, pull);
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
        world.engine.script(IMAGE, PullScript::refusal(500, &echo));
        for output in ["text", "json"] {
            assert_silent(&world, &run(&world, &token, output));
        }
    }
    let RegistryAuth::Config(given) = &world.engine.pulls()[0].auth else { panic!("no login reached the engine") };
    assert_eq!(given.identity_token, PASSWORD, "the engine received the canary");
}

#[test]
fn interrupt_and_stall_do_not_reveal_the_password() {
    let world = World::new();
    world.aws.put_secret(Secret::text(SECRET, &login()));
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hang());
    let definition = task(&[container("app", IMAGE, SECRET)]);
    let stalled = world.pull(&definition).env("RUST_LOG", "trace").env("TASKPULL_IDLE_TIMEOUT", "1s");
    let ended = stalled.env("TASKPULL_ATTEMPTS", "1").output();
    assert_eq!(ended.failure(0), "layers unavailable", "{ended:?}");
    assert_silent(&world, &ended);

    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::stream().status("Pulling from team/app").hold(&gate));
    let running = world.pull(&definition).env("RUST_LOG", "trace").start();
    gate.block_until_arrivals(1);
    let pid = running.id().to_string();
    assert!(std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 130, "{ended:?}");
    assert_silent(&world, &ended);
    gate.open();
}

#[test]
fn session_token_echoed_by_aws_is_never_printed() {
    let mut world = World::new();
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    world.host = world.aws.open_session(ROLE, "i-0abc");
    let token = world.host.token.clone().unwrap();
    let does_not_match = "The request signature we calculated does not match the signature you provided.";
    for echo in [
        format!("The Canonical String for this request should have been 'POST x-amz-security-token:{token}'"),
        format!("The String-to-Sign should have been '{token}'"),
        format!("Authorization={token}"),
    ] {
        let message = format!("{does_not_match} {echo}").leak();
        world.aws.inject_fault(
            "GetSecretValue",
            Calls::Every,
            AwsFault::Error(403, "InvalidSignatureException", message),
        );
        let ended = world.pull(&task(&[container("app", IMAGE, SECRET)])).env("RUST_LOG", "trace").output();
        assert!(ended.stdout.contains(does_not_match), "{ended:?}");
        let canary = Canary::new("session token", &token);
        canary.assert_absent(&ended);
    }
}
