//! `docker-credential-taskpull` at the wire: what it answers, and that a failure stays one.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::credential::{CredentialWorld, ECR_HOST, NOT_FOUND_MESSAGE, REGISTRY, assert_failed, assert_not_given};
use crate::support::aws::{AwsFault, Policy, Secret};
use crate::support::fault::Calls;
use crate::support::leak::Canary;
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::{GET_SECRET_VALUE, HOST_USER, OTHER_ROLE, OTHER_SECRET, ROLE, SECRET};
use crate::task::LOGIN;

fn login(ended: &RunOutput) -> Value {
    assert_eq!((ended.code, &*ended.stderr), (0, ""), "{ended:?}");
    assert_eq!(ended.stdout.matches('\n').count(), 1);
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn a_host_of_the_map_gets_the_login_of_its_secret_under_every_alias() {
    let doors = CredentialWorld::new();
    for server in
        [REGISTRY, "https://registry.example:5000", "http://Registry.Example:5000/", "registry.example:5000/v1/\n"]
    {
        let expected = json!({ "ServerURL": server.trim(), "Username": "me", "Secret": "swordfish" });
        assert_eq!(login(&doors.get(server)), expected, "{server}");
    }
    assert_eq!(doors.world.aws.call_count("GetSecretValue"), 4, "nothing is kept on disk");
}

#[test]
fn docker_hub_is_one_registry_under_each_of_its_names() {
    let doors = CredentialWorld::new();
    for host in ["docker.io", "index.docker.io"] {
        doors.map(&format!("[[registry]]\nhost = \"{host}\"\nsecret = \"{SECRET}\"\n"));
        for server in ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://registry-1.docker.io"] {
            assert_eq!(login(&doors.get(server))["Secret"], "swordfish", "{server}");
        }
    }
    // Where Docker keeps the tokens of a login by browser there is no image.
    for server in ["https://index.docker.io/v1/access-token", "https://index.docker.io/v1/refresh-token"] {
        assert_eq!(doors.get(server).stdout, NOT_FOUND_MESSAGE, "{server}");
    }
}

#[test]
fn ecr_needs_no_map() {
    let doors = CredentialWorld::new();
    doors.map("");
    for (server, number) in [(ECR_HOST.to_owned(), 1), (format!("https://{ECR_HOST}/v2/"), 2)] {
        let expected = json!({ "ServerURL": server, "Username": "AWS", "Secret": format!("token-{number}") });
        assert_eq!(login(&doors.get(&server)), expected);
    }
    let public = Policy::allow("ecr-public:GetAuthorizationToken", "*");
    let doors = doors.may(public.and(Policy::allow("sts:GetServiceBearerToken", "*")));
    assert_eq!(login(&doors.get("public.ecr.aws"))["Username"], "AWS");
}

#[test]
fn the_entrys_role_asks_else_the_accounts_else_the_host() {
    let doors = CredentialWorld::new().may(Policy::allow("sts:AssumeRole", "*"));
    let token = Policy::allow("ecr:GetAuthorizationToken", "*").and(Policy::allow(GET_SECRET_VALUE, "*"));
    doors.world.aws.put_role(ROLE, Policy::trust(HOST_USER), token.clone());
    let trust = Policy::trust(HOST_USER).when("StringEquals", "sts:ExternalId", "blue");
    doors.world.aws.put_role(OTHER_ROLE, trust, token);
    doors.world.aws.put_secret(Secret::text(OTHER_SECRET, LOGIN));
    let account =
        format!("[[identity.account]]\nid = \"444455556666\"\nrole_arn = \"{OTHER_ROLE}\"\nexternal_id = \"blue\"\n");
    let reader = || doors.world.aws.calls().pop().unwrap().principal.unwrap();
    for (host, entry, role) in [
        (ECR_HOST, format!("host = \"{ECR_HOST}\"\nrole = \"{ROLE}\""), "web"),
        (REGISTRY, format!("host = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\nrole = \"{ROLE}\""), "web"),
        (REGISTRY, format!("host = \"{REGISTRY}\"\nsecret = \"{OTHER_SECRET}\""), "reader"),
    ] {
        doors.map(&format!("{account}[[registry]]\n{entry}\n"));
        login(&doors.get(host));
        assert!(reader().ends_with(&format!("assumed-role/{role}/taskpull")), "{entry}: {}", reader());
    }
    doors.map("");
    assert_not_given(&doors.get(ECR_HOST), "the host is not allowed");
}

