//! A secret for direct pulls: made, checked with the registry that it is for, pulled with,
//! and given a new version.

use serde_json::json;

use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, TestSecret, on_both_engines, task};

on_both_engines!(a_secret_is_made_checked_pulled_with_and_updated);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

fn new(lab: &Lab, secret: &TestSecret<'_>, token: &str, more: &[&str]) -> RunOutput {
    let run = Run::new(["secret", "new", "--upstream", "gitlab", "--for", "direct", "--output", "json"]);
    let run = run.arg("--username").arg("puller-one").arg("--name").arg(&secret.name);
    lab.configure(more.iter().fold(run, Run::arg)).stdin(format!("{token}\n")).output()
}

fn a_secret_is_made_checked_pulled_with_and_updated(lab: &Lab) {
    let password = lab.password("registry-one", "puller-one");
    let secret = lab.reserve_secret("upstream");
    let check = || {
        let run = Run::new(["secret", "check", "--for", "direct", "--registry", APP]);
        lab.configure(run.arg(&secret.name)).output()
    };
    let made = new(lab, &secret, "not the password", &["--tag", "team=web"]);
    assert_eq!((made.code, &made.report()["outcome"]), (0, &json!("created")), "{made:?}");
    let checked = check();
    assert_eq!(checked.code, 3, "{checked:?}");
    assert!(checked.stdout.contains("does not accept this login (HTTP 401)"), "{checked:?}");

    let refused = new(lab, &secret, &password, &[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("differs: `password`"), "{refused:?}");
    let updated = new(lab, &secret, &password, &["--update"]);
    assert_eq!((updated.code, &updated.report()["outcome"]), (0, &json!("updated")), "{updated:?}");
    let again = new(lab, &secret, &password, &[]);
    assert_eq!((again.code, &again.report()["outcome"]), (0, &json!("unchanged")), "{again:?}");
    assert_eq!(again.report()["versionId"], updated.report()["versionId"]);

    let checked = check();
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.stdout.contains("lets the login read team-a/app:1.0"), "{checked:?}");
    let ended = lab.pull(&task(&[("app", APP, Some(&secret.name))])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], lab.digest("registry-one", "team-a/app"));
}
