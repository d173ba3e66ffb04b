//! `auth` as Docker writes it: base64 of `user:password`.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::Login;
use crate::secret::Secret;

/// Base64 with or without its padding: both are in use.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why it is no login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoBasicAuth {
    /// Not base64, or not of a text.
    NotBase64,
    /// No colon in it.
    NoColon,
    /// Nothing before the colon, or nothing behind it.
    HalfALogin,
}

/// The login in it. A user name has no colon, a password may.
pub(super) fn decoded(auth: &Secret) -> Result<Login, NoBasicAuth> {
    #[expect(clippy::disallowed_methods, reason = "the one reader of Docker's `auth`")]
    let text = auth.expose().trim();
    // The decoder's estimate is never short, so the buffer does not grow.
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = BASE64.decode_slice(text, &mut bytes).map_err(|_| NoBasicAuth::NotBase64)?;
    let plain = std::str::from_utf8(&bytes[..length]).map_err(|_| NoBasicAuth::NotBase64)?;
    let (username, password) = plain.split_once(':').ok_or(NoBasicAuth::NoColon)?;
    // Old clients filled the text up with zeros.
    let password = password.trim_end_matches('\0');
    if username.is_empty() || password.is_empty() {
        return Err(NoBasicAuth::HalfALogin);
    }
    Ok(Login::Password { username: Secret::new(username.to_owned()), password: Secret::new(password.to_owned()) })
}
