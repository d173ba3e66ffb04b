//! The shapes of logins in texts that should hold none.
//!
//! A text is withheld where it has one of these shapes, or where its characters are none that its field
//! has: a wrong value that is hidden costs the reader a look at the file, one that is shown may cost a password.

use percent_encoding::percent_decode_str;

use super::input_kind::InputKind;
use super::login_words::{has_assignment, has_login_options, has_token, is_json};
use super::placeholder::without_placeholders;

/// The part of a text that may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visible {
    Everything,
    /// The part from this byte on, which begins with the `@` behind a login.
    From(usize),
    Nothing,
}

/// Finds the part of a text that may be shown.
pub(super) fn visible_part(kind: InputKind, text: &str) -> Visible {
    let decoded = percent_decoded(text);
    if decoded != text {
        let is_visible = visible_part(kind, &decoded) == Visible::Everything;
        return if is_visible { Visible::Everything } else { Visible::Nothing };
    }
    let filled = without_placeholders(unquoted(text));
    if has_login_words(kind, text, &filled) || has_foreign_character(kind, &filled) {
        return Visible::Nothing;
    }
    if may_have_user(text, &filled) { user_information(kind, text) } else { Visible::Everything }
}

/// Whether an `@` may be behind a user: it is in no placeholder, or a colon is in front of it.
fn may_have_user(text: &str, filled: &str) -> bool {
    filled.contains('@') || text.split_once('@').is_some_and(|(before, _)| before.contains(':'))
}

/// Whether a text has the shape of a login, and not only characters that its field never has.
pub(super) fn holds_login(kind: InputKind, text: &str) -> bool {
    let text = percent_decoded(text);
    let filled = without_placeholders(unquoted(&text));
    let has_user = may_have_user(&text, &filled) && user_information(kind, &text) != Visible::Everything;
    has_user || has_login_words(kind, &text, &filled)
}

fn has_login_words(kind: InputKind, text: &str, filled: &str) -> bool {
    is_json(filled)
        || has_assignment(kind, filled)
        || has_login_options(text)
        || has_token(text)
        || is_user_and_password(kind, filled)
}

/// The text without quotes around it.
fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\'', '`', '“', '”'])
}

/// Whether the text has a character that its field never has, such as a password's `!`.
fn has_foreign_character(kind: InputKind, text: &str) -> bool {
    let extra = match kind {
        InputKind::Image | InputKind::Name | InputKind::Label if text.contains("://") => "?&=#;!",
        InputKind::Image => "=?*",
        InputKind::Name | InputKind::Label => "=?*()",
        InputKind::Path | InputKind::Setting => return false,
    };
    let is_known = |c: char| c.is_alphanumeric() || c.is_whitespace() || "._-/:@+,[]~".contains(c) || extra.contains(c);
    !text.chars().all(|c| is_known(c) || c.is_control() || super::printable::is_invisible(c))
}

/// Whether a name has the form `user:password`. ARNs, the addresses of web pages and images have colons too.
fn is_user_and_password(kind: InputKind, text: &str) -> bool {
    if !matches!(kind, InputKind::Name | InputKind::Label) || !text.contains(':') || text.contains("://") {
        return false;
    }
    let text = text.trim();
    let is_version = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if kind == InputKind::Label && text.split_once(':').is_some_and(|(_, version)| is_version(version)) {
        return false;
    }
    let is_arn = looks_like_arn(text) && !has_login_in_arn(text);
    let has_host = text.split_once('/').is_some_and(|(host, _)| host.contains('.') && is_host_and_port(host));
    let has_json_key = text.ends_with("::") && text.matches(':').count() == 3;
    !(is_arn || has_host || has_json_key)
}

/// Whether the name in an ARN, which may have an `@`, begins with `user:password@`.
fn has_login_in_arn(text: &str) -> bool {
    let resource = text.splitn(6, ':').nth(5).unwrap_or(text);
    let name = resource.strip_prefix("secret:").unwrap_or(resource);
    name.rsplit_once('@').is_some_and(|(before, _)| before.contains(':'))
}

/// Whether a text is meant as an ARN, in any spelling.
fn looks_like_arn(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.starts_with("arn:")
        || [":secretsmanager:", ":iam::", ":kms:", ":ssm:", ":ecs:"].iter().any(|s| lower.contains(s))
}

