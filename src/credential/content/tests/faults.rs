//! The catalogue of the faults of content.

use super::helpers::{IMAGE, KEY, binary_version, envelope, parse, sealed, text_version};
use crate::config::AccessTokens;
use crate::credential::content::{ContentError, decode_plaintext, not_ciphertext, parse_login};
use crate::error::{Failure, catalogue};
use crate::secret::{Secret, SecretBytes};
use crate::task::ImageReference;

/// The error for bytes that KMS does not accept.
fn refused_bytes(bytes: &[u8]) -> ContentError {
    let version = binary_version(bytes);
    not_ciphertext(&version, &sealed(&version).unwrap().unwrap())
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
