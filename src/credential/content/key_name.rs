//! The names of keys that an error may show.
//!
//! A user may put a login into a key by mistake. So a name is shown only if it consists of the words
//! below, and its unknown words are replaced by an ellipsis.

use crate::task::edit_distance;

/// What a key probably contains, by the last of its words that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyRole {
    /// A user name: `user`, `DOCKERHUB_USERNAME`.
    Username,
    /// A password or a token: `pass`, `ghcr-token`.
    Password,
}

/// A key whose name may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyName {
    /// The name in backticks, without words that could be a login.
    pub shown: String,
    pub role: Option<KeyRole>,
}

/// The longest key that is considered, in bytes.
const LIMIT: usize = 40;

const USERNAME_WORDS: &str =
    "user users username usr uname login userid id account name email mail principal clientid identifier";

const PASSWORD_WORDS: &str = "pass password passwd passwort passphrase pwd pw token secret key pat apikey accesstoken authtoken \
    auth credential credentials creds";

/// Words that accompany the others, or that name a part of a known document.
const OTHER_WORDS: &str = "docker hub dockerhub registry registries container image repo repository private ghcr github gh \
    gitlab gcr gar google gcp acr azure quay harbor nexus artifactory jfrog ecr ecs aws ibm oci oracle \
    redhat digitalocean ci cd deploy pull push read write only readonly personal access api service \
    robot bot my server serveraddress url uri host hostname port endpoint engine db dbname database \
    cluster instance data type kind metadata version region config json client tenant refresh base \
    encoded value values auths string arn session basic identity identitytoken expires expiration \
    upstream the reg ro";

/// Single words that are shown although they say nothing about a user name or a password.
const CONTAINERS: &str = "registry registries repository docker dockerhub ghcr github gitlab quay harbor nexus artifactory \
    data config value auths host hostname port engine dbname url server database image region version \
    type kind metadata json";

impl KeyName {
    /// The name of a key of JSON, YAML or a list of variables; `None` if it may not be shown.
    pub(super) fn of(key: &str) -> Option<Self> {
        let visible: String = key.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
        if key.len() > LIMIT || !visible.chars().all(|c| c.is_ascii_alphanumeric() || " _-./".contains(c)) {
            return None;
        }
        let note = if visible == key { "" } else { " (with an invisible character)" };
        let words = words(&visible);
        let shown = |text: &str| format!("`{text}`{note}");
        if let [word] = &words[..]
            && let Some(role) = misspelt_role(word)
        {
            return Some(Self { shown: shown(&visible), role: Some(role) });
        }
        let role = words.iter().rev().find_map(|word| role(word));
        let are_known = words.iter().all(|word| role_or_known(word));
        match words.last() {
            Some(_) if are_known && role.is_some() => Some(Self { shown: shown(&visible), role }),
            Some(word) if words.len() == 1 && has_word(CONTAINERS, word) => {
                Some(Self { shown: shown(&visible), role: None })
            }
            // Only the last word is shown, as it was written.
            Some(word) if self::role(word).is_some() && words.len() > 1 => {
                let start = visible.trim_end().len() - word.len();
                Some(Self { shown: shown(&format!("…{}", &visible[start..])), role })
            }
            _ => None,
        }
    }
}

/// The words of a name in lower case: separated by other characters, or by a capital letter.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for character in name.chars() {
        let starts =
            !previous.is_ascii_alphanumeric() || (previous.is_ascii_lowercase() && character.is_ascii_uppercase());
        if character.is_ascii_alphanumeric() {
            if starts || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(character.to_ascii_lowercase());
            }
        }
        previous = character;
    }
    words
}

/// Whether a list, which is separated by blanks, has this word.
fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|other| other == word)
}

fn role(word: &str) -> Option<KeyRole> {
    if has_word(USERNAME_WORDS, word) {
        Some(KeyRole::Username)
    } else if has_word(PASSWORD_WORDS, word) {
        Some(KeyRole::Password)
    } else {
        None
    }
}

fn role_or_known(word: &str) -> bool {
    role(word).is_some() || has_word(OTHER_WORDS, word) || word.bytes().all(|b| b.is_ascii_digit()) && word.len() < 3
}

/// The role of a word that differs from `username` or `password` by at most two letters.
fn misspelt_role(word: &str) -> Option<KeyRole> {
    let is_near = |known| edit_distance(word, known) <= 2 && word.bytes().all(|b| b.is_ascii_lowercase());
    if is_near("username") {
        Some(KeyRole::Username)
    } else if is_near("password") {
        Some(KeyRole::Password)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyName, KeyRole};

    fn shown(key: &str) -> Option<(String, Option<KeyRole>)> {
        KeyName::of(key).map(|name| (name.shown, name.role))
    }

    #[test]
    fn words_of_a_key_tell_what_it_contains() {
        use KeyRole::{Password, Username};
        let table = [
            ("user", "`user`", Username),
            ("Username", "`Username`", Username),
            ("user_name", "`user_name`", Username),
            ("DOCKERHUB_USERNAME", "`DOCKERHUB_USERNAME`", Username),
            ("dockerHubUser", "`dockerHubUser`", Username),
            ("registry.login", "`registry.login`", Username),
            ("usrname", "`usrname`", Username),
            ("ACME_USER", "`…USER`", Username),
            ("pass", "`pass`", Password),
            ("DOCKERHUB_TOKEN", "`DOCKERHUB_TOKEN`", Password),
            ("api-key", "`api-key`", Password),
            ("passowrd", "`passowrd`", Password),
            ("AccessKeySecret", "`AccessKeySecret`", Password),
            ("acme.password", "`…password`", Password),
            (" password", "` password`", Password),
            ("password\u{200b}", "`password` (with an invisible character)", Password),
        ];
        for (key, text, role) in table {
            assert_eq!(shown(key), Some((text.to_owned(), Some(role))), "{key}");
        }
        assert_eq!(shown("registry"), Some(("`registry`".to_owned(), None)));
    }

    #[test]
    fn key_that_may_be_a_login_is_not_shown() {
        for key in ["alice", "s3cret", "hunter2", "deploy", "team-a", "alice@example.com", "gitlab+deploy-token-1", ""]
        {
            assert_eq!(shown(key), None, "{key}");
        }
        assert_eq!(shown("alice_password").unwrap().0, "`…password`");
    }
}
