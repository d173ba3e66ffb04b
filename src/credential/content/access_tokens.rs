//! Whether the format of the pull-through cache is accepted.

/// How a secret with `accessToken` in place of `password` is treated when an image is pulled
/// directly from its registry (`secrets.access_token`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessTokens {
    /// It is rejected with an explanation, as ECS rejects it (A9).
    #[default]
    Refuse,
    /// `accessToken` is used as the password (C15).
    Accept,
}
