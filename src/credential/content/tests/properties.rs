//! Properties that hold for any content.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::foreign_forms::foreign_forms;
use super::helpers::{ARN, IMAGE, KEY, binary_version, login, parse, parse_fault, sealed, text_version};
use crate::config::AccessTokens;
use crate::credential::content::{Envelope, content_hint, decode_plaintext};
use crate::error::Failure;
use crate::secret::SecretBytes;
use crate::task::KeyArn;

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
