//! Every format of a login that is read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::foreign_forms::foreign_forms;
use super::helpers::{IMAGE, KEY, binary_version, envelope, login, parse, parse_fault, sealed, shown, text_version};
use crate::config::AccessTokens;
use crate::credential::content::{BinaryForm, ContentFault, not_ciphertext, parse_all_logins};
use crate::error::WarningId;
use crate::secret::Secret;

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

#[test]
fn envelope_contains_key_ciphertext_and_context() {
    let ciphertext = sealed(&text_version(&format!(r#"{{"taskpull": {{{}}}}}"#, envelope()))).unwrap().unwrap();
    assert_eq!((ciphertext.key.unwrap().as_str(), &*ciphertext.bytes), (KEY, &[1, 2, 3][..]));
    assert_eq!(ciphertext.context["team"], "web");
}