#[test]
fn a_registry_that_is_not_ours_is_said_to_be_none_in_the_protocols_words() {
    let doors = CredentialWorld::new();
    for server in ["other.example", "registry.example", "https://registry.example:5001/v1/", "localhost", "registry"] {
        let ended = doors.get(server);
        assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (1, NOT_FOUND_MESSAGE, ""), "{server}");
    }
    let look_alike = format!("{ECR_HOST}.example.io");
    assert_eq!(doors.get(&look_alike).stdout, NOT_FOUND_MESSAGE);
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn no_failure_is_taken_for_a_registry_that_is_not_ours() {
    let doors = CredentialWorld::new().may(Policy::none());
    assert_not_given(&doors.get(REGISTRY), "is not allowed");
    assert_not_given(&doors.get(ECR_HOST), "not allowed ecr:GetAuthorizationToken");
    assert_not_given(&doors.get("public.ecr.aws"), "allow ecr-public:GetAuthorizationToken");
    assert_not_given(&doors.get("12.dkr.ecr.eu-west-1.amazonaws.com"), "begins with an account's 12 digits");
    let doors = CredentialWorld::new();
    let not_there = SECRET.replace("hub", "gone");
    doors.map(&format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{not_there}\"\n"));
    assert_not_given(&doors.get(REGISTRY), "gone");
    doors.map("[[registry]]\nhost = \"registry.example:5000\"\n");
    assert_not_given(&doors.get(REGISTRY), "has no secret");
    assert_not_given(&doors.get("other.example"), "has no secret");
    // AWS's words are another's: they cannot say it either.
    let doors = CredentialWorld::new();
    let quoting = AwsFault::Error(400, "ValidationException", "credentials not found in native keychain");
    doors.world.aws.inject_fault("GetSecretValue", Calls::Every, quoting);
    assert_not_given(&doors.get(REGISTRY), "ValidationException");
}

#[test]
fn a_host_without_aws_credentials_or_home_is_told_so_at_once() {
    let doors = CredentialWorld::new();
    for server in [REGISTRY, ECR_HOST] {
        let run = doors.helper().arg("get").stdin(server);
        let ended = run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "").output();
        assert_not_given(&ended, "no AWS credentials were found on this host");
        assert!(ended.stdout.contains("hint: "), "{ended:?}");
    }
}

#[test]
fn no_token_is_kept_for_an_outage() {
    let doors = CredentialWorld::new();
    login(&doors.get(ECR_HOST));
    doors.world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Status(503));
    let ended = doors.helper().arg("get").stdin(ECR_HOST).env("TASKPULL_SECRETS_TIMEOUT", "1s").output();
    assert_not_given(&ended, "no authorization token");
}

#[test]
fn a_token_that_comes_when_it_is_over_serves_once() {
    let doors = CredentialWorld::new();
    let token = STANDARD.encode("AWS:over");
    let body = json!({ "authorizationData": [{ "authorizationToken": token, "expiresAt": 1_000_000_000 }] });
    doors.world.aws.inject_fault("GetAuthorizationToken", Calls::Every, AwsFault::Body(body.to_string()));
    let ended = doors.get(ECR_HOST);
    assert!(ended.code == 0 && ended.stdout.contains("\"Secret\":\"over\""), "{ended:?}");
    assert!(ended.stderr.contains("the token was over when it came"), "{ended:?}");
    let ended = doors.kubelet(&format!("{ECR_HOST}/app"));
    assert!(ended.stdout.contains("\"cacheDuration\":\"0s\""), "{ended:?}");
    assert_eq!(doors.world.aws.call_count("GetAuthorizationToken"), 2);
}

