//! `docker-credential-taskpull` at the wire: its answers, and its failures that never look like "not found".

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::leak::Canary;
use crate::support::names::{GET_SECRET_VALUE, HOST_USER, OTHER_ROLE, OTHER_SECRET, ROLE, SECRET};
use crate::support::run::{Run, RunOutput};
use crate::support::world::{
    CredentialWorld, ECR_HOST, LOGIN, NOT_FOUND_MESSAGE, REGISTRY, assert_failed, assert_get_failed,
};

fn login(output: &RunOutput) -> Value {
    assert_eq!((output.code, &*output.stderr), (0, ""), "{output:?}");
    assert_eq!(output.stdout.matches('\n').count(), 1);
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn mapped_host_gets_the_login_of_its_secret_under_every_alias() {
    let fixture = CredentialWorld::new();
    for server in
        [REGISTRY, "https://registry.example:5000", "http://Registry.Example:5000/", "registry.example:5000/v1/\n"]
    {
        let expected = json!({ "ServerURL": server.trim(), "Username": "me", "Secret": "swordfish" });
        assert_eq!(login(&fixture.get(server)), expected, "{server}");
    }
    assert_eq!(fixture.world.aws.call_count("GetSecretValue"), 4, "no value is cached on disk");
}

#[test]
fn docker_hub_is_one_registry_under_all_its_names() {
    let fixture = CredentialWorld::new();
    for host in ["docker.io", "index.docker.io"] {
        fixture.write_config(&format!("[[registry]]\nhost = \"{host}\"\nsecret = \"{SECRET}\"\n"));
        for server in ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://registry-1.docker.io"] {
            assert_eq!(login(&fixture.get(server))["Secret"], "swordfish", "{server}");
        }
    }
    // Docker stores the tokens of a browser login under these names, which belong to no image.
    for server in ["https://index.docker.io/v1/access-token", "https://index.docker.io/v1/refresh-token"] {
        assert_eq!(fixture.get(server).stdout, NOT_FOUND_MESSAGE, "{server}");
    }
}

#[test]
fn ecr_registries_need_no_map_entry() {
    let fixture = CredentialWorld::new();
    fixture.write_config("");
    for (server, number) in [(ECR_HOST.to_owned(), 1), (format!("https://{ECR_HOST}/v2/"), 2)] {
        let expected = json!({ "ServerURL": server, "Username": "AWS", "Secret": format!("token-{number}") });
        assert_eq!(login(&fixture.get(&server)), expected);
    }
    let public = Policy::allow("ecr-public:GetAuthorizationToken", "*");
    let fixture = fixture.with_policy(public.and(Policy::allow("sts:GetServiceBearerToken", "*")));
    assert_eq!(login(&fixture.get("public.ecr.aws"))["Username"], "AWS");
}

#[test]
fn role_of_the_entry_wins_over_account_role_and_host() {
    let fixture = CredentialWorld::new().with_policy(Policy::allow("sts:AssumeRole", "*"));
    let token = Policy::allow("ecr:GetAuthorizationToken", "*").and(Policy::allow(GET_SECRET_VALUE, "*"));
    fixture.world.aws.put_role(ROLE, Policy::trust(HOST_USER), token.clone());
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    fixture.world.aws.put_role(OTHER_ROLE, trust, token);
    fixture.world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN));
    let account =
        format!("[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{OTHER_ROLE}\"\nexternal_id = \"blue\"\n");
    let reader = || fixture.world.aws.calls().pop().unwrap().principal.unwrap();
    for (host, entry, role) in [
        (ECR_HOST, format!("host = \"{ECR_HOST}\"\nrole = \"{ROLE}\""), "web"),
        (REGISTRY, format!("host = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\nrole = \"{ROLE}\""), "web"),
        (REGISTRY, format!("host = \"{REGISTRY}\"\nsecret = \"{OTHER_SECRET}\""), "reader"),
    ] {
        fixture.write_config(&format!("{account}[[registry]]\n{entry}\n"));
        login(&fixture.get(host));
        assert!(reader().ends_with(&format!("assumed-role/{role}/taskpull")), "{entry}: {}", reader());
    }
    fixture.write_config("");
    assert_get_failed(&fixture.get(ECR_HOST), "the host is not allowed");
}

