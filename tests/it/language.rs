//! Holds the public texts and the comments of the crate to plain language.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, Lit, Meta, Visibility};

use crate::support::source_tree::{SourceTree, is_test_only, root};

/// Phrases of the project's former idiom, as regular expressions for whole words in any case.
const IDIOM: &[&str] = &[
    "nobody",
    "whoever",
    "somebody",
    "anew",
    "theirs",
    "is told( of| that)?",
    "was told",
    "it is said",
    "is had",
    "was had",
    "has come",
    "is gone, and",
    "call(ed)? off",
    "stands? for itself",
    "serves? (its|the|no|a) (use|purpose)",
    "without a word",
    "beside it",
    "what it has not",
    "it would not",
    "in so many",
];

/// Documents and other files that a user reads, beside the sources.
const PUBLIC_TEXTS: &[&str] =
    &["docs", "packaging", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "SECURITY.md"];

#[test]
fn public_texts_and_sources_are_free_of_the_old_idiom() {
    let phrases: Vec<_> = IDIOM.iter().map(|phrase| Regex::new(&format!(r"\b(?:{phrase})\b")).unwrap()).collect();
    // The letters before the first operator, to skip most lines without a regular expression.
    let prefix = |phrase: &'static str| phrase.split(['(', '?']).next().unwrap().trim_end_matches('s');
    let prefixes: Vec<_> = IDIOM.iter().map(|phrase| prefix(phrase)).collect();
    let mut texts: Vec<_> = SourceTree::read().files.into_iter().map(|file| (file.name, file.text)).collect();
    let mut paths = Vec::new();
    for name in PUBLIC_TEXTS {
        collect(&root().join(name), &mut paths);
    }
    texts.extend(paths.into_iter().map(|path| (path.display().to_string(), fs::read_to_string(path).unwrap())));
    let mut found = Vec::new();
    for (name, text) in &texts {
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            let mut candidates = phrases.iter().zip(&prefixes).filter(|(_, prefix)| lower.contains(**prefix));
            if candidates.any(|(phrase, _)| phrase.is_match(&lower)) {
                found.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "phrases of the old idiom:\n{}", found.join("\n"));
}

fn collect(path: &Path, paths: &mut Vec<PathBuf>) {
    if !path.is_dir() {
        return paths.push(path.to_owned());
    }
    for entry in fs::read_dir(path).unwrap() {
        collect(&entry.unwrap().path(), paths);
    }
}

#[test]
fn public_doc_comments_say_more_than_three_words() {
    let mut short = ShortComments::default();
    for file in SourceTree::read().files {
        short.file = file.name;
        short.visit_file(&file.syntax);
    }
    assert!(short.found.is_empty(), "doc comments that say nothing:\n{}", short.found.join("\n"));
}

/// Finds public doc comments of one to three words, except in what becomes a command's help or a
/// schema's description.
#[derive(Default)]
struct ShortComments {
    file: String,
    found: Vec<String>,
}

impl ShortComments {
    fn check(&mut self, attributes: &[Attribute]) {
        let lines: Vec<_> = attributes.iter().filter_map(doc_line).collect();
        let words = lines.iter().flat_map(|line| line.split_whitespace()).count();
        if (1..=3).contains(&words) {
            self.found.push(format!("{}: {}", self.file, lines.join(" ").trim()));
        }
    }
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    match &meta.value {
        Expr::Lit(literal) if meta.path.is_ident("doc") => match &literal.lit {
            Lit::Str(line) => Some(line.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the comments of a type are shown to users as help or as a description.
fn is_shown(attributes: &[Attribute]) -> bool {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let mut is_shown = false;
    for derive in derives {
        derive
            .parse_nested_meta(|meta| {
                let name = meta.path.segments.last().unwrap().ident.to_string();
                is_shown |= ["JsonSchema", "Parser", "Args", "Subcommand", "ValueEnum"].contains(&name.as_str());
                Ok(())
            })
            .unwrap();
    }
    is_shown
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

impl<'ast> Visit<'ast> for ShortComments {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test_only(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if is_public(&item.vis) && !is_shown(&item.attrs) {
            self.check(&item.attrs);
            let fields = item.fields.iter().filter(|field| is_public(&field.vis));
            fields.for_each(|field| self.check(&field.attrs));
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if is_public(&item.vis) && !is_shown(&item.attrs) {
            self.check(&item.attrs);
            for variant in &item.variants {
                self.check(&variant.attrs);
                variant.fields.iter().for_each(|field| self.check(&field.attrs));
            }
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if is_public(&item.vis) {
            self.check(&item.attrs);
            visit::visit_item_trait(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.check(&item.attrs);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        if is_public(&item.vis) {
            self.check(&item.attrs);
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if is_public(&item.vis) {
            self.check(&item.attrs);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if is_public(&item.vis) {
            self.check(&item.attrs);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if is_public(&item.vis) {
            self.check(&item.attrs);
        }
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        if is_public(&item.vis) {
            self.check(&item.attrs);
        }
    }
}
