//! Each form of a login, and each way of being none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{AccessTokens, Content, ContentError, ContentFault, EntryFault, Login, login, of};
use crate::aws::{Ciphertext, SecretValue, SecretVersion};
use crate::secret::{Secret, SecretBytes};
use crate::task::ImageReference;

const IMAGE: &str = "registry.example:5000/team-a/app";

fn version(value: SecretValue) -> SecretVersion {
    SecretVersion { arn: "arn".into(), version_id: "v1".into(), stage: None, requests: Vec::new(), value }
}

fn read_for(image: &str, text: &str, tokens: AccessTokens) -> Result<(Login, Vec<String>), ContentFault> {
    let text = Secret::new(text.to_owned());
    let version = version(SecretValue::Text(text.clone()));
    let image = ImageReference::parse(image).unwrap();
    let found = sealed(&version).and_then(|_| login(&version, &text, &image, tokens));
    let found = found.map_err(|error| {
        let said = format!("{error} {error:?}");
        assert!(!said.contains("hunter2"), "{said}");
        error.fault
    });
    found.map(|(login, notes)| (login, notes.iter().map(ToString::to_string).collect()))
}

fn read_text(text: &str) -> Result<Login, ContentFault> {
    read_for(IMAGE, text, AccessTokens::Refuse).map(|(login, _)| login)
}

fn sealed(version: &SecretVersion) -> Result<Option<Ciphertext>, ContentError> {
    of(version).map(|content| match content {
        Content::Sealed(sealed) => Some(sealed),
        Content::Text(_) => None,
    })
}

/// `user:password`, or `token:…`, so that it can be compared.
fn shown(login: &Login) -> String {
    #[expect(clippy::disallowed_methods, reason = "the test compares the values")]
    match login {
        Login::Anonymous => "anonymous".to_owned(),
        Login::Password { username, password } => format!("{}:{}", username.expose(), password.expose()),
        Login::IdentityToken(token) => format!("token:{}", token.expose()),
    }
}

fn found(image: &str, text: &str) -> String {
    shown(&read_for(image, text, AccessTokens::Refuse).unwrap().0)
}

#[test]
fn a_username_and_a_password_are_a_login() {
    let text = r#"{"username": "me", "password": "hunter2 \" ÿ", "note": {"a": [1]}}"#;
    assert_eq!(found(IMAGE, text), "me:hunter2 \" ÿ");
}

