//! Which environment variable names the Region. The SDK reads it; reports say where it is from.

/// The variable that names the host's Region, if one is set: the SDK uses the first of these.
#[must_use]
pub fn region_variable() -> Option<&'static str> {
    #[expect(clippy::disallowed_methods, reason = "this module reads every environment variable")]
    let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(is_set)
}