#[test]
fn unmapped_registry_gets_the_not_found_answer_of_the_protocol() {
    let fixture = CredentialWorld::new();
    for server in ["other.example", "registry.example", "https://registry.example:5001/v1/", "localhost", "registry"] {
        let output = fixture.get(server);
        assert_eq!((output.code, &*output.stdout, &*output.stderr), (1, NOT_FOUND_MESSAGE, ""), "{server}");
    }
    let look_alike = format!("{ECR_HOST}.example.io");
    assert_eq!(fixture.get(&look_alike).stdout, NOT_FOUND_MESSAGE);
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn failures_are_never_answered_as_not_found() {
    let fixture = CredentialWorld::new().with_policy(Policy::none());
    assert_get_failed(&fixture.get(REGISTRY), "is not allowed");
    assert_get_failed(&fixture.get(ECR_HOST), "not allowed to call ecr:GetAuthorizationToken");
    assert_get_failed(&fixture.get("public.ecr.aws"), "allow ecr-public:GetAuthorizationToken");
    assert_get_failed(&fixture.get("12.dkr.ecr.eu-west-1.amazonaws.com"), "begins with a 12-digit account id");
    let fixture = CredentialWorld::new();
    let missing_secret = SECRET.replace("hub", "gone");
    fixture.write_config(&format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{missing_secret}\"\n"));
    assert_get_failed(&fixture.get(REGISTRY), "gone");
    fixture.write_config("[[registry]]\nhost = \"registry.example:5000\"\n");
    assert_get_failed(&fixture.get(REGISTRY), "has no secret");
    assert_get_failed(&fixture.get("other.example"), "has no secret");
    // An AWS error that quotes the protocol's message is still a failure.
    let fixture = CredentialWorld::new();
    let quoting = AwsFault::Error(400, "ValidationException", "credentials not found in native keychain");
    fixture.world.aws.inject_fault("GetSecretValue", Calls::Every, quoting);
    assert_get_failed(&fixture.get(REGISTRY), "ValidationException");
}

#[test]
fn missing_aws_credentials_fail_at_once_with_a_hint() {
    let fixture = CredentialWorld::new();
    for server in [REGISTRY, ECR_HOST] {
        let run = fixture.helper().arg("get").stdin(server);
        let output = run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").output();
        assert_get_failed(&output, "no AWS credentials were found on this host");
        assert!(output.stdout.contains("hint: "), "{output:?}");
    }
}

#[test]
fn helper_caches_no_token_for_an_outage() {
    let fixture = CredentialWorld::new();
    login(&fixture.get(ECR_HOST));
    fixture.world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Status(503));
    let output = fixture.helper().arg("get").stdin(ECR_HOST).env("TASKPULL_SECRETS_TIMEOUT", "1s").output();
    assert_get_failed(&output, "authorization token for ECR");
}

#[test]
fn token_that_arrives_expired_is_used_once_and_not_cached() {
    let fixture = CredentialWorld::new();
    let token = STANDARD.encode("AWS:over");
    let body = json!({ "authorizationData": [{ "authorizationToken": token, "expiresAt": 1_000_000_000 }] });
    fixture.world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Body(body.to_string()));
    let output = fixture.get(ECR_HOST);
    assert!(output.code == 0 && output.stdout.contains("\"Secret\":\"over\""), "{output:?}");
    assert!(output.stderr.contains("ECR token had expired on arrival"), "{output:?}");
    let output = fixture.kubelet(&format!("{ECR_HOST}/app"));
    assert!(output.stdout.contains("\"cacheDuration\":\"0s\""), "{output:?}");
    assert_eq!(fixture.world.aws.call_count("GetAuthorizationToken"), 2);
}

