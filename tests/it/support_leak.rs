//! The leak scanner finds a secret in every encoding, and reports nothing else.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::leak::{Canary, Folder};

/// A secret that contains every character that some encoding treats specially.
const SECRET: &str = "c4n\"ary/\\ %+é>?~pass&word";

fn canary() -> Canary {
    Canary::new("registry password", SECRET)
}

fn forms_in(text: &[u8]) -> Vec<&'static str> {
    let mut forms: Vec<_> = canary().find_in_bytes("text", text).into_iter().map(|finding| finding.form).collect();
    forms.dedup();
    forms
}

fn padded(before: &str) -> String {
    format!("{before}{SECRET}:and something after it")
}

#[test]
fn plain_secret_is_found_at_its_offset() {
    let findings = canary().find_in_bytes("stderr", padded("12345").as_bytes());
    let shown: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["registry password (plain) in stderr at byte 5"]);
}

#[test]
fn base64_secret_is_found_at_every_alignment_alphabet_and_padding() {
    for before in ["", "u", "us", "user:", "user: "] {
        for text in [padded(before), format!("{before}{SECRET}")] {
            for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                assert_eq!(forms_in(encoded.as_bytes()), ["base64"], "after {before:?}");
            }
        }
    }
}

#[test]
fn doubly_encoded_auth_field_is_found() {
    let auth = STANDARD.encode(format!("user:{SECRET}"));
    for name in ["auth", "auths", "credentials"] {
        let header = URL_SAFE.encode(json!({ name: auth }).to_string());
        assert_eq!(forms_in(header.as_bytes()), ["base64 of base64"]);
    }
}

#[test]
fn escaped_secret_within_an_encoded_document_is_found() {
    let header = URL_SAFE.encode(json!({ "password": SECRET }).to_string());
    assert_eq!(forms_in(header.as_bytes()), ["base64"]);
}

#[test]
fn every_other_encoding_is_found_and_named() {
    let hex = |upper: bool| -> String {
        let digits = |byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        SECRET.bytes().map(digits).collect()
    };
    for (form, text) in [
        ("JSON-escaped", json!(SECRET).to_string()),
        (
            "JSON-escaped",
            SECRET
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('/', "\\/")
                .replace('é', "\\u00e9")
                .replace('>', "\\u003e")
                .replace('&', "\\u0026"),
        ),
        ("Rust-escaped", SECRET.as_bytes().escape_ascii().to_string()),
        ("percent-encoded", "c4n%22ary%2F%5C%20%25%2B%C3%A9%3E%3F~pass%26word".to_owned()),
        ("percent-encoded", "c4n%22ary%2f%5c%20%25%2b%c3%a9%3e%3f~pass%26word".to_owned()),
        ("form-encoded", "c4n%22ary%2F%5C+%25%2B%C3%A9%3E%3F%7Epass%26word".to_owned()),
        ("percent-encoded, every byte", SECRET.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()),
        ("hexadecimal", hex(false)),
        ("hexadecimal", hex(true)),
        ("list of bytes", format!("{:?}", SECRET.as_bytes())),
    ] {
        assert_eq!(forms_in(text.as_bytes()), [form], "{text}");
    }
    let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(forms_in(&wide), ["UTF-16"]);
}

#[test]
fn partial_secret_and_other_secrets_are_not_found() {
    assert!(forms_in(&SECRET.as_bytes()[..20]).is_empty());
    assert!(forms_in(STANDARD.encode("another secret, of much the same length").as_bytes()).is_empty());
}

#[test]
fn folder_scan_covers_contents_names_and_links_at_every_depth() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::create_dir_all(root.join("seed")).unwrap();
    fs::write(root.join("a/b/log"), padded("123")).unwrap();
    fs::write(root.join("a/clean"), "nothing").unwrap();
    fs::write(root.join("seed/secrets"), SECRET).unwrap();
    symlink(format!("/nowhere/{SECRET}"), root.join("a/link")).unwrap();
    fs::write(root.join("a").join(SECRET.replace('/', "%2F").replace('"', "%22")), "").unwrap();

    let scan = canary().scan_folder(&Folder::new(root).except("seed"));
    let mut places: Vec<_> = scan.findings.iter().map(|finding| finding.place.clone()).collect();
    places.sort();
    let log = root.join("a/b/log").display().to_string();
    let link = root.join("a/link").display().to_string();
    assert_eq!(places, [log, link]);
    assert_eq!(scan.places, 4);
    assert!(scan.skipped.is_empty(), "{:?}", scan.skipped);
}

#[test]
fn secret_in_a_file_name_is_reported_without_printing_it() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Canary::new("token", "correct-horse-battery");
    fs::write(folder.path().join("dump-correct-horse-battery"), "correct-horse-battery").unwrap();
    let scan = plain.scan_folder(&Folder::new(folder.path()));
    assert_eq!(scan.findings.len(), 2);
    assert!(!format!("{scan:?} {plain:?}").contains("horse"));
}

#[test]
fn secret_across_a_read_boundary_is_found_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("core");
    let before = (1 << 20) - 10;
    let mut text = vec![b'.'; before];
    text.extend(SECRET.bytes());
    text.resize(1 << 21, b'.');
    fs::write(&path, text).unwrap();
    let scan = canary().scan_file(&path);
    assert_eq!(scan.findings.iter().map(|finding| finding.offset).collect::<Vec<_>>(), [before as u64]);
}

#[test]
fn file_larger_than_the_limit_is_reported_as_skipped() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("short"), "12345678").unwrap();
    fs::write(folder.path().join("long"), "123456789").unwrap();
    let scan = canary().scan_folder(&Folder::new(folder.path()).limit(8));
    assert_eq!((scan.places, scan.skipped.len()), (2, 1));
    assert!(scan.skipped[0].ends_with("long: longer than 8 bytes"), "{:?}", scan.skipped);
}

#[test]
fn unreadable_file_is_reported_as_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let scan = canary().scan_file(&folder.path().join("nothing"));
    assert_eq!((scan.places, scan.skipped.len()), (0, 1));
}

#[test]
fn process_environment_is_read_although_its_size_is_zero() {
    let mut echo = Command::new("cat");
    let echo = echo.env("PLANTED", SECRET).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = echo.spawn().unwrap();
    // A process that is still starting has an empty environment.
    child.stdin.as_mut().unwrap().write_all(b"?").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let scan = canary().scan_file(Path::new(&format!("/proc/{}/environ", child.id())));
    drop(child.stdin.take());
    child.wait().unwrap();
    assert_eq!((scan.places, scan.findings.len()), (1, 1));
}

#[test]
#[should_panic(expected = "`pin` is too short to be looked for")]
fn secret_that_is_too_short_is_rejected() {
    Canary::new("pin", "1234");
}