#[test]
fn each_way_of_being_wrong_has_its_own_error() {
    let table = [
        ("", ContentFault::Empty),
        (" \n", ContentFault::Empty),
        ("hunter2", ContentFault::NotJson { line: 1, column: 1 }),
        (r#"{"username": "me", "password": "hunter2"#, ContentFault::NotJson { line: 1, column: 39 }),
        (r#"{"username": "me"} hunter2"#, ContentFault::NotJson { line: 1, column: 20 }),
        (r#""hunter2""#, ContentFault::NotAnObject),
        (r#"["me", "hunter2"]"#, ContentFault::NotAnObject),
        ("null", ContentFault::NotAnObject),
        ("{}", ContentFault::Missing("username")),
        (r#"{"password": "hunter2"}"#, ContentFault::Missing("username")),
        (r#"{"username": "me"}"#, ContentFault::Missing("password")),
        (r#"{"username": "me", "pass": "hunter2"}"#, ContentFault::NearMiss { key: "password", found: "pass" }),
        (r#"{"login": "me", "password": "hunter2"}"#, ContentFault::NearMiss { key: "username", found: "login" }),
        (r#"{"username": "a", "PASSWORD": "a", "password": "hunter2"}"#, ContentFault::Twice("password")),
        (r#"{"password": "hunter2", "identitytoken": "b"}"#, ContentFault::Ambiguous("identitytoken", "password")),
        (r#"{"identitytoken": "b", "auths": {}}"#, ContentFault::Ambiguous("auths", "identitytoken")),
        (r#"{"taskpull": {}, "password": "hunter2"}"#, ContentFault::Ambiguous("taskpull", "password")),
        (r#"{"identitytoken": ""}"#, ContentFault::EmptyValue("identitytoken")),
        (r#"{"username": "", "password": "hunter2"}"#, ContentFault::EmptyValue("username")),
        (r#"{"username": "me", "password": ""}"#, ContentFault::EmptyValue("password")),
        (r#"{"username": "me", "password": 2}"#, ContentFault::NotAString("password")),
        (r#"{"username": "me", "password": null}"#, ContentFault::Missing("password")),
        (r#"{"username": {"a": "hunter2"}, "password": "hunter2"}"#, ContentFault::NotAString("username")),
        (r#"{"username": "me", "password": "a", "password": "hunter2"}"#, ContentFault::Twice("password")),
        (r#"{"username": "me", "accessToken": "hunter2"}"#, ContentFault::AccessToken),
    ];
    for (text, fault) in table {
        assert_eq!(read_text(text).unwrap_err(), fault, "{text}");
    }
    assert_eq!(read_text(&"x".repeat(65_537)).unwrap_err(), ContentFault::Long);
}

#[test]
fn a_binary_secret_is_a_ciphertext_unless_it_is_a_text() {
    let read = |bytes: &[u8]| sealed(&version(SecretValue::Binary(SecretBytes::new(bytes.to_vec()))));
    let found = read(b"\x01\x02\x02\0x").unwrap().unwrap();
    assert!(found.key.is_none() && found.context.is_empty());
    for text in ["hunter2", r#"{"username": "me"}"#, "caf\u{e9}\n"] {
        assert_eq!(read(text.as_bytes()).unwrap_err().fault, ContentFault::Binary);
    }
    assert_eq!(read(&[1; 6_145]).unwrap_err().fault, ContentFault::Binary);
    assert_eq!(read(b"").unwrap_err().fault, ContentFault::Empty);
}

#[test]
fn another_case_is_taken_and_noted() {
    let text = r#"{"UserName": "me", "password": "hunter2"}"#;
    let (login, notes) = read_for(IMAGE, text, AccessTokens::Refuse).unwrap();
    assert_eq!(shown(&login), "me:hunter2");
    assert_eq!(notes, ["the secret's key `UserName` was taken for `username`: spell it so"]);
}

#[test]
fn an_access_token_is_a_password_only_where_it_is_accepted() {
    let text = r#"{"username": "me", "accessToken": "hunter2"}"#;
    assert_eq!(shown(&read_for(IMAGE, text, AccessTokens::Accept).unwrap().0), "me:hunter2");
    assert_eq!(read_text(text).unwrap_err(), ContentFault::AccessToken);
    let both = r#"{"username": "me", "accessToken": "token", "password": "hunter2"}"#;
    assert_eq!(shown(&read_for(IMAGE, both, AccessTokens::Accept).unwrap().0), "me:hunter2");
}

#[test]
fn an_identity_token_is_taken_in_both_of_dockers_spellings() {
    for key in ["identitytoken", "identityToken"] {
        let text = format!(r#"{{"{key}": "hunter2"}}"#);
        let (login, notes) = read_for(IMAGE, &text, AccessTokens::Refuse).unwrap();
        assert_eq!((shown(&login), notes.len()), ("token:hunter2".to_owned(), 0), "{key}");
    }
}

#[test]
fn the_entry_that_names_most_of_the_path_is_taken() {
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
        assert_eq!(found(image, text), expected, "{image}");
    }
    assert_eq!(
        read_for("other.example/team-a/app", text, AccessTokens::Refuse).unwrap_err(),
        ContentFault::NoEntry("other.example/team-a/app".to_owned())
    );
}

#[test]
fn an_entry_is_read_in_each_of_its_forms() {
    let name = || "registry.example:5000/team-a/app".to_owned();
    let of = |entry: &str| format!(r#"{{"auths": {{"registry.example:5000": {entry}}}}}"#);
    let auth = |text: &str| STANDARD.encode(text);
    let good = [
        (format!(r#"{{"auth": "{}"}}"#, auth("me:hunter2:with:colons")), "me:hunter2:with:colons"),
        (format!(r#"{{"auth": "{}", "username": "me", "password": "hunter2"}}"#, auth("me:hunter2")), "me:hunter2"),
        (format!(r#"{{"auth": "{}", "identitytoken": "t"}}"#, auth("0000:")), "token:t"),
        (r#"{"username": "me", "password": "hunter2", "email": "a@b"}"#.to_owned(), "me:hunter2"),
    ];
    for (entry, expected) in good {
        assert_eq!(found(IMAGE, &of(&entry)), expected, "{entry}");
    }
    assert_eq!(read_text(&of("{}")).unwrap_err(), ContentFault::EmptyEntry(name()));
    let bad = [
        (r#"{"auth": "hunter2"}"#.to_owned(), EntryFault::NotBase64),
        (format!(r#"{{"auth": "{}"}}"#, auth("hunter2")), EntryFault::NoColon),
        (format!(r#"{{"auth": "{}"}}"#, auth("hunter2:")), EntryFault::HalfALogin),
        (format!(r#"{{"auth": "{}", "password": "x"}}"#, auth("me:hunter2")), EntryFault::Contradiction),
        (r#"{"username": "me"}"#.to_owned(), EntryFault::HalfALogin),
        (r#"{"username": "me", "password": "a", "Password": "hunter2"}"#.to_owned(), EntryFault::Twice("password")),
        (r#"{"username": "me", "password": 2}"#.to_owned(), EntryFault::NotAString("password")),
        (r#"{"username": "me", "password": "hunter2", "hunter2": 1}"#.to_owned(), EntryFault::Key),
        (r#"{"registrytoken": "hunter2"}"#.to_owned(), EntryFault::RegistryToken),
        (r#""hunter2""#.to_owned(), EntryFault::NoObject),
        ("null".to_owned(), EntryFault::NoObject),
    ];
    for (entry, fault) in bad {
        assert_eq!(read_text(&of(&entry)).unwrap_err(), ContentFault::Entry(name(), fault), "{entry}");
    }
    let twice = r#"{"auths": {"registry.example:5000": {}, "https://registry.example:5000/": {}}}"#;
    assert_eq!(read_text(twice).unwrap_err(), ContentFault::TwoEntries(name()));
    for address in ["https://registry.example:5000/v2/team-a", "me:hunter2@registry.example:5000", "*.example"] {
        let text = format!(r#"{{"auths": {{"registry.example:5000": {{}}, "{address}": {{}}}}}}"#);
        assert_eq!(read_text(&text).unwrap_err(), ContentFault::NoRegistry(2), "{address}");
    }
    assert_eq!(read_text(r#"{"auths": []}"#).unwrap_err(), ContentFault::NoObject("auths"));
}

#[test]
fn the_tokens_of_dockers_login_by_browser_are_no_logins() {
    let text = r#"{"auths": {"https://index.docker.io/v1/": {"username": "me", "password": "hunter2"},
        "https://index.docker.io/v1/access-token": {"username": "me", "password": "a"},
        "https://index.docker.io/v1/refresh-token": {}}}"#;
    assert_eq!(found("nginx", text), "me:hunter2");
    assert_eq!(found("docker.io/team/access-token", text), "me:hunter2");
}

#[test]
fn a_kubernetes_secret_is_read_as_text_as_base64_and_as_an_object() {
    let config = r#"{"auths": {"registry.example:5000": {"username": "me", "password": "hunter2"}}}"#;
    for key in [".dockerconfigjson", "dockerconfigjson"] {
        let quoted = serde_json::to_string(config).unwrap();
        for value in [quoted, format!("\"{}\"", STANDARD.encode(config)), config.to_owned()] {
            assert_eq!(found(IMAGE, &format!(r#"{{"{key}": {value}}}"#)), "me:hunter2", "{value}");
        }
        for value in ["\"hunter2\"", "\"{hunter2\"", "\"e30=\"", "1"] {
            let fault = read_text(&format!(r#"{{"{key}": {value}}}"#)).unwrap_err();
            assert_eq!(fault, ContentFault::NotDockerConfig(key), "{value}");
        }
    }
}

#[test]
fn a_helpers_answer_serves_its_own_registry_only() {
    let answer =
        |server: &str, user: &str| format!(r#"{{"ServerURL": "{server}", "Username": "{user}", "Secret": "hunter2"}}"#);
    assert_eq!(found(IMAGE, &answer("https://registry.example:5000/", "me")), "me:hunter2");
    assert_eq!(found(IMAGE, &answer("registry.example:5000", "<token>")), "token:hunter2");
    assert_eq!(found("nginx", &answer("https://index.docker.io/v1/", "me")), "me:hunter2");
    let fault = read_text(&answer("https://other.example", "me")).unwrap_err();
    assert_eq!(fault, ContentFault::WrongServer(IMAGE.to_owned()));
    let fault = read_text(r#"{"ServerURL": "registry.example:5000", "Username": "me"}"#).unwrap_err();
    assert_eq!(fault, ContentFault::Missing("Secret"));
}

#[test]
fn an_envelope_is_read_to_the_letter() {
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234";
    let read = |inner: &str| {
        let text = format!(r#"{{"taskpull": {{{inner}}}}}"#);
        sealed(&version(SecretValue::Text(Secret::new(text)))).map_err(|error| error.fault)
    };
    let whole =
        format!(r#""version": 1, "keyArn": "{KEY}", "ciphertext": "AQID", "encryptionContext": {{"team": "web"}}"#);
    let found = read(&whole).unwrap().unwrap();
    assert_eq!((found.key.unwrap().as_str(), &*found.bytes), (KEY, &[1, 2, 3][..]));
    assert_eq!(found.context["team"], "web");
    let table = [
        (r#""keyArn": "a""#.to_owned(), ContentFault::Missing("version")),
        (whole.replace("1, ", "2, "), ContentFault::EnvelopeVersion),
        (whole.replace("1, ", "\"1\", "), ContentFault::EnvelopeVersion),
        (whole.replace("keyArn", "KeyArn"), ContentFault::EnvelopeKey),
        (whole.clone() + r#", "more": 1"#, ContentFault::EnvelopeKey),
        (whole.replace(KEY, "alias/pulls"), ContentFault::KeyArn),
        (whole.replace("AQID", "?"), ContentFault::Ciphertext),
        (whole.replace("AQID", ""), ContentFault::EmptyValue("ciphertext")),
        (whole.replace("\"web\"", "1"), ContentFault::EncryptionContext),
        (whole.replace("\"web\"", "\"web\", \"team\": \"b\""), ContentFault::EncryptionContext),
        (whole.clone() + r#", "version": 1"#, ContentFault::Twice("version")),
    ];
    for (inner, fault) in table {
        assert_eq!(read(&inner).unwrap_err(), fault, "{inner}");
    }
    let inner = format!(r#"{{"taskpull": {{{whole}}}}}"#);
    assert_eq!(read_text(&inner).unwrap_err(), ContentFault::EnvelopeInEnvelope);
}