/// Finds `user:password@` in front of a host.
fn user_information(kind: InputKind, text: &str) -> Visible {
    let Some(at) = text.rfind('@') else { return Visible::Everything };
    let (before, after) = (&text[..at], &text[at + 1..]);
    if is_digest(after) {
        return user_information(kind, before);
    }
    let has_scheme = text.contains("://");
    let may_have_at_sign = match kind {
        InputKind::Name => !before.contains(':') || (looks_like_arn(text) && !has_login_in_arn(text)),
        InputKind::Label | InputKind::Setting => !before.contains(':'),
        InputKind::Path => before.split_once(':').is_none_or(|(folder, _)| folder.contains('/')),
        // `app@latest` is a slip, `token@registry.example` a login.
        InputKind::Image => {
            let (host, path) = before.split_once('/').unwrap_or(("", before));
            let is_name = !before.contains([':', '@']) || (is_host_and_port(host) && !path.contains('@'));
            is_name && !after.contains(['/', ':']) && !(is_host(after) && host.is_empty())
        }
    };
    if may_have_at_sign && !has_scheme {
        return Visible::Everything;
    }
    let host = after.split(['/', '?']).next().unwrap_or_default();
    let has_end = has_scheme || after.contains('/');
    if has_end && is_host_and_port(host) { Visible::From(at) } else { Visible::Nothing }
}

/// Whether a text is `host[:port]`, with a domain or `localhost` for the host.
fn is_host_and_port(text: &str) -> bool {
    let (name, port) = text.split_once(':').unwrap_or((text, ""));
    port.bytes().all(|b| b.is_ascii_digit()) && (is_host(name) || name == "localhost")
}

