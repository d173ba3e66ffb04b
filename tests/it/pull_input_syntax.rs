//! Encodings and mistakes in the JSON of a definition.

use crate::support::run::{Run, dry_run};
use crate::support::world::{IMAGE, open_container};

#[test]
fn every_encoding_of_a_definition_is_read() {
    let text = format!(
        "{{\r\n  \"family\": \"web\u{e9}\",\r\n  \"containerDefinitions\": [{}]\r\n}}\r\n",
        open_container("app", IMAGE)
    );
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let marked = format!("\u{feff}{text}");
    let encodings = [
        text.clone().into_bytes(),
        marked.clone().into_bytes(),
        utf16(&marked, u16::to_le_bytes),
        utf16(&marked, u16::to_be_bytes),
        utf16(&text, u16::to_le_bytes),
        utf16(&text, u16::to_be_bytes),
        format!("{text}\0\0\0\0").into_bytes(),
        format!("{text}\u{1a}").into_bytes(),
        utf16(&format!("{marked}\0\0"), u16::to_le_bytes),
        format!("\u{feff}{marked}").into_bytes(),
        text.replace('\u{e9}', "?").replace("\r\n", "\n").into_bytes(),
        text.replace("\r\n", "\r").into_bytes(),
        text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect(),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (number, bytes) in encodings.into_iter().enumerate() {
        let ended = dry_run(bytes.clone());
        assert_eq!((ended.code, ended.container(0)["image"].as_str()), (0, Some(IMAGE)), "{number}: {ended:?}");
        let file = folder.path().join("task.json");
        std::fs::write(&file, bytes).unwrap();
        let ended = Run::new(["pull", "--dry-run", "--output", "json"]).arg(&file).output();
        assert_eq!(ended.code, 0, "{number}: {ended:?}");
    }
}

#[test]
fn slips_of_syntax_are_named_with_line_and_column() {
    let table = [
        ("[\n  {\"image\": \"a\",}\n]", "-:2:16: a trailing comma before `}`", "remove the comma"),
        ("[\n  {\"image\": \"a\"},\n]", "-:2:17: a trailing comma before `]`", "remove the comma"),
        ("[{\"image\": \"a\",, \"name\": \"b\"}]", "-:1:16: a comma with no value before it", "remove the comma"),
        ("[{\"image\": \"a\" \"name\": \"b\"}]", "-:1:16: a comma is missing before this", "write a comma"),
        ("[{\"image\": \"a\"}\n {\"image\": \"b\"}]", "-:2:2: a comma is missing before this", "write a comma"),
        ("[{'image': 'a'}]", "-:1:3: a single quote", "ast.literal_eval"),
        ("{\"family\": 'web'}", "-:1:12: a single quote", "write double quotes"),
        ("[{\u{201c}image\u{201d}: \u{201c}a\u{201d}}]", "-:1:3: a typographic quote", "straight quotes"),
        ("{family: \"web\"}", "-:1:2: a key without quotes", "double quotes"),
        ("[{\"image\": nginx}]", "-:1:12: a text without quotes", "double quotes"),
        ("[{\"essential\": True}]", "-:1:16: `True` is not JSON", "`true`, `false` and `null`"),
        ("[{\"cpu\": None}]", "-:1:10: `None` is not JSON", "`true`, `false` and `null`"),
        ("[{\"image\": \"a\" // the image\n}]", "-:1:16: a comment", "remove the comments"),
        ("{ /* web */ \"family\": \"web\"}", "-:1:3: a comment", "remove the comments"),
        ("[{\"image\": \"a\", # x\n \"name\": \"b\"}]", "-:1:17: a comment", "remove the comments"),
        ("[{\"image\": {{ .Values.image }}}]", "a placeholder that was not filled in", "a template"),
        ("[{\"image\": ${IMAGE}}]", "-:1:12: a placeholder that was not filled in", "a template"),
        ("[{\"image\": <IMAGE>}]", "-:1:12: a placeholder that was not filled in", "a template"),
        ("{{ toJson .Values }}", "a placeholder that was not filled in", "a template"),
        ("[{\"image\": \"a\"", "the text ends before the definition is complete", "cut off"),
        ("{\"family\": \"web", "the text ends before the definition is complete", "cut off"),
        ("[{\"image\": \"a\nb\"}]", "a line break or another control character within quotes", "`\\n`"),
        ("[{\"image\": \"a\\d\"}]", "a backslash that means nothing in JSON", "two backslashes"),
        ("{\"family\" = \"web\"}", "-:1:11: a colon is missing", "`\"key\": value`"),
        ("[{\"image\": \"a\"}] done", "-:1:18: text after the end of the definition", "after the last bracket"),
        (
            "[{\"image\": \"a\"}]\n[{\"image\": \"b\"}]",
            "-:2:1: a second JSON document",
            "`jq -s '.[0]' FILE | taskpull pull -`",
        ),
        (
            "Downloading\n[{\"image\": \"a\"}]",
            "-:1:1: a text before the definition, which begins in line 2",
            "`tail -n +2 FILE | taskpull pull -`",
        ),
        ("[INFO] web\n[{\"image\": \"a\"}]", "a text before the definition, which begins in line 2", "`tail -n +2 "),
    ];
    for (text, expected, next) in table {
        let ended = dry_run(text);
        let failure = &ended.report()["invalidInputs"][0];
        let [message, hint] = ["message", "hint"].map(|key| failure[key].as_str().unwrap_or_default().to_owned());
        assert_eq!(ended.code, 4, "{text}: {ended:?}");
        assert!(message.contains(expected) && hint.contains(next), "{text}: {message} -> {hint}");
    }
}
