//! The words of the JSON parser, without values of the input.

/// The parser's own words, without the position and without the value that it quotes (`invalid type:
/// string "hunter2", expected …`).
pub(super) fn words_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = text.strip_suffix(&position).unwrap_or(&text);
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}{}", message[..first].trim_end(), &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}
