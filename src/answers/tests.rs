//! Tests of the classification against the corpus of messages that engines really sent.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use crate::answers::classification::Classification;
use crate::answers::classify::classify;
use crate::answers::reference::tables;
use crate::answers::rules::message_rule::MessageRule;
use crate::answers::{PullContext, SentLogin};
use crate::engine::{EngineError, UnreachableReason};
use crate::error::{Class, Link};
use crate::task::ImageReference;

/// Messages with their classification; each row names the source of the message.
const CORPUS: &str = include_str!("../../tests/corpus/engine-messages.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    source: String,
    #[serde(default)]
    covers: Vec<String>,
    image: String,
    status: u16,
    #[serde(default)]
    code: Option<i64>,
    text: String,
    link: String,
    class: String,
}

impl Row {
    fn classify(&self) -> Classification {
        classify_message(&self.image, self.status, self.code, &self.text, false)
    }
}

fn corpus() -> Vec<Row> {
    serde_json::from_str(CORPUS).unwrap()
}

fn classify_message(image: &str, status: u16, code: Option<i64>, text: &str, anonymous: bool) -> Classification {
    let image = ImageReference::parse(image).unwrap();
    let login = if anonymous { SentLogin::Anonymous } else { SentLogin::unremarkable() };
    classify(
        &EngineError::ErrorMessage { status, code, text: text.to_owned() },
        &image,
        &PullContext::with_login(login),
    )
}

fn classify_text(status: u16, text: &str) -> Classification {
    classify_message("r/unauthorized-page:1", status, None, text, false)
}

