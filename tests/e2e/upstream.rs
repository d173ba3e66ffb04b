//! The life of a secret for direct pulls: it is created, checked against its registry, updated
//! and used for a pull.

use serde_json::json;

use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, TestSecret, on_both_engines, task};

on_both_engines!(secret_is_created_checked_used_and_updated);

const APP: &str = "127.0.0.1:25001/team-a/app:1.0";

fn run_secret_new(lab: &Lab, secret: &TestSecret<'_>, token: &str, extra: &[&str]) -> RunOutput {
    let run = Run::new(["secret", "new", "--upstream", "gitlab", "--for", "direct", "--output", "json"]);
    let run = run.arg("--username").arg("puller-one").arg("--name").arg(&secret.name);
    lab.configure(extra.iter().fold(run, Run::arg)).stdin(format!("{token}\n")).output()
}

fn secret_is_created_checked_used_and_updated(lab: &Lab) {
    let password = lab.password("registry-one", "puller-one");
    let secret = lab.reserve_secret("upstream");
    let check = || {
        let run = Run::new(["secret", "check", "--for", "direct", "--registry", APP]);
        lab.configure(run.arg(&secret.name)).output()
    };
    let created = run_secret_new(lab, &secret, "not the password", &["--tag", "team=web"]);
    assert_eq!((created.code, &created.report()["outcome"]), (0, &json!("created")), "{created:?}");
    let checked = check();
    assert_eq!(checked.code, 3, "{checked:?}");
    assert!(checked.stdout.contains("HTTP 401: unauthorized"), "{checked:?}");

    let refused = run_secret_new(lab, &secret, &password, &[]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("differs: `password`"), "{refused:?}");
    let updated = run_secret_new(lab, &secret, &password, &["--update"]);
    assert_eq!((updated.code, &updated.report()["outcome"]), (0, &json!("updated")), "{updated:?}");
    let repeated = run_secret_new(lab, &secret, &password, &[]);
    assert_eq!((repeated.code, &repeated.report()["outcome"]), (0, &json!("unchanged")), "{repeated:?}");
    assert_eq!(repeated.report()["versionId"], updated.report()["versionId"]);

    let checked = check();
    assert_eq!(checked.code, 0, "{checked:?}");
    assert!(checked.stdout.contains("lets the login read team-a/app:1.0"), "{checked:?}");
    let ended = lab.pull(&task(&[("app", APP, Some(&secret.name))])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], lab.digest("registry-one", "team-a/app"));
}
