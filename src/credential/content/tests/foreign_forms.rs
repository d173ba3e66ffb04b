//! Forms that are recognized and not read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::helpers::{ARN, parse_fault};
use crate::credential::content::content_hint;

/// Contents in forms that are not read, with what their errors say.
const FOREIGN_FORMS: &[(&str, &str)] = &[
    (
        "{username:alice,password:hunter2}",
        "its quotes are missing, as if a shell had removed them, with the keys `username` and `password`",
    ),
    ("{ username : alice, password : hunter2 }", "its quotes are missing"),
    ("{username: \"alice\", password: \"hunter2\"}", "its quotes are missing"),
    (r#"{"username": alice, "password": hunter2}"#, "its quotes are missing"),
    ("{username=alice, password=hunter2}", "its quotes are missing"),
    (
        r#""{\"username\": \"alice\", \"password\": \"hunter2\"}""#,
        "encoded twice, with the keys `username` and `password`",
    ),
    (r#"{\"username\": \"alice\", \"password\": \"hunter2\"}"#, "its quotes are escaped with backslashes"),
    (r#"'{"username": "alice", "password": "hunter2"}'"#, "quotes surround the JSON"),
    (r#""{"username": "alice", "password": "hunter2"}""#, "quotes surround the JSON"),
    ("{'username': 'alice', 'password': 'hunter2'}", "single ones, as Python prints them"),
    ("{“username”: “alice”, “password”: “hunter2”}", "its quotes are typographic"),
    (r#"{"username": "alice", "password": "hunter2",}"#, "a comma follows its last value"),
    (r#"{"username": "alice", "password": "hunter2"},"#, "a comma follows its last value"),
    ("{\n  // the login\n  \"username\": \"alice\", \"password\": \"hunter2\"}", "it contains a comment"),
    ("{\"username\": \"alice\", \"password\": \"hunter2\n\"}", "contains a line break or a tab"),
    (r#"{"username": "alice", "password": "hunter2"#, "its end is missing"),
    (r#"{"username": "alice", "password": "hunter2"} {}"#, "more text follows the object"),
    ("```json\n{\"username\": \"alice\"}\n```", "a Markdown code fence surrounds it"),
    (r#""username": "alice", "password": "hunter2""#, "the braces around it are missing"),
    (r#"{"username": "CORP\alice", "password": "hun\ter2\$"}"#, "a backslash, which JSON writes twice"),
    (r#"{"username": "alice" "password": "hunter2"}"#, "a comma between two of its values is missing"),
    ("alice hunter2", "it is two words"),
    ("[registry]\nusername = alice\npassword = hunter2\n", "it is a list of variables"),
    ("apiVersion: v1\nkind: Secret\nstringData:\n  password: hunter2\n", "it is YAML, with the key `password`"),
    (r#"{"username": "alice", "password": "hunter2"}\n"#, "more text follows the object"),
    ("alice:hunter2", "it is `user:password`"),
    ("hunter2", "it is one word"),
    ("ghp_hunter2\n", "it is one word"),
    ("alice\nhunter2\n", "it is two words"),
    (
        "username=alice\npassword=hunter2",
        "it is a list of variables, as in an env file, with the keys `username` and `password`",
    ),
    (
        "export DOCKERHUB_USERNAME=alice\nexport DOCKERHUB_TOKEN=hunter2",
        "with the keys `DOCKERHUB_USERNAME` and `DOCKERHUB_TOKEN`",
    ),
    ("username=alice&password=hunter2", "it is a list of variables"),
    ("username: alice\npassword: hunter2\n", "it is YAML, with the keys `username` and `password`"),
    ("---\nregistry:\n  user: alice\n  pass: hunter2\n", "it is YAML, with the keys `user` and `pass`"),
    ("alice,hunter2", "separated by commas"),
    ("username,password\nalice,hunter2\n", "separated by commas"),
    ("docker login --username alice --password hunter2 registry.example", "it is a command"),
    ("machine registry.example login alice password hunter2", "a .netrc file"),
    ("https://alice:hunter2@registry.example", "it is a URL"),
    ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:other-AbCdEf", "it is an ARN"),
    ("file://login.json", "the name of a file"),
    ("./login.json", "the name of a file"),
    ("${REGISTRY_LOGIN}", "a placeholder that was not filled in"),
    ("$(cat login.json)", "a placeholder that was not filled in"),
    ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "it is a PEM block"),
    ("<login><user>alice</user></login>", "it is XML or HTML"),
    (
        r#"[{"Key": "username", "Value": "alice"}, {"Key": "password", "Value": "hunter2"}]"#,
        "a list of objects with a key and a value, with the keys `username` and `password`",
    ),
    (r#"[{"name": "DOCKER_USER", "value": "alice"}]"#, "with the key `DOCKER_USER`"),
    (
        r#"[{"username": "alice", "password": "hunter2"}]"#,
        "the object is in an array, with the keys `username` and `password`",
    ),
    (
        r#"{"user": "alice", "pass": "hunter2"}"#,
        "`username` and `password` are missing; `user` and `pass` are not read in their place",
    ),
    (
        r#"{"DOCKERHUB_USERNAME": "alice", "DOCKERHUB_TOKEN": "hunter2"}"#,
        "`DOCKERHUB_USERNAME` and `DOCKERHUB_TOKEN` are not read in their place",
    ),
    (
        r#"{"registryUser": "alice", "registryPassword": "hunter2"}"#,
        "`registryUser` and `registryPassword` are not read",
    ),
    (r#"{"login": "alice", "secret": "hunter2"}"#, "`login` and `secret` are not read"),
    (r#"{"Username": "alice", "pass": "hunter2"}"#, "`password` is missing; `pass` is not read in its place"),
    (r#"{"usrname": "alice", "passowrd": "hunter2"}"#, "`usrname` and `passowrd` are not read"),
    (r#"{"ACME_USER": "alice", "ACME_PASS": "hunter2"}"#, "`…USER` and `…PASS` are not read"),
    (r#"{"username ": "alice", " password": "hunter2"}"#, "`username ` and ` password` are not read"),
    (r#"{"username": 1, "password": ""}"#, "`username` is not a string, and `password` is empty"),
    (
        r#"{"username": "", "pass": "hunter2"}"#,
        "`username` is empty, and `password` is missing; `pass` is not read in its place",
    ),
    (r#"{"alice": "hunter2"}"#, "`username` and `password` are missing; it has one key that is not shown here"),
    (r#"{"engine": "postgres", "host": "db", "username": "alice"}"#, "`password` is missing; it has `engine`, `host`"),
    (r#"{"registry.example:5000": {"auth": "YWxpY2U6aHVudGVyMg==", "email": "a@b.c"}}"#, "a legacy .dockercfg"),
    (r#"{"auth": "YWxpY2U6aHVudGVyMg=="}"#, "one entry of `auths` without its registry, with the key `auth`"),
    (r#"{"apiVersion": "v1", "kind": "Secret", "data": {".dockerconfigjson": "e30="}}"#, "a whole Kubernetes Secret"),
    (
        r#"{"registry": {"username": "alice", "password": "hunter2"}}"#,
        "inside another object, with the keys `registry`, `username` and `password`",
    ),
    (
        r#"{"data": {"credentials": {"user": "alice", "token": "hunter2"}}}"#,
        "with the keys `data`, `credentials`, `user` and `token`",
    ),
    (
        r#"{"alice-registry": "{\"username\": \"alice\", \"password\": \"hunter2\"}"}"#,
        "the login is inside another object, with the keys `username` and `password`",
    ),
    (
        r#"{"ARN": "arn", "Name": "n", "SecretString": "{\"username\": \"alice\"}"}"#,
        "the answer of `aws secretsmanager get-secret-value`",
    ),
    (
        r#"{"authorizationData": [{"authorizationToken": "hunter2"}]}"#,
        "the answer of `aws ecr get-authorization-token`",
    ),
    (r#"{"AccessKeyId": "alice", "SecretAccessKey": "hunter2"}"#, "an access key of AWS"),
    (
        r#"{"type": "service_account", "private_key": "hunter2", "client_email": "alice"}"#,
        "the key file of a Google service account",
    ),
    (r#"{"version": 1, "keyArn": "hunter2", "ciphertext": "AQID"}"#, "an envelope without the outer key `taskpull`"),
    (r#"{"CiphertextBlob": "hunter2", "KeyId": "k"}"#, "the answer of `aws kms encrypt`"),
    (r#"{"credsStore": "pass"}"#, "a Docker config whose logins are in a credential helper"),
];

/// All contents in forms that are not read, with the encoded ones.
pub(super) fn foreign_forms() -> Vec<(String, &'static str)> {
    let login = r#"{"username": "alice", "password": "hunter2"}"#;
    let config = r#"{"auths": {"registry.example:5000": {"auth": "YWxpY2U6aHVudGVyMg=="}}}"#;
    let encoded = [
        (STANDARD.encode(login), "it is the base64 of JSON"),
        (STANDARD.encode(config), "it is the base64 of JSON"),
        (STANDARD.encode("alice:hunter2"), "it is the base64 of `user:password`"),
    ];
    FOREIGN_FORMS.iter().map(|(text, message)| ((*text).to_owned(), *message)).chain(encoded).collect()
}

#[test]
fn foreign_form_is_named_with_its_keys_and_no_value() {
    for (text, message) in foreign_forms() {
        let fault = parse_fault(&text);
        let (shown, hint) = (fault.to_string(), content_hint(&fault, ARN));
        assert!(shown.contains(message), "{text}: {shown}");
        for part in [&shown, &hint, &format!("{fault:?}")] {
            assert!(!part.contains("hunter2") && !part.contains("alice"), "{text}: {part}");
        }
    }
}

#[test]
fn every_command_for_a_foreign_form_names_secret_and_region() {
    let mut commands = 0;
    for (text, _) in foreign_forms() {
        let hint = content_hint(&parse_fault(&text), ARN);
        for command in hint.split('`').skip(1).step_by(2) {
            let names = |name: &str| {
                command.contains(&format!("{name} --region eu-west-1"))
                    || command.contains(&format!("--region eu-west-1 --secret-id {ARN}"))
            };
            if command.starts_with("taskpull secret new") || command.starts_with("aws secretsmanager put") {
                assert!(names("--name team/registry"), "{command}");
                commands += 1;
            }
        }
    }
    assert!(commands > 50, "{commands}");
}
