//! What the operator wants of traces.
//!
//! The variables are OpenTelemetry's and may be there for others: what is wrong with one of
//! them ends no command.

use super::config_error::ConfigError;
use super::sources::Sources;
use super::table::{
    TRACES_DISABLED, TRACES_ENDPOINT, TRACES_HEADERS, TRACES_RESOURCE_ATTRIBUTES, TRACES_SERVICE_NAME, TRACES_URL,
};
use crate::secret::Secret;

/// What the URL of a collector is followed by for traces.
const PATH: &str = "/v1/traces";

/// Where traces go, and what is said with them.
#[derive(Clone, Debug)]
pub struct TracesSettings {
    /// `traces.url`, or `traces.endpoint` with its path; not looked at yet.
    pub url: String,
    /// `traces.headers`
    pub headers: Option<Secret>,
    /// `traces.service_name`
    pub service_name: Option<String>,
    /// `traces.resource_attributes`
    pub resource_attributes: Vec<(String, String)>,
}

impl TracesSettings {
    /// None, where nobody wants any.
    pub(super) fn read(sources: &Sources) -> Result<Option<Self>, ConfigError> {
        let is_disabled = sources.text(&TRACES_DISABLED)?.eq_ignore_ascii_case("true");
        let endpoint = sources.optional_text(&TRACES_ENDPOINT)?;
        let url = sources.optional_text(&TRACES_URL)?.map(str::to_owned);
        let url = url.or_else(|| endpoint.map(|endpoint| format!("{}{PATH}", endpoint.trim_end_matches('/'))));
        let Some(url) = url.filter(|_| !is_disabled) else { return Ok(None) };
        let attributes = sources.optional_text(&TRACES_RESOURCE_ATTRIBUTES)?.unwrap_or_default();
        Ok(Some(Self {
            url,
            headers: sources.secret(&TRACES_HEADERS),
            service_name: sources.optional_text(&TRACES_SERVICE_NAME)?.map(str::to_owned),
            resource_attributes: pairs(attributes),
        }))
    }
}

/// The pairs of `name=value,…`; what is none is passed over.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::TracesSettings;
    use crate::config::Sources;
    use crate::config::table::{TRACES_DISABLED, TRACES_ENDPOINT, TRACES_RESOURCE_ATTRIBUTES, TRACES_URL};

    fn read(endpoint: &str, url: &str, disabled: &str) -> Option<TracesSettings> {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let sources = Sources::default()
            .with_flag(&TRACES_ENDPOINT, "--a", said(endpoint))
            .with_flag(&TRACES_URL, "--b", said(url))
            .with_flag(&TRACES_DISABLED, "--c", said(disabled))
            .with_flag(&TRACES_RESOURCE_ATTRIBUTES, "--d", said("a=1, b = x=y ,,c"));
        TracesSettings::read(&sources).unwrap()
    }

    #[test]
    fn the_url_of_traces_wins_and_an_endpoint_is_followed_by_their_path() {
        let url = |endpoint, url| read(endpoint, url, "").map(|settings| settings.url);
        assert_eq!(url("", ""), None);
        assert_eq!(url("http://c:4318", "").as_deref(), Some("http://c:4318/v1/traces"));
        assert_eq!(url("http://c:4318/otlp/", "").as_deref(), Some("http://c:4318/otlp/v1/traces"));
        assert_eq!(url("http://c:4318", "http://d/x").as_deref(), Some("http://d/x"));
    }

    #[test]
    fn only_the_word_true_turns_them_off() {
        for (disabled, is_there) in [("true", false), ("TRUE", false), ("false", true), ("1", true), ("yes", true)] {
            assert_eq!(read("http://c", "", disabled).is_some(), is_there, "{disabled}");
        }
    }

    #[test]
    fn attributes_are_pairs() {
        let attributes = read("http://c", "", "").unwrap().resource_attributes;
        assert_eq!(attributes, [("a", "1"), ("b", "x=y")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
