//! The credentials of a report as text: a numbered list.

use std::collections::HashMap;

use super::credential_report::CredentialReport;
use super::login_key::LoginKey;
use super::text_writer::TextWriter;
use crate::error::Printable;

/// The credentials of a report, numbered in the order of their first use. Credentials of one login
/// have one number.
#[derive(Default)]
pub(super) struct Credentials<'a> {
    in_order: Vec<Vec<&'a CredentialReport>>,
    numbers: HashMap<LoginKey<'a>, usize>,
}

impl<'a> Credentials<'a> {
    /// The reference to a credential in the list, such as `[1]`; `none` for an anonymous pull.
    pub(super) fn number(&mut self, credential: &'a CredentialReport) -> String {
        if *credential == CredentialReport::Anonymous {
            return "none".to_owned();
        }
        let number = *self.numbers.entry(LoginKey::from(credential)).or_insert_with(|| {
            self.in_order.push(Vec::new());
            self.in_order.len()
        });
        self.in_order[number - 1].push(credential);
        format!("[{number}]")
    }

    /// Writes the list, followed by an empty line; nothing if no credential was used.
    pub(super) fn write(&self, writer: &mut TextWriter) {
        for (index, credentials) in self.in_order.iter().enumerate() {
            // What a caller of the same login found besides, such as a warning, is a further line.
            let mut all: Vec<String> = Vec::new();
            for line in credentials.iter().flat_map(|credential| lines(credential)) {
                if !all.contains(&line) {
                    all.push(line);
                }
            }
            writer.line("", &format!("[{}] {}", index + 1, all.join("\n    ")));
        }
        if !self.in_order.is_empty() {
            writer.line("", "");
        }
    }
}

fn lines(credential: &CredentialReport) -> Vec<String> {
    match credential {
        CredentialReport::Anonymous => vec!["none".to_owned()],
        CredentialReport::Instance { source, matched } => {
            vec![format!("host login for {matched}"), format!("from {source}")]
        }
        CredentialReport::Ecr { account, region, identity, principal, expires_at, .. } => {
            let name = format!("ECR token for account {account}, Region {region}");
            token_lines(name, &reader(identity, principal.as_ref()), expires_at.as_deref())
        }
        CredentialReport::EcrPublic { identity, principal, expires_at, without_token: None, .. } => {
            let name = "ECR Public token".to_owned();
            token_lines(name, &reader(identity, principal.as_ref()), expires_at.as_deref())
        }
        CredentialReport::EcrPublic { without_token: Some(reason), .. } => {
            vec!["none, for ECR Public".to_owned(), format!("warning: {reason}")]
        }
        CredentialReport::Secret {
            arn,
            version_id,
            stage,
            warnings,
            account,
            region,
            region_source,
            identity,
            principal,
            stale_seconds,
            ..
        } => {
            let mut lines = vec![arn.to_string()];
            if let Some(version) = version_id {
                let stage = stage.as_ref().map(|stage| format!(" ({stage})")).unwrap_or_default();
                lines.push(format!("version {version}{stage}"));
            } else {
                let account = account.as_deref().unwrap_or("of the caller");
                let region = region_text(region.as_deref(), region_source.as_deref());
                lines.push(format!("account {account}, {region}"));
            }
            lines.push(format!("read as {}", reader(identity, principal.as_ref())));
            lines.extend(stale_seconds.map(|age| format!("stale: {age} s old, used because AWS is unavailable")));
            lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
            lines
        }
    }
}

/// Who reads a secret or requests a token, in the words of AWS if they are known.
fn reader(identity: &str, principal: Option<&Printable>) -> String {
    match (principal, identity) {
        (Some(principal), _) => principal.to_string(),
        (None, "host") => "the host".to_owned(),
        (None, role) => role.to_owned(),
    }
}

/// The Region of a secret in a dry run, and where it is from.
fn region_text(region: Option<&str>, source: Option<&str>) -> String {
    match (region, source) {
        (Some(region), None) => format!("Region {region} (from the ARN)"),
        (Some(region), Some(source)) => format!("Region {region} (from {source})"),
        (None, Some(source)) => format!("the Region that {source} names"),
        (None, None) => "Region of the host".to_owned(),
    }
}

fn token_lines(name: String, identity: &str, expires_at: Option<&str>) -> Vec<String> {
    let mut lines = vec![name, format!("requested as {identity}")];
    lines.extend(expires_at.map(|time| format!("valid until {time}")));
    lines
}
