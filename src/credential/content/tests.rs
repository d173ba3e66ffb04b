//! The formats of a login, the catalogue of faults, and properties for arbitrary content.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    BinaryForm, ContentError, ContentFault, Envelope, ParsedLogin, SecretContent, content_hint, decode_plaintext,
    not_ciphertext, parse_all_logins, parse_login,
};
use crate::aws::{Ciphertext, SecretValue, SecretVersion};
use crate::config::AccessTokens;
use crate::credential::login::Login;
use crate::error::{Failure, WarningId, catalogue};
use crate::secret::{Secret, SecretBytes};
use crate::task::{ImageReference, KeyArn};

const IMAGE: &str = "registry.example:5000/team-a/app";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234";

fn version(value: SecretValue) -> SecretVersion {
    SecretVersion { arn: ARN.into(), version_id: "v1".into(), stage: None, requests: Vec::new(), value }
}

fn text_version(text: &str) -> SecretVersion {
    version(SecretValue::Text(Secret::new(text.to_owned())))
}

fn binary_version(bytes: &[u8]) -> SecretVersion {
    version(SecretValue::Binary(SecretBytes::new(bytes.to_vec())))
}

/// The login in a text that is not sealed.
fn parse(image: &str, text: &str, access_tokens: AccessTokens) -> Result<ParsedLogin, ContentError> {
    let version = text_version(text);
    sealed(&version)?;
    parse_login(&version, &Secret::new(text.to_owned()), &ImageReference::parse(image).unwrap(), access_tokens)
}

fn parse_fault(text: &str) -> ContentFault {
    parse(IMAGE, text, AccessTokens::Refuse).unwrap_err().fault
}

fn sealed(version: &SecretVersion) -> Result<Option<Ciphertext>, ContentError> {
    SecretContent::new(version).map(|content| match content {
        SecretContent::Sealed(ciphertext) => Some(ciphertext),
        SecretContent::Text(_) => None,
    })
}

/// `user:password`, or `token:…`, for comparisons.
fn shown(login: &Login) -> String {
    #[expect(clippy::disallowed_methods, reason = "the test compares the values")]
    match login {
        Login::Anonymous => "anonymous".to_owned(),
        Login::Password { username, password } => format!("{}:{}", username.expose(), password.expose()),
        Login::IdentityToken(token) => format!("token:{}", token.expose()),
    }
}

fn login(image: &str, text: &str) -> String {
    shown(&parse(image, text, AccessTokens::Refuse).unwrap().login)
}

#[test]
fn username_and_password_are_a_login() {
    let text = r#"{"username": "me", "password": "hunter2 \" ÿ", "note": {"a": [1]}}"#;
    assert_eq!(login(IMAGE, text), "me:hunter2 \" ÿ");
}

#[test]
fn binary_content_is_a_ciphertext_unless_it_is_a_text() {
    let ciphertext = sealed(&binary_version(b"\x01\x02\x02\0x")).unwrap().unwrap();
    assert!(ciphertext.key.is_none() && ciphertext.context.is_empty());
    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend([0x14, 0, 0, 0, 8, 0, 0xff]);
    let utf16: Vec<u8> = "\u{feff}{\"username\": \"me\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, form) in [
        (b"hunter2".to_vec(), BinaryForm::Text),
        ("caf\u{e9}\n".into(), BinaryForm::Text),
        (b"me:hunter2".to_vec(), BinaryForm::Text),
        (br#"{"username": "me"}"#.to_vec(), BinaryForm::Json),
        ("\u{feff}{\"username\": \"me\"}".into(), BinaryForm::Json),
        (STANDARD.encode("me:hunter2").into(), BinaryForm::Base64),
        (b"AQICAHh0aGlzIGlzIG5vdCBhIGNpcGhlcnRleHQ=\n".to_vec(), BinaryForm::Base64Ciphertext),
        (utf16[2..].to_vec(), BinaryForm::Utf16),
        (utf16, BinaryForm::Utf16),
        (vec![0x1f, 0x8b, 8, 0, 0xff], BinaryForm::Compressed),
        (zip, BinaryForm::Compressed),
        (vec![0x30, 0x82, 4, 0xa1, 0xff], BinaryForm::KeyStore),
        (vec![0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2], BinaryForm::KeyStore),
        (vec![1; 6_145], BinaryForm::TooLong),
    ] {
        assert_eq!(sealed(&binary_version(&bytes)).unwrap_err().fault, ContentFault::Binary(form), "{bytes:?}");
    }
    let version = binary_version(&[0, 1, 2, 0xff]);
    let ciphertext = sealed(&version).unwrap().unwrap();
    assert_eq!(not_ciphertext(&version, &ciphertext).fault, ContentFault::NotCiphertext { has_header: false });
}