#[test]
fn every_message_of_the_corpus_has_its_link_and_class() {
    let rows = corpus();
    let different: BTreeSet<_> = rows.iter().map(|row| (row.status, row.code, &row.text)).collect();
    assert!(different.len() >= 60 && different.len() == rows.len(), "{} of {}", different.len(), rows.len());
    let wrong = rows.iter().filter_map(|row| {
        let Classification { link, class, .. } = row.classify();
        let found = json!([link, class]);
        (found != json!([row.link, row.class])).then(|| format!("{found} for {}: {}", row.source, row.text))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_known_message_has_a_hint() {
    for row in corpus() {
        let meaning = row.classify();
        assert!(meaning.hint.is_some() || meaning.link == Link::Engine, "{}", row.text);
    }
}

/// The commands in a text.
fn commands(text: &str) -> impl Iterator<Item = &str> {
    let is_command =
        |text: &&str| ["aws ", "docker ", "openssl ", "taskpull "].iter().any(|name| text.starts_with(name));
    text.split('`').skip(1).step_by(2).filter(is_command)
}

#[test]
fn commands_in_hints_need_no_editing() {
    for row in corpus() {
        let hint = row.classify().hint.unwrap_or_default();
        assert_eq!(hint.matches('`').count() % 2, 0, "{hint}");
        for command in commands(&hint) {
            // Go templates have braces of their own.
            let plain = command.split("{{").next().unwrap();
            let is_placeholder = |word: &str| {
                let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
                word.len() > 3 && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
            };
            let known = row.image.contains(".dkr.ecr.") || !command.starts_with("aws ");
            let has_placeholder = plain.split([' ', '=', '/']).any(is_placeholder);
            let is_filled = !plain.contains(['{', '}', '…']);
            let has_names = !known || !has_placeholder || command.contains("--upstream-registry-url");
            assert!(is_filled && has_names, "{command}");
        }
    }
}

#[test]
fn corpus_covers_the_messages_of_the_source_documents() {
    let covered: BTreeSet<_> = corpus().into_iter().flat_map(|row| row.covers).collect();
    for id in ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9", "V10", "V11", "V16", "V17", "V25"] {
        assert!(covered.contains(id), "{id}");
    }
}

fn rules() -> impl Iterator<Item = &'static MessageRule> {
    tables().into_iter().flat_map(|(_, table)| table)
}

/// Every message of the corpus with what it means.
#[test]
fn answers_in_full() {
    let mut text = String::new();
    let mut add = |message: &str, Classification { link, class, reaction, explanation, hint }: Classification| {
        let message = message.replace('\n', " ");
        let hint = hint.as_deref().unwrap_or("none");
        writeln!(text, "{message}\n  {link} ({class}, {reaction:?}): {explanation}\n  hint: {hint}\n").unwrap();
    };
    for row in corpus() {
        add(&row.text, row.classify());
    }
    let public = classify_message("public.ecr.aws/a/b", 500, None, "statuscode: 400", false);
    add("ECR Public: statuscode: 400", public);
    for message in ["denied", "no basic auth credentials"] {
        add(&format!("anonymous: {message}"), classify_message("r/a", 500, None, message, true));
    }
    for status in [401, 404, 429, 500] {
        add(&format!("unknown message, status {status}"), classify_text(status, "it is odd"));
    }
    let (image, host) = (ImageReference::parse("r/a").unwrap(), "unix:///docker.sock".to_owned());
    let reason = UnreachableReason::TooManyFiles;
    for error in [
        EngineError::no_response(&host),
        EngineError::Unreachable { host: host.clone(), reason },
        EngineError::UnexpectedResponse { host, detail: "invalid JSON at column 1".to_owned() },
    ] {
        add(&error.to_string(), classify(&error, &image, &PullContext::with_login(SentLogin::unremarkable())));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn an_unknown_message_is_classified_by_its_number() {
    let class = |status, code| classify_message("r/a:1", status, code, "the moon is in the wrong phase", false).class;
    assert_eq!(class(500, None), Class::Unknown);
    assert_eq!(class(200, None), Class::Unknown);
    assert_eq!(class(503, None), Class::EngineBusy);
    assert_eq!(class(429, None), Class::EngineBusy);
    assert_eq!(class(200, Some(401)), Class::Refused);
    assert_eq!(class(200, Some(404)), Class::Absent);
    assert_eq!(class(200, Some(-1)), Class::Unknown);
}

#[test]
fn a_known_message_takes_precedence_over_its_code() {
    let text = "denied: requested access to the resource is denied";
    assert_eq!(classify_message("r/a:1", 200, Some(500), text, false).class, Class::Refused);
}

#[test]
fn a_file_permission_on_the_host_is_no_refusal() {
    let text = "failed to register layer: ApplyLayer exit status 1: lchown /a: permission denied";
    let Classification { link, class, .. } = classify_text(200, text);
    assert_eq!((link, class), (Link::Engine, Class::Unsupported));
}

#[test]
fn names_of_the_image_are_not_part_of_the_message() {
    let text = "manifest for docker.io/r/unauthorized-page:1 not found: manifest unknown: manifest unknown";
    assert_eq!(classify_text(404, text).link, Link::Manifest);
    let text = "Get \"https://docker.io/v2/r/unauthorized-page/manifests/1\": dial tcp 10.0.0.1:443: i/o timeout";
    assert_eq!(classify_text(500, text).class, Class::Unavailable);
    assert_eq!(classify_text(500, "unauthorized: authentication required").class, Class::Refused);
}

#[test]
fn phrases_are_in_lower_case() {
    for phrase in rules().flat_map(|rule| rule.phrases) {
        assert_eq!(*phrase, phrase.to_lowercase());
    }
}

#[test]
fn a_message_of_ten_megabytes_is_read_at_once() {
    let begin = std::time::Instant::now();
    for words in ["failed to do request: ", "denied: ", "500: ", "User: \u{1b}[31m is not authorized to perform: "] {
        let Classification { explanation, hint, .. } = classify_text(500, &words.repeat(10_000_000 / words.len()));
        assert!(explanation.len() + hint.unwrap_or_default().len() < 200_000);
    }
    assert!(begin.elapsed().as_secs() < 20);
}

proptest! {
    #[test]
    fn any_message_has_a_classification(status: u16, code: Option<i64>, text: String, anonymous: bool) {
        classify_message("registry.example/team/app:1", status, code, &text, anonymous);
    }

    #[test]
    fn case_of_a_message_does_not_matter(row in 0..corpus().len(), upper: Vec<bool>) {
        let row = &corpus()[row];
        let image = ImageReference::parse(&row.image).unwrap();
        // Names of images are compared exactly, so they stay as they are; so do the keys of JSON.
        let is_name = |word: &str| word.contains(image.repository()) || word.contains(image.registry());
        let mut upper = upper.iter().chain(std::iter::repeat(&true));
        let words = row.text.split_inclusive([' ', '\n']).map(|word| match upper.next() {
            Some(true) if !is_name(word) && !word.contains('{') => word.to_ascii_uppercase(),
            _ => word.to_owned(),
        });
        let found = classify_message(&row.image, row.status, row.code, &words.collect::<String>(), false);
        let expected = row.classify();
        prop_assert_eq!((found.link, found.class, found.reaction), (expected.link, expected.class, expected.reaction));
    }
}
