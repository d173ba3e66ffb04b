//! Reads the words of one answer by the tables of its source.

use std::iter;

use crate::answers::answer::Answer;
use crate::answers::answer_source::AnswerSource;
use crate::answers::classification::Classification;
use crate::answers::facts::Facts;
use crate::answers::names::remove_names;
use crate::answers::pull_phase::PullPhase;
use crate::answers::reaction::Reaction;
use crate::answers::rules::ecr_rules::{ECR_IMAGE_RULES, ECR_PUBLIC_REFUSED, ECR_RULES};
use crate::answers::rules::image_rules::{MISSING_PART, NO_IMAGE};
use crate::answers::rules::layer_store_rules::{ECR_STORE_RULES, ECR_STORE_UNREACHABLE, STORE_RULES};
use crate::answers::rules::message_rule::{MessageRule, prepare, prepare_in_request};
use crate::answers::rules::product_rules::FINAL_RULES;
use crate::answers::rules::proxy_rules::{PAGE_RULES, PROXY_RULES};
use crate::answers::rules::registry_rules::{CODE_RULES, DENIED_BY_TOKEN_SERVICE, STATUS_RULES};
use crate::answers::rules::tables::{ENGINE_TABLES, REGISTRY_TABLES};
use crate::answers::sent_login::SentLogin;
use crate::answers::unknown_words::unknown_answer;
use crate::aws::{Denial, DenialContext, PolicyDecision, PolicyKind};
use crate::error::{Class, Link};
use crate::plan::RegistryKind;
use crate::task::ImageReference;