#[test]
fn key_in_another_case_is_accepted_with_a_warning() {
    let parsed = parse(IMAGE, r#"{"UserName": "me", "password": "hunter2"}"#, AccessTokens::Refuse).unwrap();
    assert_eq!(shown(&parsed.login), "me:hunter2");
    let warnings: Vec<_> = parsed.warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(warnings, ["the secret's key `UserName` was read as `username`; rename it to `username`"]);
}

#[test]
fn access_token_is_a_password_only_where_it_is_accepted() {
    let text = r#"{"username": "me", "accessToken": "hunter2"}"#;
    assert_eq!(shown(&parse(IMAGE, text, AccessTokens::Accept).unwrap().login), "me:hunter2");
    assert_eq!(parse_fault(text), ContentFault::AccessToken);
    let both = r#"{"username": "me", "accessToken": "token", "password": "hunter2"}"#;
    assert_eq!(shown(&parse(IMAGE, both, AccessTokens::Accept).unwrap().login), "me:hunter2");
}

#[test]
fn identity_token_is_accepted_in_both_spellings_of_docker() {
    for key in ["identitytoken", "identityToken"] {
        let parsed = parse(IMAGE, &json!({ key: "hunter2" }).to_string(), AccessTokens::Refuse).unwrap();
        assert_eq!((shown(&parsed.login), parsed.warnings.len()), ("token:hunter2".to_owned(), 0), "{key}");
    }
}

#[test]
fn most_specific_entry_is_used() {
    let text = r#"{"auths": {
        "https://registry.example:5000/v1/": {"username": "host", "password": "1"},
        "registry.example:5000/team-a": {"username": "team", "password": "2"},
        "registry.example:5000/team-a/app/web": {"username": "web", "password": "3"},
        "https://index.docker.io/v1/": {"identitytoken": "4"}}}"#;
    for (image, expected) in [
        ("registry.example:5000/team-a/app", "team:2"),
        ("registry.example:5000/team-a/app/web", "web:3"),
        ("registry.example:5000/team-ab/app", "host:1"),
        ("nginx", "token:4"),
    ] {
        assert_eq!(login(image, text), expected, "{image}");
    }
}

#[test]
fn every_format_of_an_entry_is_a_login() {
    let auth = |text: &str| STANDARD.encode(text);
    for (entry, expected) in [
        (json!({ "auth": auth("me:hunter2:with:colons") }), "me:hunter2:with:colons"),
        (json!({ "auth": auth("me:hunter2"), "username": "me", "password": "hunter2" }), "me:hunter2"),
        (json!({ "auth": auth("me:hunter2").trim_end_matches('=') }), "me:hunter2"),
        (json!({ "auth": auth("0000:"), "identitytoken": "t" }), "token:t"),
        (json!({ "username": "me", "password": "hunter2", "email": "a@b" }), "me:hunter2"),
    ] {
        let text = json!({ "auths": { "registry.example:5000": entry } }).to_string();
        assert_eq!(login(IMAGE, &text), expected, "{text}");
    }
}

#[test]
fn tokens_of_a_docker_login_by_browser_are_ignored() {
    let text = r#"{"auths": {"https://index.docker.io/v1/": {"username": "me", "password": "hunter2"},
        "https://index.docker.io/v1/access-token": {"username": "me", "password": "a"},
        "https://index.docker.io/v1/refresh-token": {}}}"#;
    assert_eq!(login("nginx", text), "me:hunter2");
    assert_eq!(login("docker.io/team/access-token", text), "me:hunter2");
}

