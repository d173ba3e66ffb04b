//! The environment variables that describe the terminal to every program. They are no settings of
//! taskpull.

/// The user's preferences for output on a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalEnv {
    /// `NO_COLOR` is set and not empty (no-color.org).
    pub no_color: bool,
    /// `TERM` is `dumb` or unset: the terminal would show control sequences as text.
    pub is_dumb: bool,
}

impl TerminalEnv {
    /// Reads the variables of this process.
    #[must_use]
    pub fn from_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this module reads every environment variable")]
        let variable = std::env::var_os;
        let value = |name| variable(name).filter(|value| !value.is_empty());
        Self { no_color: value("NO_COLOR").is_some(), is_dumb: value("TERM").is_none_or(|term| term == "dumb") }
    }
}