#[test]
fn identity_token_uses_the_user_name_that_docker_reserves() {
    let fixture = CredentialWorld::new();
    fixture.world.aws.put_secret(Secret::text(SECRET, r#"{"identitytoken": "tok"}"#));
    assert_eq!(login(&fixture.get(REGISTRY))["Username"], "<token>");
}

#[test]
fn wrong_arguments_print_the_usage() {
    let fixture = CredentialWorld::new();
    for arguments in [&[][..], &["get", "get"], &["put"], &["--help"]] {
        let output = arguments.iter().fold(fixture.helper(), Run::arg).output();
        assert_eq!((output.code, &*output.stderr), (1, ""), "{output:?}");
        assert!(output.stdout.starts_with("Usage: docker-credential-taskpull <get|list|version>"), "{output:?}");
    }
    let output = fixture.configure(Run::new(["credential", "docker"])).output();
    assert!(output.code == 1 && output.stdout.starts_with("Usage: "), "{output:?}");
}

#[test]
fn oversized_or_malformed_stdin_is_rejected_and_not_echoed() {
    let fixture = CredentialWorld::new();
    let output = fixture.helper().arg("get").stdin(vec![b'a'; 1_000_000]).output();
    assert_get_failed(&output, "stdin is longer than 8192 bytes");
    assert_get_failed(&fixture.get("https://me:hunter2hunter2@registry.example"), "not a registry's address");
    let output = fixture.helper().arg("get").stdin("\n").output();
    assert_eq!((output.code, &*output.stdout), (1, "no credentials server URL\n"));
}

#[test]
fn list_names_the_mapped_hosts_without_aws_calls() {
    let fixture = CredentialWorld::new();
    fixture.write_config(&format!(
        "[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n\
         [[registry]]\nhost = \"docker.io\"\nsecret = \"hub\"\n\
         [[registry]]\nhost = \"{ECR_HOST}\"\nrole = \"{ROLE}\"\n"
    ));
    let output = fixture.helper().arg("list").output();
    let expected = json!({ REGISTRY: "", "https://index.docker.io/v1/": "", ECR_HOST: "AWS" });
    assert_eq!(login(&output), expected);
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn version_is_printed_even_with_a_broken_configuration() {
    let fixture = CredentialWorld::new();
    fixture.write_config("what is no configuration");
    let expected = format!("docker-credential-taskpull (taskpull) {}\n", env!("CARGO_PKG_VERSION"));
    for version in ["version", "--version"] {
        let output = fixture.helper().arg(version).output();
        assert_eq!((output.code, &output.stdout), (0, &expected), "{output:?}");
    }
    assert_eq!(Run::new(["credential", "docker", "version"]).output().stdout, expected);
}

#[test]
fn store_and_erase_are_rejected_without_echoing_the_secret() {
    let fixture = CredentialWorld::new();
    let request = json!({ "ServerURL": REGISTRY, "Username": "me", "Secret": "c4nary-to-be-stored" }).to_string();
    for (operation, message) in [("store", "`taskpull secret new`"), ("erase", "nothing was changed")] {
        let output = fixture.helper().arg(operation).stdin(request.clone()).output();
        assert_failed(&output, message);
        assert!(!output.stdout.contains("c4nary"), "{output:?}");
    }
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn password_appears_only_on_stdout() {
    const PASSWORD: &str = "c4nary-of-the-front-doors";
    let fixture = CredentialWorld::new();
    let canary = Canary::new("password", PASSWORD);
    let good = json!({ "username": "me", "password": PASSWORD }).to_string();
    let broken = [json!({ "username": "me", "pass": PASSWORD }).to_string(), format!("{PASSWORD}\n{PASSWORD}")];
    for (text, succeeds) in [(&good, true), (&broken[0], false), (&broken[1], false)] {
        fixture.world.aws.put_secret(Secret::text(SECRET, text));
        let commands = [fixture.helper().arg("get").stdin(REGISTRY), login_password(&fixture, REGISTRY)];
        for run in commands {
            let output = run.env("RUST_LOG", "trace").output();
            assert_eq!(output.code == 0, succeeds, "{output:?}");
            assert_eq!(canary.find_in_bytes("stderr", output.stderr.as_bytes()), []);
            assert_eq!(canary.find_in_bytes("stdout", output.stdout.as_bytes()).is_empty(), !succeeds);
        }
    }
    let mut names = std::fs::read_dir(fixture.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.all(|name| name == "taskpull.toml" || name == "a folder"), "the program writes no file");
}

fn login_password(fixture: &CredentialWorld, registry: &str) -> Run {
    fixture.configure(Run::new(["login-password", "--registry", registry]))
}

#[test]
fn login_password_prints_only_the_password() {
    let fixture = CredentialWorld::new();
    for (registry, password) in [(REGISTRY, "swordfish\n"), (ECR_HOST, "token-1\n")] {
        let output = login_password(&fixture, registry).output();
        assert_eq!((output.code, &*output.stdout, &*output.stderr), (0, password, ""));
    }
    for (registry, code, message) in
        [("other.example", 6, "add a [[registry]]"), ("a b", 2, "is not a registry host"), ("registry", 2, "host")]
    {
        let output = login_password(&fixture, registry).output();
        assert_eq!((output.code, &*output.stdout), (code, ""), "{output:?}");
        assert!(output.stderr.contains(message), "{output:?}");
    }
    let output = login_password(&fixture, "me:hunter2@reg.example").output();
    assert!(output.code == 2 && !output.stderr.contains("hunter2"), "{output:?}");
    let fixture = fixture.with_policy(Policy::none());
    assert_eq!(login_password(&fixture, REGISTRY).output().code, 3);
}

#[test]
fn invalid_registry_map_is_rejected() {
    let fixture = CredentialWorld::new();
    let entry = format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n");
    for (text, message) in [
        (entry.repeat(2), "registry.example:5000 has more than one entry"),
        (entry.replace("registry.example:5000", "https://registry.example"), "is not a registry's host"),
        (entry.replace("secret =", "secrets ="), "[[registry]], entry 1: unknown field `secrets`"),
        (
            entry.replace(SECRET, "arn:aws:secretsmanager:mars:1:secret:x"),
            "is neither the ARN nor the name of a secret",
        ),
        (format!("{entry}role = \"reader\"\n"), "is not the ARN of a role"),
        (entry.replace(REGISTRY, ECR_HOST), "accepts only its own tokens"),
        ("registry = 1\n".to_owned(), "write [[registry]]"),
        ("registry = [\"hunter2\"]\n".to_owned(), "[[registry]], entry 1: must be a table: write [[registry]]"),
    ] {
        fixture.write_config(&text);
        assert_get_failed(&fixture.get(REGISTRY), message);
        let output = login_password(&fixture, REGISTRY).output();
        assert!(output.code == 6 && output.stderr.contains(message), "{text}: {output:?}");
    }
}

#[test]
fn registry_map_of_the_documentation_is_valid() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/credential-helper.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = |language: &str| page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let fixture = CredentialWorld::new();
    fixture.write_config(block("toml"));
    let hosts = login(&fixture.helper().arg("list").output());
    assert_eq!(hosts, json!({ REGISTRY: "", "444455556666.dkr.ecr.eu-west-1.amazonaws.com": "AWS" }));
    let docker: Value = serde_json::from_str(block("json")).unwrap();
    assert!(hosts.as_object().unwrap().keys().all(|host| docker["credHelpers"][host] == "taskpull"), "{docker}");
}