#[test]
fn kubernetes_secret_is_text_or_base64_or_an_object() {
    let config = r#"{"auths": {"registry.example:5000": {"username": "me", "password": "hunter2"}}}"#;
    for key in [".dockerconfigjson", "dockerconfigjson"] {
        let object: Value = serde_json::from_str(config).unwrap();
        for value in [json!(config), json!(STANDARD.encode(config)), object] {
            assert_eq!(login(IMAGE, &json!({ key: value }).to_string()), "me:hunter2", "{value}");
        }
        for value in [json!("hunter2"), json!("{hunter2"), json!("e30="), json!(1)] {
            assert_eq!(parse_fault(&json!({ key: value }).to_string()), ContentFault::NotDockerConfig(key), "{value}");
        }
    }
}

#[test]
fn answer_of_a_helper_is_a_login_for_its_registry_only() {
    let answer = |server, user| json!({ "ServerURL": server, "Username": user, "Secret": "hunter2" }).to_string();
    assert_eq!(login(IMAGE, &answer("https://registry.example:5000/", "me")), "me:hunter2");
    assert_eq!(login(IMAGE, &answer("registry.example:5000", "<token>")), "token:hunter2");
    assert_eq!(login("nginx", &answer("https://index.docker.io/v1/", "me")), "me:hunter2");
    assert_eq!(parse_fault(&answer("https://other.example", "me")), ContentFault::OtherRegistry(IMAGE.to_owned()));
}

/// The error for bytes that KMS does not accept.
fn refused_bytes(bytes: &[u8]) -> ContentError {
    let version = binary_version(bytes);
    not_ciphertext(&version, &sealed(&version).unwrap().unwrap())
}

