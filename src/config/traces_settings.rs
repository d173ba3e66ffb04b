//! Where traces are sent, and with which attributes.
//!
//! The variables are OpenTelemetry's, and other programs may need them: a malformed value never
//! fails a command.

use super::settings::TracesSettings;

/// The path that OTLP appends to a collector's endpoint for traces.
const PATH: &str = "/v1/traces";

impl TracesSettings {
    /// The URL that traces are sent to, not yet parsed; `None` if there are to be no traces.
    #[must_use]
    pub fn export_url(&self) -> Option<String> {
        if self.disabled.eq_ignore_ascii_case("true") {
            return None;
        }
        let endpoint = self.endpoint.as_deref();
        self.url.clone().or_else(|| endpoint.map(|endpoint| format!("{}{PATH}", endpoint.trim_end_matches('/'))))
    }

    /// The names and values of `traces.resource_attributes`. What is not a pair is ignored.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.resource_attributes.as_deref().unwrap_or_default().split(',');
        pairs.filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::TracesSettings;
    use crate::config::table::{TRACES_DISABLED, TRACES_ENDPOINT, TRACES_RESOURCE_ATTRIBUTES, TRACES_URL};
    use crate::config::{Settings, Sources};

    fn read(endpoint: &str, url: &str, disabled: &str) -> TracesSettings {
        let flag = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let sources = Sources::default()
            .with_flag(&TRACES_ENDPOINT, "--a", flag(endpoint))
            .with_flag(&TRACES_URL, "--b", flag(url))
            .with_flag(&TRACES_DISABLED, "--c", flag(disabled))
            .with_flag(&TRACES_RESOURCE_ATTRIBUTES, "--d", flag("a=1, b = x=y ,,c"));
        Settings::read(&sources).unwrap().traces
    }

    #[test]
    fn traces_url_takes_precedence_and_an_endpoint_gets_the_path() {
        let url = |endpoint, url| read(endpoint, url, "").export_url();
        assert_eq!(url("", ""), None);
        assert_eq!(url("http://c:4318", "").as_deref(), Some("http://c:4318/v1/traces"));
        assert_eq!(url("http://c:4318/otlp/", "").as_deref(), Some("http://c:4318/otlp/v1/traces"));
        assert_eq!(url("http://c:4318", "http://d/x").as_deref(), Some("http://d/x"));
    }

    #[test]
    fn only_the_word_true_disables_traces() {
        for (disabled, is_enabled) in [("true", false), ("TRUE", false), ("false", true), ("1", true), ("yes", true)] {
            assert_eq!(read("http://c", "", disabled).export_url().is_some(), is_enabled, "{disabled}");
        }
    }

    #[test]
    fn resource_attributes_are_the_pairs_of_the_list() {
        let settings = read("http://c", "", "");
        assert_eq!(settings.attributes().collect::<Vec<_>>(), [("a", "1"), ("b", "x=y")]);
    }
}