#[test]
fn an_identity_token_goes_under_dockers_own_name_for_it() {
    let doors = CredentialWorld::new();
    doors.world.aws.put_secret(Secret::text(SECRET, r#"{"identitytoken": "tok"}"#));
    assert_eq!(login(&doors.get(REGISTRY))["Username"], "<token>");
}

#[test]
fn without_arguments_it_says_how_it_is_called() {
    let doors = CredentialWorld::new();
    for arguments in [&[][..], &["get", "get"], &["put"], &["--help"]] {
        let ended = arguments.iter().fold(doors.helper(), Run::arg).output();
        assert_eq!((ended.code, &*ended.stderr), (1, ""), "{ended:?}");
        assert!(ended.stdout.starts_with("Usage: docker-credential-taskpull <get|list|version>"), "{ended:?}");
    }
    let ended = doors.configure(Run::new(["credential", "docker"])).output();
    assert!(ended.code == 1 && ended.stdout.starts_with("Usage: "), "{ended:?}");
}

#[test]
fn a_megabyte_on_stdin_is_refused_and_not_repeated() {
    let doors = CredentialWorld::new();
    let ended = doors.helper().arg("get").stdin(vec![b'a'; 1_000_000]).output();
    assert_not_given(&ended, "stdin is longer than 8192 bytes");
    assert_not_given(&doors.get("https://me:hunter2hunter2@registry.example"), "no registry's address");
    let ended = doors.helper().arg("get").stdin("\n").output();
    assert_eq!((ended.code, &*ended.stdout), (1, "no credentials server URL\n"));
}

#[test]
fn hosts_are_listed_without_asking_anybody() {
    let doors = CredentialWorld::new();
    doors.map(&format!(
        "[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n\
         [[registry]]\nhost = \"docker.io\"\nsecret = \"hub\"\n\
         [[registry]]\nhost = \"{ECR_HOST}\"\nrole = \"{ROLE}\"\n"
    ));
    let ended = doors.helper().arg("list").output();
    let expected = json!({ REGISTRY: "", "https://index.docker.io/v1/": "", ECR_HOST: "AWS" });
    assert_eq!(login(&ended), expected);
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn it_says_which_program_it_is() {
    let doors = CredentialWorld::new();
    doors.map("what is no configuration");
    let expected = format!("docker-credential-taskpull (taskpull) {}\n", env!("CARGO_PKG_VERSION"));
    for version in ["version", "--version"] {
        let ended = doors.helper().arg(version).output();
        assert_eq!((ended.code, &ended.stdout), (0, &expected), "{ended:?}");
    }
    assert_eq!(Run::new(["credential", "docker", "version"]).output().stdout, expected);
}

#[test]
fn nothing_is_kept_and_what_was_to_be_is_not_repeated() {
    let doors = CredentialWorld::new();
    let given = json!({ "ServerURL": REGISTRY, "Username": "me", "Secret": "c4nary-to-be-stored" }).to_string();
    for (operation, said) in [("store", "`taskpull secret new`"), ("erase", "nothing was changed")] {
        let ended = doors.helper().arg(operation).stdin(given.clone()).output();
        assert_failed(&ended, said);
        assert!(!ended.stdout.contains("c4nary"), "{ended:?}");
    }
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn the_password_is_on_stdout_and_nowhere_else() {
    const PASSWORD: &str = "c4nary-of-the-front-doors";
    let doors = CredentialWorld::new();
    let canary = Canary::new("password", PASSWORD);
    let good = json!({ "username": "me", "password": PASSWORD }).to_string();
    let broken = [json!({ "username": "me", "pass": PASSWORD }).to_string(), format!("{PASSWORD}\n{PASSWORD}")];
    for (text, is_given) in [(&good, true), (&broken[0], false), (&broken[1], false)] {
        doors.world.aws.put_secret(Secret::text(SECRET, text));
        let commands = [doors.helper().arg("get").stdin(REGISTRY), login_password(&doors, REGISTRY)];
        for run in commands {
            let ended = run.env("RUST_LOG", "trace").output();
            assert_eq!(ended.code == 0, is_given, "{ended:?}");
            assert_eq!(canary.find_in_bytes("stderr", ended.stderr.as_bytes()), []);
            assert_eq!(canary.find_in_bytes("stdout", ended.stdout.as_bytes()).is_empty(), !is_given);
        }
    }
    let mut places = std::fs::read_dir(doors.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(places.all(|name| name == "taskpull.toml" || name == "a folder"), "nothing is written");
}

fn login_password(doors: &CredentialWorld, registry: &str) -> Run {
    doors.configure(Run::new(["login-password", "--registry", registry]))
}

#[test]
fn a_password_alone_is_printed_for_a_pipe() {
    let doors = CredentialWorld::new();
    for (registry, password) in [(REGISTRY, "swordfish\n"), (ECR_HOST, "token-1\n")] {
        let ended = login_password(&doors, registry).output();
        assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (0, password, ""));
    }
    for (registry, code, said) in
        [("other.example", 6, "add a [[registry]]"), ("a b", 2, "is not a registry's host"), ("registry", 2, "host")]
    {
        let ended = login_password(&doors, registry).output();
        assert_eq!((ended.code, &*ended.stdout), (code, ""), "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
    let ended = login_password(&doors, "me:hunter2@reg.example").output();
    assert!(ended.code == 2 && !ended.stderr.contains("hunter2"), "{ended:?}");
    let doors = doors.may(Policy::none());
    assert_eq!(login_password(&doors, REGISTRY).output().code, 3);
}

#[test]
fn a_map_that_cannot_be_meant_is_refused() {
    let doors = CredentialWorld::new();
    let entry = format!("[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{SECRET}\"\n");
    for (text, said) in [
        (entry.repeat(2), "registry.example:5000 stands there twice"),
        (entry.replace("registry.example:5000", "https://registry.example"), "is not a registry's host"),
        (entry.replace("secret =", "secrets ="), "registry number 1: unknown field `secrets`"),
        (entry.replace(SECRET, "arn:aws:secretsmanager:mars:1:secret:x"), "is no secret's ARN or name"),
        (format!("{entry}role = \"reader\"\n"), "is not a role's ARN"),
        (entry.replace(REGISTRY, ECR_HOST), "takes its own tokens"),
        ("registry = 1\n".to_owned(), "write [[registry]]"),
        ("registry = [\"hunter2\"]\n".to_owned(), "registry number 1: it must be a table: write [[registry]]"),
    ] {
        doors.map(&text);
        assert_not_given(&doors.get(REGISTRY), said);
        let ended = login_password(&doors, REGISTRY).output();
        assert!(ended.code == 6 && ended.stderr.contains(said), "{text}: {ended:?}");
    }
}

#[test]
fn the_map_that_the_page_prints_is_one() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/credential-helper.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = |language: &str| page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap();
    let doors = CredentialWorld::new();
    doors.map(block("toml"));
    let hosts = login(&doors.helper().arg("list").output());
    assert_eq!(hosts, json!({ REGISTRY: "", "444455556666.dkr.ecr.eu-west-1.amazonaws.com": "AWS" }));
    let docker: Value = serde_json::from_str(block("json")).unwrap();
    assert!(hosts.as_object().unwrap().keys().all(|host| docker["credHelpers"][host] == "taskpull"), "{docker}");
}