/// The ARN of the secret in hints.
const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:team/registry-AbCdEf";

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
fn foreign_forms() -> Vec<(String, &'static str)> {
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

#[test]
fn byte_order_mark_is_ignored_with_a_warning() {
    let text = "\u{feff}{\"username\": \"me\", \"password\": \"hunter2\"}";
    let parsed = parse(IMAGE, text, AccessTokens::Refuse).unwrap();
    assert_eq!((&*shown(&parsed.login), parsed.warnings.len()), ("me:hunter2", 1));
    assert_eq!(parsed.warnings[0].id, WarningId::SecretByteOrderMark);
}

#[test]
fn same_login_in_two_spellings_of_a_registry_is_one() {
    let keys = [
        ("nginx", ["docker.io", "https://index.docker.io/v1/"]),
        ("nginx", ["registry-1.docker.io", "index.docker.io"]),
        (IMAGE, ["registry.example:5000", "http://registry.example:5000"]),
        (IMAGE, ["https://registry.example:5000/", "Registry.Example:5000/v2/"]),
    ];
    for (image, [one, other]) in keys {
        let auths =
            |second: Value| json!({ "auths": { one: { "auth": STANDARD.encode("me:hunter2") }, other: second } });
        let same = json!({ "username": "me", "password": "hunter2" });
        assert_eq!(login(image, &auths(same).to_string()), "me:hunter2", "{one} {other}");
        assert_eq!(login(image, &auths(json!({})).to_string()), "me:hunter2", "an empty entry does not count");
        let differs = auths(json!({ "username": "me", "password": "hunter3" })).to_string();
        let text = parse(image, &differs, AccessTokens::Refuse).unwrap_err().fault.to_string();
        assert!(text.contains(&format!("`{one}`")) && text.contains(&format!("`{other}`")), "{text}");
    }
}

#[test]
fn check_without_an_image_finds_what_a_pull_refuses() {
    let check = |text: &str| parse_all_logins(&Secret::new(text.to_owned()), AccessTokens::Refuse);
    for (text, _) in foreign_forms() {
        assert_eq!(check(&text).unwrap_err(), parse_fault(&text), "{text}");
    }
    for text in [
        r#"{"auths": {}}"#,
        r#"{"auths": {"a.example": {"auth": "bTpw"}, "b.example": {"auth": "hunter2"}}}"#,
        r#"{"auths": {"a.example": {}}}"#,
        r#"{"auths": {"docker.io": {"auth": "bTpw"}, "index.docker.io": {"auth": "bTpx"}}}"#,
        r#"{"ServerURL": "a b", "Username": "me", "Secret": "hunter2"}"#,
        r#"{"username": "me", "accessToken": "hunter2"}"#,
    ] {
        assert!(check(text).is_err(), "{text}");
    }
    for (text, count) in [
        (r#"{"username": "me", "password": "hunter2"}"#, 1),
        (r#"{"auths": {"a.example": {"auth": "bTpw"}, "b.example": {"identitytoken": "t"}}}"#, 2),
        (r#"{"identitytoken": "hunter2"}"#, 1),
    ] {
        assert_eq!(check(text).unwrap().len(), count, "{text}");
    }
}

/// The inside of an envelope, as text, so that a test can damage it.
fn envelope() -> String {
    format!(r#""version": 1, "keyArn": "{KEY}", "ciphertext": "AQID", "encryptionContext": {{"team": "web"}}"#)
}

/// Every fault with the name of its case, from the real parsers.
fn faults() -> Vec<(&'static str, ContentError)> {
    let texts = [
        ("empty", String::new()),
        ("white space", " \n".to_owned()),
        ("not JSON", "hunter2".to_owned()),
        ("unterminated string", r#"{"username": "me", "password": "hunter2"#.to_owned()),
        ("text after the object", r#"{"username": "me"} hunter2"#.to_owned()),
        ("string", r#""hunter2""#.to_owned()),
        ("array", r#"["me", "hunter2"]"#.to_owned()),
        ("null", "null".to_owned()),
        ("too long", "x".repeat(65_537)),
        ("empty object", "{}".to_owned()),
        ("no username", r#"{"password": "hunter2"}"#.to_owned()),
        ("no password", r#"{"username": "me"}"#.to_owned()),
        ("null password", r#"{"username": "me", "password": null}"#.to_owned()),
        ("similar to password", r#"{"username": "me", "pass": "hunter2"}"#.to_owned()),
        ("similar to username", r#"{"login": "me", "password": "hunter2"}"#.to_owned()),
        ("password in two spellings", r#"{"username": "a", "PASSWORD": "a", "password": "hunter2"}"#.to_owned()),
        ("two passwords", r#"{"username": "me", "password": "a", "password": "hunter2"}"#.to_owned()),
        ("password and identity token", r#"{"password": "hunter2", "identitytoken": "b"}"#.to_owned()),
        ("identity token and auths", r#"{"identitytoken": "b", "auths": {}}"#.to_owned()),
        ("envelope and password", r#"{"taskpull": {}, "password": "hunter2"}"#.to_owned()),
        ("empty identity token", r#"{"identitytoken": ""}"#.to_owned()),
        ("empty username", r#"{"username": "", "password": "hunter2"}"#.to_owned()),
        ("empty password", r#"{"username": "me", "password": ""}"#.to_owned()),
        ("number as password", r#"{"username": "me", "password": 2}"#.to_owned()),
        ("object as username", r#"{"username": {"a": "hunter2"}, "password": "hunter2"}"#.to_owned()),
        ("access token", r#"{"username": "me", "accessToken": "hunter2"}"#.to_owned()),
        ("Kubernetes secret without a config", r#"{".dockerconfigjson": "hunter2"}"#.to_owned()),
        ("helper's answer without a secret", r#"{"ServerURL": "registry.example:5000", "Username": "me"}"#.to_owned()),
        (
            "helper's answer for another registry",
            r#"{"ServerURL": "other.example", "Username": "me", "Secret": "hunter2"}"#.to_owned(),
        ),
        ("auths is an array", r#"{"auths": []}"#.to_owned()),
        ("no entry", r#"{"auths": {"other.example": {"auth": "bTpw"}}}"#.to_owned()),
        (
            "two entries",
            r#"{"auths": {"registry.example:5000": {"auth": "bTpw"}, "https://registry.example:5000/": {"auth": "bTpx"}}}"#
                .to_owned(),
        ),
        ("path after the path of the API", r#"{"auths": {"https://registry.example:5000/v2/team-a": {}}}"#.to_owned()),
        ("login in a key", r#"{"auths": {"a.example": {}, "me:hunter2@registry.example:5000": {}}}"#.to_owned()),
        ("pattern as a key", r#"{"auths": {"*.example": {}}}"#.to_owned()),
    ];
    let entries = [
        ("entry is empty", "{}"),
        ("entry is a string", r#""hunter2""#),
        ("entry is null", "null"),
        ("entry with an unknown key", r#"{"username": "me", "password": "hunter2", "hunter2": 1}"#),
        ("entry with two passwords", r#"{"username": "me", "password": "a", "Password": "hunter2"}"#),
        ("entry with a number", r#"{"username": "me", "password": 2}"#),
        ("entry with a registry token", r#"{"registrytoken": "hunter2"}"#),
        ("auth is not base64", r#"{"auth": "hunter2"}"#),
        ("auth without a colon", r#"{"auth": "aHVudGVyMg=="}"#),
        ("auth without a password", r#"{"auth": "aHVudGVyMjo="}"#),
        ("entry without a password", r#"{"username": "hunter2"}"#),
        ("auth of another login", r#"{"auth": "bTpw", "password": "hunter2"}"#),
    ];
    let whole = envelope();
    let envelopes = [
        ("envelope is a string", r#""hunter2""#.to_owned()),
        ("envelope without a version", format!(r#"{{"keyArn": "{KEY}"}}"#)),
        ("envelope of version 2", format!("{{{}}}", whole.replace("1, ", "2, "))),
        ("envelope with a version as text", format!("{{{}}}", whole.replace("1, ", "\"1\", "))),
        ("envelope with two versions", format!(r#"{{{whole}, "version": 1}}"#)),
        ("envelope with a key in another case", format!("{{{}}}", whole.replace("keyArn", "KeyArn"))),
        ("envelope with an unknown key", format!(r#"{{{whole}, "more": 1}}"#)),
        ("envelope with an alias", format!("{{{}}}", whole.replace(KEY, "alias/pulls"))),
        ("ciphertext is not base64", format!("{{{}}}", whole.replace("AQID", "?"))),
        ("ciphertext is empty", format!("{{{}}}", whole.replace("AQID", ""))),
        ("context with a number", format!("{{{}}}", whole.replace("\"web\"", "1"))),
        ("context with a name twice", format!("{{{}}}", whole.replace("\"web\"", "\"web\", \"team\": \"b\""))),
    ];
    let texts = texts.into_iter();
    let entries = entries.map(|(name, entry)| (name, format!(r#"{{"auths": {{"registry.example:5000": {entry}}}}}"#)));
    let envelopes = envelopes.map(|(name, envelope)| (name, format!(r#"{{"taskpull": {envelope}}}"#)));
    let texts = texts.chain(entries).chain(envelopes);
    let mut faults: Vec<_> =
        texts.map(|(name, text)| (name, parse(IMAGE, &text, AccessTokens::Refuse).unwrap_err())).collect();
    let decrypted = Secret::new(format!(r#"{{"taskpull": {{{whole}}}}}"#));
    let image = ImageReference::parse(IMAGE).unwrap();
    let nested = parse_login(&text_version(""), &decrypted, &image, AccessTokens::Refuse);
    let not_text = SecretBytes::new(b"\xffhunter2".to_vec());
    faults.extend([
        ("nested envelope", nested.unwrap_err()),
        ("text as binary", sealed(&binary_version(b"hunter2")).unwrap_err()),
        ("JSON as binary", sealed(&binary_version(br#"{"username": "me", "password": "hunter2"}"#)).unwrap_err()),
        ("UTF-16 as binary", sealed(&binary_version(b"\xff\xfe{\0")).unwrap_err()),
        ("base64 of a ciphertext as binary", sealed(&binary_version(b"AQICAHh0aGlz")).unwrap_err()),
        ("bytes that are no ciphertext", refused_bytes(&[0, 1, 2, 0xff])),
        ("damaged ciphertext", refused_bytes(&[1, 2, 2, 0, 0x78, 0xff])),
        ("empty binary", sealed(&binary_version(b"")).unwrap_err()),
        ("decrypted content is not text", decode_plaintext(&text_version(""), &not_text).unwrap_err()),
    ]);
    faults
}

#[test]
fn catalogue_of_content_faults() {
    let failures = faults().into_iter().map(|(name, error)| (name, Failure::from(error)));
    insta::assert_snapshot!(catalogue::render(failures));
}

#[test]
fn no_fault_shows_a_value() {
    for (name, error) in faults() {
        let text = format!("{error} {error:?}") + &format!("{:?}", Failure::from(error));
        assert!(!text.contains("hunter2"), "{name}: {text}");
    }
}

#[test]
fn envelope_contains_key_ciphertext_and_context() {
    let ciphertext = sealed(&text_version(&format!(r#"{{"taskpull": {{{}}}}}"#, envelope()))).unwrap().unwrap();
    assert_eq!((ciphertext.key.unwrap().as_str(), &*ciphertext.bytes), (KEY, &[1, 2, 3][..]));
    assert_eq!(ciphertext.context["team"], "web");
}

/// A text that occurs nowhere in the messages.
const MARKER: &str = "c4nary-7f3e";

/// JSON in which keys of the formats, and other keys, contain strings with the marker.
fn content() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<u64>().prop_map(Value::from),
        "[a-z:]{0,3}".prop_map(|text| Value::from(format!("{text}{MARKER}"))),
        "[a-z]{0,3}".prop_map(|text| Value::from(STANDARD.encode(format!("{text}:{MARKER}")))),
        "[a-z]{0,3}".prop_map(|text| Value::from(format!(r#"{{"auths": {{"{text}": "{MARKER}"}}}}"#))),
    ];
    let key = prop_oneof![
        proptest::sample::select(vec![
            "username",
            "password",
            "Password",
            "accessToken",
            "auths",
            ".dockerconfigjson",
            "dockerconfigjson",
            "ServerURL",
            "Username",
            "Secret",
            "identitytoken",
            "taskpull",
            "version",
            "keyArn",
            "ciphertext",
            "encryptionContext",
            "auth",
            "registrytoken",
            "pass",
            "registry.example:5000",
        ])
        .prop_map(str::to_owned),
        "[a-z]{0,4}".prop_map(|key| format!("{key}{MARKER}")),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let values = proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from);
        let objects = proptest::collection::btree_map(key.clone(), inner, 0..6);
        prop_oneof![1 => values, 4 => objects.prop_map(|map| Value::Object(map.into_iter().collect()))]
    })
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text: String) {
        let _ = parse(IMAGE, &text, AccessTokens::Accept);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = sealed(&binary_version(&bytes));
        let _ = decode_plaintext(&text_version(""), &SecretBytes::new(bytes));
    }

    #[test]
    fn error_never_shows_a_value_or_an_unknown_key(content in content()) {
        match parse(IMAGE, &content.to_string(), AccessTokens::Accept) {
            Ok(parsed) => prop_assert!(!format!("{parsed:?}").contains(MARKER), "{parsed:?}"),
            Err(error) => {
                let text = format!("{error} {error:?}") + &format!("{:?}", Failure::from(error));
                prop_assert!(!text.contains(MARKER), "{text}");
            }
        }
    }

    #[test]
    fn no_form_shows_the_user_name_or_the_password(user in "[a-z]{3}7f3e", password in "[A-Za-z0-9]{4}c4nary", at in 0..100_usize) {
        let forms = foreign_forms();
        let (text, _) = &forms[at % forms.len()];
        let text = text.replace("alice", &user).replace("hunter2", &password);
        let fault = parse_fault(&text);
        let all = format!("{fault} {fault:?} {}", content_hint(&fault, ARN));
        prop_assert!(!all.contains(&user) && !all.contains(&password), "{all}");
    }

    #[test]
    fn username_and_password_survive_json(username in ".{1,20}", password in ".{1,20}") {
        let text = json!({ "username": username, "password": password }).to_string();
        prop_assert_eq!(login(IMAGE, &text), format!("{username}:{password}"));
    }

    #[test]
    fn auth_of_an_entry_is_split_at_its_first_colon(username in "[^:]{1,20}", password in ".{0,20}[^\0]") {
        let auth = STANDARD.encode(format!("{username}:{password}"));
        let text = json!({ "auths": { "registry.example:5000": { "auth": auth } } }).to_string();
        prop_assert_eq!(login(IMAGE, &text), format!("{username}:{password}"));
    }

    #[test]
    fn envelope_survives_its_json(
        ciphertext in proptest::collection::vec(any::<u8>(), 1..200),
        context: BTreeMap<String, String>,
    ) {
        let envelope = Envelope { key: KeyArn::parse(KEY).unwrap(), ciphertext, context };
        let sealed = sealed(&text_version(&envelope.to_json())).unwrap().unwrap();
        prop_assert_eq!(sealed.key.as_ref().map(KeyArn::as_str), Some(KEY));
        prop_assert_eq!(sealed.bytes, envelope.ciphertext);
        prop_assert_eq!(sealed.context, envelope.context);
    }
}