/// Whether a text is a digest, also one that is cut short.
fn is_digest(text: &str) -> bool {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return true;
    }
    let digits = ["sha256", "sha384", "sha512"].iter().find_map(|algorithm| text.strip_prefix(algorithm));
    digits.is_some_and(|digits| {
        let digits = digits.strip_prefix([':', '-']).unwrap_or(digits);
        digits.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Whether a text is a host's name with a domain, such as `registry.example`.
fn is_host(text: &str) -> bool {
    let last = text.rsplit_once('.').map_or("", |(_, last)| last);
    last.len() >= 2
        && last.bytes().all(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

/// The text without percent-encoding: `%3A` becomes `:`.
fn percent_decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::{InputKind, Visible, holds_login, visible_part};

    #[test]
    fn a_login_in_an_image_is_hidden() {
        for text in [
            r#"{"username":"alice","password":"hunter2"}"#,
            "alice:hunter2@shared.example/app:1",
            "alice:hunter2@sha256.example/app",
            "alice:hunter2@registry.example/app:1",
            "alice:hunter2@registry.example/app@sha256:12",
            "alice:hunter2@registry.example:5000/app",
            "alice:hun@ter2@registry.example/app",
            "alice:hun/ter2@registry.example/app",
            "alice:hunter2@localhost/app",
            "alice:hunter2@registry",
            "alice%3Ahunter2%40registry.example/app:1",
            "alice%253Ahunter2%2540registry.example/app:1",
            "hunter2@registry.example/app",
            "hunter2@registry.example",
            "https://alice:hunter2@registry.example/app",
            "docker://alice:hunter2@registry.example/app",
            r#"r.example/x:{"p":"hunter2"}"#,
            "r.example/x@{'p':'hunter2'}",
            "r.example/x:hunter2!",
            "r.example/x?password=hunter2",
            "r.example/x?key=hunter2",
            "docker login -u alice -p hunter2 r.example",
            "docker pull --creds alice:hunter2 r.example/x",
            "PASSWORD=hunter2",
            "r.example/YWxpY2U6aHVudGVyMg==/x",
            "YWxpY2U6aHVudGVyMg==",
            "eyJ1c2VybmFtZSI6ImFsaWNlIiwicGFzc3dvcmQiOiJodW50ZXIyIn0=",
            "ghp_hunter2hunter2hunter2@ghcr.io/owner/app",
            "ghcr.io/owner/app:ghp_hunter2hunter2hunter2",
            "$alice:hunter2@registry.example/app",
            "alice:$hunter2@registry.example/app",
            "https://alice:hunter2@A00@registry.example/app",
            "alice:hunter2~@A00@registry.example/app",
        ] {
            let visible = match visible_part(InputKind::Image, text) {
                Visible::Everything => text,
                Visible::From(start) => &text[start..],
                Visible::Nothing => "",
            };
            assert!(!visible.contains("hunter2") && !visible.contains("ter2"), "{text}: {visible}");
            assert!(!visible.contains("aHVudGVyM"), "{text}: {visible}");
        }
    }

    #[test]
    fn a_login_in_a_name_is_hidden() {
        for text in [
            "username=alice,password=hunter2",
            "alice:hunter2",
            "alice:hunter2@registry.example",
            "a.lice:hunter2/x",
            "https://registry.example/?token=hunter2",
            "arn:aws:iam::111122223333:role/alice:hunter2@registry.example",
            "password hunter2",
            "machine ghcr.io login alice password hunter2",
            "Authorization: Basic aHVudGVyMg",
            "hunter2!",
            "dckr_pat_hunter2hunter2",
            "{'auths': {}}hunter2",
            "export PW=hunter2",
            "-----BEGIN PRIVATE KEY-----\nhunter2",
            "npm_hunter2hunter2hunter2",
        ] {
            for kind in [InputKind::Name, InputKind::Label] {
                assert_eq!(visible_part(kind, text), Visible::Nothing, "{text}");
            }
        }
    }

    #[test]
    fn a_login_in_a_path_or_setting_is_hidden() {
        for text in [
            r#"{"username": "alice", "password": "hunter2"}"#,
            "https://alice:hunter2@registry.example/task.json",
            "alice:hunt/er2@registry.example",
            "--password=hunter2",
            "TOKEN=hunter2",
            "ghp_hunter2hunter2hunter2",
        ] {
            for kind in [InputKind::Path, InputKind::Setting] {
                assert_ne!(visible_part(kind, text), Visible::Everything, "{text}");
            }
        }
    }

    #[test]
    fn a_text_without_a_login_is_shown() {
        use InputKind::{Image, Label, Name, Path, Setting};
        for (kind, text) in [
            (Image, "registry.example/Team/app:1.0"),
            (Image, " registry.example/team/app:1.0\n"),
            (Image, "registry.example:5000/app@latest"),
            (Image, "registry.example/app:1.0@sha256:12"),
            (Image, "app@1.0"),
            (Image, "registry.example/auth:1.0/"),
            (Image, "registry.example/user/password:1.0:"),
            (Image, "<IMAGE1_NAME>"),
            (Image, "${IMAGE:-nginx}"),
            (Image, "{{ image }}"),
            (Image, "\"nginx:1.25\""),
            (Image, "https://hub.docker.com/r/team/app?tab=tags"),
            (
                Image,
                "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/111122223333/app?region=eu-west-1",
            ),
            (Image, "docker pull nginx:1.25"),
            (Image, "registry.example/añp"),
            (Image, "registry.example/team/npm_registry_proxy_service:1.0"),
            (Image, "registry.example/pypi-mirror-cache-server"),
            (Name, "hf_text_generation_inference_login"),
            (Name, "eyJournal/registry/login/prod"),
            (Name, "team/user=alice"),
            (Name, "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/auth=registry-AbCdEf"),
            (Name, "arn:aws:iam::111122223333:role/pw=1"),
            (Label, "ghr_runner_controller_image"),
            (Name, "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-AbCdEf:password::"),
            (Name, "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-??????"),
            (Name, "https://us-east-1.console.aws.amazon.com/secretsmanager/secret?name=team%2Fregistry"),
            (Name, "registry.example/team/app:1.0"),
            (Name, "team registry"),
            (Name, "arn:aws:iam::<account>:role/exec"),
            (Label, "<APP_NAME>"),
            (Label, "my app"),
            (Label, "app:1"),
            (Label, "US East (N. Virginia)"),
            (Path, "/tmp/tasks/web:1@v2.json"),
            (Path, "C:\\tasks\\web.json"),
            (Setting, "unix:///var/run/docker.sock"),
            (Setting, "5 mintues"),
        ] {
            assert_eq!(visible_part(kind, text), Visible::Everything, "{text}");
            assert!(!holds_login(kind, text), "{text}");
        }
    }
}
