//! Tests of the program against scripted AWS, engine and registry servers, in one binary.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test reports its failure by a panic")]
#![expect(unreachable_pub, reason = "`pub` in support/ marks what tests may use")]

#[path = "../support/mod.rs"]
mod support;

mod agent_api;
mod agent_api_access;
mod agent_api_clients;
mod agent_api_crash;
mod agent_api_http;
mod agent_audit;
mod agent_cli;
mod agent_credentials;
mod agent_day;
mod agent_disk;
mod agent_ecs;
mod agent_folder;
mod agent_folder_many;
mod agent_fuzz;
mod agent_metrics;
mod agent_systemd;
mod architecture;
mod aws_denials;
mod credential_docker;
mod credential_kubelet;
mod ecr_leaks;
mod ecr_public;
mod ecr_tokens;
mod engine_address;
mod engine_address_tls;
mod engine_versions;
mod generated_documents;
mod hint_commands;
mod identity_accounts;
mod identity_addresses;
mod identity_endpoints;
mod identity_faults;
mod identity_host;
mod language;
#[cfg(feature = "otel")]
mod otel;
#[cfg(not(feature = "otel"))]
mod otel_absent;
mod pull_architecture;
mod pull_batches;
mod pull_behavior;
mod pull_content;
mod pull_credentials;
mod pull_days;
mod pull_disk;
mod pull_engine;
mod pull_events;
mod pull_input;
mod pull_input_documents;
mod pull_input_keys;
mod pull_input_syntax;
mod pull_instance;
mod pull_instance_documents;
mod pull_instance_leaks;
mod pull_kms;
mod pull_leaks;
mod pull_many;
mod pull_pin;
mod pull_podman;
mod pull_progress;
mod pull_read_only;
mod pull_rewrites;
mod pull_rotation;
mod pull_secret_failures;
mod pull_secret_lookup;
mod pull_slips;
mod registry_answers;
mod secret_check;
mod secret_check_registry;
mod secret_check_tls;
mod secret_check_tokens;
mod secret_new;
mod secret_recipes;
mod secret_seal;
mod support_aws_faults;
mod support_aws_policies;
mod support_aws_secrets;
mod support_aws_signatures;
mod support_aws_sts;
mod support_engine;
mod support_leak;
mod support_registry;
