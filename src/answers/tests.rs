//! The corpus, and what it cannot show.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;

use crate::answers::{Classification, EngineError, rules};
use crate::error::{Class, Link};
use crate::task::ImageReference;

/// What engines really said; each row names where that was read.
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
    fn meaning(&self) -> Classification {
        let image = ImageReference::parse(&self.image).unwrap();
        let said = EngineError::Said { status: self.status, code: self.code, text: self.text.clone() };
        super::classify(&said, &image, false)
    }
}

fn corpus() -> Vec<Row> {
    serde_json::from_str(CORPUS).unwrap()
}

fn meaning(status: u16, code: Option<i64>, text: &str, anonymous: bool) -> Classification {
    let image = ImageReference::parse("r/unauthorized-page:1").unwrap();
    super::classify(&EngineError::Said { status, code, text: text.to_owned() }, &image, anonymous)
}

#[test]
fn each_message_of_the_corpus_finds_its_place_on_the_chain() {
    let rows = corpus();
    let different: BTreeSet<_> = rows.iter().map(|row| (row.status, row.code, &row.text)).collect();
    assert!(different.len() >= 60 && different.len() == rows.len(), "{} of {}", different.len(), rows.len());
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let found = row.meaning();
            let found = json!([found.link, found.class]);
            (found != json!([row.link, row.class])).then(|| format!("{found} for {}: {}", row.source, row.text))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_known_message_says_what_to_do_next() {
    for row in corpus() {
        let meaning = row.meaning();
        assert!(meaning.hint.is_some() || meaning.link == Link::Engine, "{}", row.text);
    }
}

#[test]
fn each_row_of_the_table_has_a_message_in_the_corpus() {
    let sentences: BTreeSet<_> = corpus().iter().map(|row| row.meaning().sentence).collect();
    for rule in rules() {
        assert!(sentences.contains(rule.meaning.sentence), "no message for: {}", rule.meaning.sentence);
    }
}

#[test]
fn the_documents_own_list_is_covered() {
    let covered: BTreeSet<_> = corpus().into_iter().flat_map(|row| row.covers).collect();
    for id in ["V1", "V2", "V3", "V4", "V5", "V6", "V7", "V8", "V9", "V10", "V11", "V16", "V17", "V25"] {
        assert!(covered.contains(id), "{id}");
    }
}

#[test]
fn a_text_nobody_knows_is_read_by_its_number() {
    let class = |status, code| meaning(status, code, "the moon is in the wrong phase", false).class;
    assert_eq!(class(500, None), Class::Unknown);
    assert_eq!(class(200, None), Class::Unknown);
    assert_eq!(class(503, None), Class::EngineBusy);
    assert_eq!(class(429, None), Class::EngineBusy);
    assert_eq!(class(200, Some(401)), Class::Refused);
    assert_eq!(class(200, Some(404)), Class::Absent);
    assert_eq!(class(200, Some(-1)), Class::Unknown);
    let denied = meaning(200, Some(500), "denied: requested access to the resource is denied", false);
    assert_eq!(denied.class, Class::Refused, "the text stands above the code");
}

#[test]
fn a_permission_of_the_hosts_file_system_is_no_refusal() {
    let said = "failed to register layer: ApplyLayer exit status 1: lchown /a: permission denied";
    assert_eq!(meaning(200, None, said, false).class, Class::Unknown);
}

#[test]
fn without_credentials_a_refusal_says_that_there_were_none() {
    assert!(meaning(500, None, "no basic auth credentials", true).sentence.contains("names none"));
    assert!(!meaning(500, None, "no basic auth credentials", false).sentence.contains("names none"));
}

#[test]
fn the_names_in_the_text_are_not_read_as_its_words() {
    let said = "manifest for docker.io/r/unauthorized-page:1 not found: manifest unknown: manifest unknown";
    assert_eq!(meaning(404, None, said, true).link, Link::Manifest);
    let said = "Get \"https://docker.io/v2/r/unauthorized-page/manifests/1\": dial tcp 10.0.0.1:443: i/o timeout";
    assert_eq!(meaning(500, None, said, true).class, Class::Unavailable);
    assert_eq!(meaning(500, None, "unauthorized: authentication required", false).class, Class::Refused);
}
