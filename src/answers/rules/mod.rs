//! The tables of known words, one for each source of an answer.
//!
//! A table says what words mean if its source said them. No table is used for the words of another
//! source: `unauthorized` in a path of the engine is no refusal of a registry.

pub(super) mod connection_rules;
pub(super) mod ecr_rules;
pub(super) mod engine_rules;
pub(super) mod image_rules;
pub(super) mod layer_store_rules;
pub(super) mod message_rule;
pub(super) mod product_rules;
pub(super) mod proxy_rules;
pub(super) mod registry_rules;
pub(super) mod storage_rules;
pub(super) mod tables;
pub(super) mod tls_rules;
