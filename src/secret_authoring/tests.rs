//! The error catalogue of this module, and properties of its parsers.

use proptest::prelude::*;

use super::*;
use crate::config::AccessTokens;
use crate::error::{Failure, catalogue};

pub(super) const ARGS: NewSecretArgs<'_> = NewSecretArgs {
    usage: SecretUse::PullThrough,
    name: "ecr-pullthroughcache/docker-hub",
    username: "me",
    description: None,
    tags: &[],
    key: None,
    region: None,
    replicas: &[],
};

pub(super) const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

fn spec(args: &NewSecretArgs<'_>) -> Failure {
    SecretSpec::new(args).unwrap_err().into()
}

fn token(bytes: &[u8]) -> Failure {
    UpstreamToken::new(bytes.to_vec()).unwrap_err().into()
}

fn secret(args: &NewSecretArgs<'_>, token: &str) -> Failure {
    NewSecret::new(SecretSpec::new(args).unwrap(), &UpstreamToken::new(token.into()).unwrap()).unwrap_err().into()
}

fn request(secret: &str, region: Option<&str>, account: Option<&str>) -> Failure {
    SecretCheckRequest::new(secret, SecretUse::Direct, region, account, None).unwrap_err()
}

#[test]
fn errors_read_as_in_the_catalogue() {
    let text = |text: &str| vec![text.to_owned()];
    let many: Vec<_> = (0..51).map(|number| format!("k{number}=v")).collect();
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-Ab12Cd".to_owned();
    let upsert = [
        UpsertError::Differs { arn: arn.clone(), changes: "`accessToken`".to_owned() },
        UpsertError::Key { arn: arn.clone(), found: KEY.to_owned(), expected: "alias/aws/secretsmanager".to_owned() },
        UpsertError::Key { arn: arn.clone(), found: "alias/aws/secretsmanager".to_owned(), expected: KEY.to_owned() },
        UpsertError::Replica { arn, primary: "us-east-1".to_owned() },
    ];
    let direct = NewSecretArgs { usage: SecretUse::Direct, ..ARGS };
    let rows = [
        ("name", spec(&NewSecretArgs { name: "ecr-pullthroughcache/a b", ..ARGS })),
        (
            "ARN for a name",
            spec(&NewSecretArgs { name: "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x", ..ARGS }),
        ),
        ("prefix", spec(&NewSecretArgs { name: "team/hub", ..ARGS })),
        ("user name", spec(&NewSecretArgs { username: "a:b", ..ARGS })),
        ("description", spec(&NewSecretArgs { description: Some(&"d".repeat(2_049)), ..ARGS })),
        ("customer key", spec(&NewSecretArgs { key: Some(KEY), ..ARGS })),
        ("key", spec(&NewSecretArgs { key: Some("alias/mine"), ..direct })),
        ("Region", spec(&NewSecretArgs { region: Some("eu-west-1a"), ..ARGS })),
        ("replica", spec(&NewSecretArgs { region: Some("eu-west-1"), replicas: &text("eu-west-1"), ..ARGS })),
        ("tag", spec(&NewSecretArgs { tags: &text("team"), ..ARGS })),
        ("tags", spec(&NewSecretArgs { tags: &many, ..ARGS })),
        ("empty token", token(b"\n")),
        ("token that is not text", token(b"\xff")),
        ("token in UTF-16", token(b"\xff\xfet\0")),
        ("token of two lines", secret(&ARGS, "one\ntwo")),
        ("token with spaces", secret(&ARGS, " token")),
        ("token in quotes", secret(&ARGS, "\"token\"")),
        ("token with a byte order mark and quotes", secret(&ARGS, "\u{feff}'token'")),
        ("JSON as token", secret(&ARGS, r#"{"username": "me", "password": "token"}"#)),
        ("user name and token", secret(&ARGS, "me:token")),
        ("encoded user name and token", secret(&ARGS, "bWU6dG9rZW4=")),
        ("header as token", secret(&ARGS, "Bearer token")),
        ("assignment as token", secret(&ARGS, "export TOKEN=token")),
        ("command as token", secret(&ARGS, "$ cat token.txt")),
        ("ARN as token", secret(&ARGS, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-Ab12Cd")),
        ("URL as token", secret(&ARGS, "https://hub.docker.com/settings")),
        ("file name as token", secret(&ARGS, "token.txt")),
        ("PEM block as token", secret(&ARGS, "-----BEGIN PRIVATE KEY-----\nMII")),
        ("placeholder as token", secret(&ARGS, "<token>")),
        ("masked token", secret(&ARGS, "******")),
        ("user name in quotes", spec(&NewSecretArgs { username: "\"me\"", ..ARGS })),
        ("long token", token(&vec![b't'; 65_537])),
        ("token in a tag", secret(&NewSecretArgs { tags: &text("note=dckr_pat_1"), ..ARGS }, "dckr_pat_1")),
        ("token as user name", secret(&ARGS, "me")),
        ("sealing: key", Binding::new("alias/mine", &[]).unwrap_err().into()),
        ("sealing: context", Binding::new(KEY, &text("team")).unwrap_err().into()),
        ("sealing: length", Plaintext::new(vec![b'x'; 4_097], AccessTokens::Refuse).unwrap_err().into()),
        ("sealing: encoding", Plaintext::new(vec![0xff], AccessTokens::Refuse).unwrap_err().into()),
        (
            "sealing: keys",
            Plaintext::new(br#"{"user": "me", "pass": "token"}"#.to_vec(), AccessTokens::Refuse).unwrap_err().into(),
        ),
        ("sealing: content", Plaintext::new(b"token".to_vec(), AccessTokens::Refuse).unwrap_err().into()),
        ("check: secret", request("a b", None, None)),
        ("check: Region", request("hub", Some("eu-west-1a"), None)),
        ("check: account", request("hub", None, Some("1234"))),
    ];
    let rows = rows.into_iter().chain(upsert.into_iter().map(|error| ("update", error.into())));
    insta::assert_snapshot!(catalogue::render(rows));
}

proptest! {
    #[test]
    fn token_bytes_never_panic_and_never_show(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        let token = UpstreamToken::new(bytes);
        let debug = format!("{token:?}");
        prop_assert!(text.len() < 8 || !debug.contains(&text));
        let result = token.and_then(|token| NewSecret::new(SecretSpec::new(&ARGS)?, &token));
        if let Err(error) = result {
            prop_assert!(text.len() < 8 || !Failure::from(error).message.as_str().contains(&text));
        }
    }

    #[test]
    fn arguments_never_panic(name in ".*", username in ".*", tag in ".*", region in ".*") {
        let args = NewSecretArgs {
            usage: SecretUse::Direct,
            name: &name,
            username: &username,
            description: None,
            tags: &[tag],
            key: None,
            region: Some(&region),
            replicas: &[],
        };
        if let Ok(spec) = SecretSpec::new(&args) {
            prop_assert!(!spec.name.is_empty() && spec.tags.len() == 1);
        }
    }
}
