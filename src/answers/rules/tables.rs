//! The order in which the tables of a source are tried.

use crate::answers::rules::connection_rules::CONNECTION_RULES;
use crate::answers::rules::ecr_rules::ECR_RULES;
use crate::answers::rules::engine_rules::ENGINE_RULES;
use crate::answers::rules::image_rules::{GENERAL_IMAGE_RULES, IMAGE_RULES};
use crate::answers::rules::message_rule::MessageRule;
use crate::answers::rules::product_rules::{FINAL_RULES, LOGIN_RULES};
use crate::answers::rules::proxy_rules::PROXY_CONNECTION_RULES;
use crate::answers::rules::registry_rules::REGISTRY_RULES;
use crate::answers::rules::storage_rules::{GENERAL_STORAGE_RULES, STORAGE_RULES};
use crate::answers::rules::tls_rules::{GENERAL_TLS_RULES, TLS_RULES};

/// The tables for the engine's own words, in the order in which they are tried.
pub(crate) const ENGINE_TABLES: &[&[MessageRule]] = &[
    ENGINE_RULES,
    STORAGE_RULES,
    IMAGE_RULES,
    PROXY_CONNECTION_RULES,
    TLS_RULES,
    CONNECTION_RULES,
    GENERAL_TLS_RULES,
    GENERAL_STORAGE_RULES,
    GENERAL_IMAGE_RULES,
];

/// The tables for the words of a registry or its token service.
pub(crate) const REGISTRY_TABLES: &[&[MessageRule]] = &[ECR_RULES, FINAL_RULES, REGISTRY_RULES, LOGIN_RULES];
