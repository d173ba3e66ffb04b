//! Runs the commands of `docs/upstream-secrets.md` as the document prints them.

use std::fs;
use std::path::Path;

use crate::support::aws::{FakeAws, Policy};
use crate::support::leak::Canary;
use crate::support::names::{ACCOUNT_ROOT, HOST_USER, KEY};
use crate::support::run::Run;

const TOKENS: [(&str, &str); 2] = [("token.txt", "c4nary-first-token"), ("new-token.txt", "c4nary-second-token")];

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/upstream-secrets.md")).unwrap()
}

/// Returns the code blocks of a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let (page, begin) = (page(), format!("\n```{language}\n"));
    page.split(&begin).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_documented_recipe_works() {
    let aws = FakeAws::start();
    aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    let allowed = Policy::allow("secretsmanager:*", "*").and(Policy::allow("kms:*", KEY));
    let host = aws.put_user(HOST_USER, allowed);
    let folder = tempfile::tempdir().unwrap();
    for (file, token) in TOKENS {
        fs::write(folder.path().join(file), format!("{token}\n")).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_taskpull")).parent().unwrap();
    let blocks = blocks("sh");
    assert_eq!(blocks.len(), 6, "the document has one block per upstream, one for direct pulls and one for an update");
    for block in blocks {
        let script = format!("set -eu; cd '{}'\n{block}\n", folder.path().display());
        let run = Run::program("sh").arg("-c").arg(script).envs(aws.environment(&host));
        let run = run.env("AWS_REGION", "eu-west-1").env("PATH", format!("{}:/usr/bin:/bin", program.display()));
        let ended = run.output();
        assert_eq!(ended.code, 0, "{block}\n{ended:?}");
        for (file, token) in TOKENS {
            assert_eq!(Canary::new(file, token).find_in_bytes("output", ended.stdout.as_bytes()), []);
        }
    }
    let updated = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/docker-hub-Nw1Scr";
    let content = r#"{"username":"my-docker-id","accessToken":"c4nary-second-token"}"#;
    assert_eq!(aws.stored_secret(updated), Some((content.to_owned(), 2)));
}

#[test]
fn documented_commands_use_valid_arguments() {
    let commands: Vec<_> =
        blocks("").iter().flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let taskpull_commands: Vec<_> = commands.iter().filter_map(|line| line.strip_prefix("taskpull ")).collect();
    assert_eq!(taskpull_commands.len(), 2, "{commands:?}");
    for line in taskpull_commands {
        // The invalid Region is rejected only after the other arguments have been parsed.
        let ended = Run::new(line.replace("ARN", "name").split(' ').chain(["--region", "none"])).output();
        assert_eq!(ended.code, 2, "{line}: {ended:?}");
        assert!(ended.stderr.contains("`none` is not an AWS Region"), "{line}: {ended:?}");
    }
}
