//! What the environment says of terminals, to every program: no settings of ours.

/// What a person wants of what is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalEnv {
    /// `NO_COLOR` is set to something (no-color.org).
    pub no_color: bool,
    /// `TERM` is `dumb`, or says nothing: control sequences would be seen as they are.
    pub is_dumb: bool,
}

impl TerminalEnv {
    /// Reads them.
    #[must_use]
    pub fn from_process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "read here, like every variable")]
        let variable = std::env::var_os;
        let is_set = |name| variable(name).filter(|value| !value.is_empty());
        Self { no_color: is_set("NO_COLOR").is_some(), is_dumb: is_set("TERM").is_none_or(|term| term == "dumb") }
    }
}