/// The words of one answer, prepared for the tables, and the names for what they mean.
pub(crate) struct Reader<'a> {
    answer: &'a Answer,
    pub(crate) words: String,
    facts: Facts,
    image: &'a ImageReference,
    login: &'a SentLogin,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(answer: &'a Answer, image: &'a ImageReference, login: &'a SentLogin) -> Self {
        let words = remove_names(&answer.text, image);
        // The name of the host shows that the words are about a request to it.
        let words = if answer.host.is_some() { prepare_in_request(&words) } else { prepare(&words) };
        Self { answer, words, facts: Facts::new(answer, image, login), image, login }
    }

    fn find(&self, tables: &[&'static [MessageRule]]) -> Option<&'static MessageRule> {
        tables.iter().copied().flatten().find(|rule| rule.matches(&self.words))
    }

    pub(crate) fn meaning(&self, rule: &MessageRule) -> Classification {
        let MessageRule { link, class, reaction, explanation, hint, .. } = *rule;
        let (explanation, hint) = (self.facts.fill(explanation), self.facts.fill(hint));
        Classification { link, class, reaction, explanation: explanation.into(), hint: Some(hint.into()) }
    }

    /// The engine's own words.
    pub(crate) fn engine_words(&self) -> Option<Classification> {
        if let Some(rule) = self.missing_content() {
            return Some(self.meaning(rule));
        }
        let meaning = self.meaning(self.find(ENGINE_TABLES)?);
        Some(if self.is_about_ecr_store() && meaning.link == Link::Registry {
            self.store_unreachable(meaning)
        } else {
            self.about_login(meaning)
        })
    }

    /// containerd's words for a part of the image that is not there. containerd says the same about a
    /// part whose media type it does not know how to ask for.
    fn missing_content(&self) -> Option<&'static MessageRule> {
        let (_, rest) = self.words.split_once("could not fetch content descriptor")?;
        let (_, media_type) = rest.split_once('(')?;
        let is_part = [
            "image.rootfs.",
            "image.layer.",
            "image.config.",
            "container.image.",
            "image.manifest.",
            "image.index.",
            "manifest.v2",
            "manifest.list",
        ];
        let is_part = is_part.iter().any(|part| media_type.split(')').next().is_some_and(|kind| kind.contains(part)));
        Some(if is_part { &MISSING_PART } else { &NO_IMAGE })
    }

    /// Whether the layer store of ECR was asked. It is not ECR's host, which redirects to it.
    fn is_about_ecr_store(&self) -> bool {
        let is_ecr_host = self.answer.host.as_deref() == Some(self.image.registry());
        self.facts.ecr.is_some() && self.answer.phase == PullPhase::Layers && !is_ecr_host
    }

    fn store_unreachable(&self, meaning: Classification) -> Classification {
        if meaning.class != Class::Unavailable {
            return Classification { link: Link::Layers, ..meaning };
        }
        let unreachable = self.meaning(&ECR_STORE_UNREACHABLE);
        let explanation = format!("{}: {}", unreachable.explanation, meaning.explanation);
        Classification { explanation: explanation.into(), ..unreachable }
    }

    /// AWS's sentence about a denied request, which ECR and S3 repeat.
    fn denial(&self, link: Link) -> Option<Classification> {
        let denial = Denial::parse(&self.answer.text)?;
        let region = self.facts.ecr.as_ref().map(|ecr| ecr.region.as_str());
        let denial = denial.in_context(DenialContext { region, ..DenialContext::default() });
        let reason = match denial.decision() {
            PolicyDecision::NotAllowed(PolicyKind::Resource) if link == Link::Repository => {
                "the repository's policy does not allow it".to_owned()
            }
            _ => denial.reason(),
        };
        let (caller, action) = (denial.principal().unwrap_or("the caller"), denial.action().unwrap_or("this pull"));
        let explanation = format!("{caller} is not allowed to perform {action}: {reason}");
        let (class, reaction, hint) = (Class::Refused, Reaction::Final, Some(denial.hint().into()));
        Some(Classification { link, class, reaction, explanation: explanation.into(), hint })
    }

    pub(crate) fn proxy_words(&self) -> Classification {
        let table = if self.answer.is_page() { PAGE_RULES } else { PROXY_RULES };
        let status = self.answer.status.map_or(String::new(), |status| status.to_string());
        let words = if self.answer.is_page() { status } else { format!("{status} {}", self.words) };
        table
            .iter()
            .find(|rule| rule.matches(&words))
            .map_or_else(|| unknown_answer(self.answer), |rule| self.meaning(rule))
    }

    pub(crate) fn store_words(&self) -> Classification {
        if let Some(denial) = self.denial(Link::Layers) {
            return denial;
        }
        let table = if self.facts.ecr.is_some() { ECR_STORE_RULES } else { STORE_RULES };
        self.find(&[table]).map_or_else(|| unknown_answer(self.answer), |rule| self.meaning(rule))
    }

    /// The words of the registry or its token service: by what is known of the product, by the
    /// words, by the code, by the status.
    pub(crate) fn registry_words(&self) -> Option<Classification> {
        if let Some(denial) = self.denial(Link::Repository) {
            return Some(denial);
        }
        let is_ecr = self.facts.ecr.is_some();
        let known = self.find(&[ECR_RULES, FINAL_RULES]);
        let known = known.or_else(|| self.find(&[ECR_IMAGE_RULES]).filter(|_| is_ecr));
        if let Some(rule) = known.or_else(|| self.find(REGISTRY_TABLES)) {
            return Some(self.meaning(rule));
        }
        if is_ecr && self.is_about_ecr_store() && self.answer.code.is_none() {
            return Some(self.store_by_status());
        }
        let rule = self.by_code().or_else(|| self.by_status())?;
        Some(self.meaning(rule))
    }

    fn by_code(&self) -> Option<&'static MessageRule> {
        let code = self.answer.code.as_deref()?;
        if code == "denied" && self.answer.source == AnswerSource::TokenService {
            return Some(&DENIED_BY_TOKEN_SERVICE);
        }
        CODE_RULES.iter().find(|rule| rule.phrases.contains(&code))
    }

    fn by_status(&self) -> Option<&'static MessageRule> {
        let status = self.answer.status?;
        let is_public = || RegistryKind::from_image(self.image) == Ok(RegistryKind::EcrPublic);
        match status {
            404 if self.answer.phase == PullPhase::Layers => Some(&MISSING_PART),
            400 if is_public() => Some(&ECR_PUBLIC_REFUSED),
            _ => STATUS_RULES.iter().find(|rule| rule.phrases.contains(&&*status.to_string())),
        }
    }

    /// An answer of ECR's layer store, of which the engine shows only the status.
    fn store_by_status(&self) -> Classification {
        let words = match self.answer.status {
            Some(404) => "nosuchkey",
            Some(500..) => "internalerror",
            _ => "",
        };
        let rule = ECR_STORE_RULES.iter().find(|rule| rule.matches(words));
        rule.map_or_else(|| unknown_answer(self.answer), |rule| self.meaning(rule))
    }

    /// Adds what the login explains: that there was none, or what is odd about it.
    pub(crate) fn about_login(&self, meaning: Classification) -> Classification {
        if meaning.reaction != Reaction::NewerLogin {
            return meaning;
        }
        match self.login {
            SentLogin::Anonymous => Classification {
                explanation: match meaning.link {
                    Link::Repository => {
                        "the repository does not exist, or requires credentials; the container names none"
                    }
                    _ => "the registry requires credentials, and the container names none",
                }
                .into(),
                hint: Some(
                    "store credentials in a secret and name it in the container's repositoryCredentials.credentialsParameter"
                        .into(),
                ),
                ..meaning
            },
            SentLogin::Login { remarks } if remarks.is_empty() => meaning,
            SentLogin::Login { remarks } => {
                let otherwise = meaning.hint.iter().map(|hint| format!("; otherwise {hint}"));
                let hint: String = iter::once(format!("correct the login: {}", remarks.join("; "))).chain(otherwise).collect();
                Classification { hint: Some(hint.into()), ..meaning }
            }
        }
    }
}
