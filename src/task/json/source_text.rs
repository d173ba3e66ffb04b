//! The text of an input: UTF-8 or UTF-16, with or without a byte order mark.
//!
//! PowerShell writes UTF-16, editors put a byte order mark in front, and copies are padded with zero
//! bytes. None of this changes what the definition says.

use std::borrow::Cow;

/// The text of an input, and how it was encoded.
pub(in crate::task) struct SourceText<'a> {
    encoding: Encoding,
    whole: Cow<'a, str>,
}

#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16 { is_big_endian: bool },
}

impl<'a> SourceText<'a> {
    /// Decodes an input. Bytes that are no text become U+FFFD.
    pub(in crate::task) fn decode(bytes: &'a [u8]) -> Self {
        let encoding = Encoding::detect(bytes);
        let whole = match encoding {
            Encoding::Utf8 => String::from_utf8_lossy(bytes),
            Encoding::Utf16 { is_big_endian } => {
                let unit = if is_big_endian { u16::from_be_bytes } else { u16::from_le_bytes };
                let units = bytes.chunks(2).map(|pair| match *pair {
                    [first, second] => unit([first, second]),
                    // Half a character at the end of a truncated text.
                    _ => u16::from(b'\xff'),
                });
                let characters = char::decode_utf16(units);
                Cow::Owned(characters.map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
            }
        };
        Self { encoding, whole }
    }

    /// The whole text, with its byte order mark and its padding.
    pub(in crate::task) fn whole(&self) -> &str {
        &self.whole
    }

    /// The text without byte order marks, without zero characters at its end and without the end of
    /// file of DOS. It is a slice of [`Self::whole`].
    pub(in crate::task) fn content(&self) -> &str {
        self.whole.trim_start_matches('\u{feff}').trim_end_matches(['\0', '\u{1a}'])
    }

    /// Encodes another text in the same way.
    pub(in crate::task) fn encode(&self, text: &str) -> Vec<u8> {
        match self.encoding {
            Encoding::Utf8 => text.as_bytes().to_vec(),
            Encoding::Utf16 { is_big_endian } => {
                let bytes = |unit: u16| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
                text.encode_utf16().flat_map(bytes).collect()
            }
        }
    }

    /// Whether encoding the text again gives these bytes.
    pub(in crate::task) fn is_exact(&self, bytes: &[u8]) -> bool {
        self.encode(&self.whole) == bytes
    }
}

impl Encoding {
    /// The encoding by the byte order mark. Without one, a text whose first two characters are ASCII,
    /// as those of every JSON text are, shows by its zero bytes that it is UTF-16.
    fn detect(bytes: &[u8]) -> Self {
        match *bytes {
            [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Self::Utf16 { is_big_endian: false },
            [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Self::Utf16 { is_big_endian: true },
            _ => Self::Utf8,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::SourceText;

    /// A text in UTF-16.
    fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_of_a_text_gives_the_same_content() {
        let text = "[{\"image\": \"a\", \"x\": \"\u{e9}\u{1f600}\"}]\r\n";
        let mut encoded = vec![text.as_bytes().to_vec(), format!("\u{feff}{text}").into_bytes()];
        for is_big_endian in [false, true] {
            encoded.extend([utf16(text, is_big_endian), utf16(&format!("\u{feff}{text}"), is_big_endian)]);
        }
        for bytes in encoded {
            assert_eq!(SourceText::decode(&bytes).content(), text, "{bytes:?}");
            assert!(SourceText::decode(&bytes).is_exact(&bytes));
        }
    }

    #[test]
    fn padding_is_not_content() {
        for padded in ["[]\0", "[]\0\0\0\0", "[]\u{1a}", "\u{feff}\u{feff}[]\u{1a}\0"] {
            assert_eq!(SourceText::decode(padded.as_bytes()).content(), "[]", "{padded:?}");
            let bytes = utf16(padded, false);
            assert_eq!(SourceText::decode(&bytes).content(), "[]", "{padded:?}");
        }
    }

    #[test]
    fn a_byte_of_another_encoding_does_not_hide_the_text() {
        assert_eq!(SourceText::decode(b"[\"caf\xe9\"]").content(), "[\"caf\u{fffd}\"]");
    }

    proptest! {
        #[test]
        fn any_text_survives_its_encoding(text in "\\PC{2,40}", is_big_endian in any::<bool>()) {
            let bytes = utf16(&format!("\u{feff}{text}"), is_big_endian);
            let decoded = SourceText::decode(&bytes);
            prop_assert!(decoded.is_exact(&bytes));
            prop_assert_eq!(decoded.content(), text.trim_start_matches('\u{feff}'));
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let text = SourceText::decode(&bytes);
            prop_assert!(text.whole().contains(text.content()));
        }
    }
}
