//! The encoded forms in which a secret can leak.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A shorter form would match by chance.
const SHORTEST: usize = 8;

pub struct Form {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// All distinct forms of a secret.
pub fn all_forms(secret: &str) -> Vec<Form> {
    let mut forms = Forms(Vec::new());
    let bytes = secret.as_bytes();
    forms.add("plain", secret);
    forms.add("JSON-escaped", inner(&serde_json::to_string(secret).expect("text is JSON")));
    forms.add("JSON-escaped", json_escaped(secret));
    forms.add("Rust-escaped", secret.escape_debug().to_string());
    forms.add("Rust-escaped", bytes.escape_ascii().to_string());
    forms.add("percent-encoded", percent_encoded(secret, "%20", "-._~", false));
    forms.add("percent-encoded", percent_encoded(secret, "%20", "-._~", true));
    forms.add("percent-encoded", percent_encoded(secret, "%20", "-_.!~*'()", false));
    forms.add("form-encoded", percent_encoded(secret, "+", "-._*", false));
    forms.add("percent-encoded, every byte", joined(bytes, "", |byte| format!("%{byte:02X}")));
    forms.add("percent-encoded, every byte", joined(bytes, "", |byte| format!("%{byte:02x}")));
    forms.add("hexadecimal", joined(bytes, "", |byte| format!("{byte:02x}")));
    forms.add("hexadecimal", joined(bytes, "", |byte| format!("{byte:02X}")));
    forms.add("list of bytes", joined(bytes, ", ", u8::to_string));
    forms.add("list of bytes", joined(bytes, ",", u8::to_string));
    forms.add("UTF-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    let once: Vec<Vec<u8>> = forms.0[..2].iter().flat_map(|form| base64_cores(&form.bytes)).collect();
    let twice: Vec<Vec<u8>> = once.iter().flat_map(|core| base64_cores(core)).collect();
    for core in once {
        forms.add("base64", core);
    }
    for core in twice {
        forms.add("base64 of base64", core);
    }
    forms.0
}

struct Forms(Vec<Form>);

impl Forms {
    fn add(&mut self, name: &'static str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        if bytes.len() >= SHORTEST && !self.0.iter().any(|known| known.bytes == bytes) {
            self.0.push(Form { name, bytes });
        }
    }
}

/// The base64 letters that depend on these bytes alone, for each alignment within the encoded
/// data, without padding.
fn base64_cores(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut cores = Vec::new();
    for before in 0..3 {
        let mut shifted = vec![0; before];
        shifted.extend(bytes);
        let first = (before * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let letters = engine.encode(&shifted).into_bytes();
            if first < last {
                cores.push(letters[first..last].to_vec());
            }
        }
    }
    cores
}

/// The other escaping that JSON allows: all unusual characters as `\u`, and `\/`.
fn json_escaped(secret: &str) -> String {
    let escaped = |unit: u16| match u8::try_from(unit) {
        Ok(byte @ (b'"' | b'\\' | b'/')) => format!("\\{}", char::from(byte)),
        Ok(byte @ b' '..=b'~') if !b"<>&'".contains(&byte) => char::from(byte).to_string(),
        _ => format!("\\u{unit:04x}"),
    };
    secret.encode_utf16().map(escaped).collect()
}

fn percent_encoded(secret: &str, space: &str, unescaped: &str, lower: bool) -> String {
    let encoded = |byte: u8| match byte {
        b' ' => space.to_owned(),
        _ if byte.is_ascii_alphanumeric() || unescaped.as_bytes().contains(&byte) => char::from(byte).to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    secret.bytes().map(encoded).collect()
}

fn joined(bytes: &[u8], separator: &str, show: impl Fn(&u8) -> String) -> String {
    bytes.iter().map(show).collect::<Vec<_>>().join(separator)
}

/// The text without its quotation marks.
fn inner(quoted: &str) -> &str {
    &quoted[1..quoted.len() - 1]
}
