//! The .deb on a Debian whose init is systemd: installed, enabled, upgraded, removed, purged.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::debian::Debian;
use crate::lab::{Engine, Lab, root, task};
use crate::own_image::{OwnImage, REGISTRY};
use crate::support::fault::When;
use crate::support::fault_proxy::{Fault, On};
use crate::support::gate::Gate;
use crate::world::{World, wait_for};

/// Makes the package out of the program that is tested; answers its file's name.
fn package(revision: u32) -> String {
    let mut build = Command::new(root().join("packaging/build"));
    build.args(["--no-build", "--fast", "--profile", "dev", "--revision", &revision.to_string()]);
    let output = build.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// Where the host's AWS is, and its key as a credential of the service.
fn configure(debian: &Debian, lab: &Lab) {
    let (key, secret) = (&lab.env["AWS_ACCESS_KEY_ID"], &lab.env["AWS_SECRET_ACCESS_KEY"]);
    debian.write(
        "/etc/taskpull/aws",
        &format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"),
    );
    let (endpoint, region) = (&lab.env["AWS_ENDPOINT_URL"], &lab.env["AWS_REGION"]);
    let unit = format!(
        "[Service]\nLoadCredential=aws:/etc/taskpull/aws\nEnvironment=AWS_SHARED_CREDENTIALS_FILE=%d/aws\n\
         Environment=AWS_ENDPOINT_URL={endpoint} AWS_REGION={region} AWS_EC2_METADATA_DISABLED=true\n"
    );
    debian.write("/etc/systemd/system/taskpull.service.d/aws.conf", &unit);
}

/// Has the agent pull, and answers how that ended.
fn pull(debian: &Debian, id: &str, definition: &Value) -> Value {
    hand_in(debian, id, definition);
    let record = || -> Value { serde_json::from_str(&debian.must(&format!("cat {REQUESTS}/{id}.json"))).unwrap() };
    debian.until("the request has ended", || !record()["ended"].is_null());
    record()["ended"].clone()
}

/// Where the agent keeps what it has accepted.
const REQUESTS: &str = "/var/lib/taskpull/requests";

/// Gives the agent a request. It finds it at its start, as it finds one that it had accepted
/// before.
fn hand_in(debian: &Debian, id: &str, definition: &Value) {
    let file = format!("{REQUESTS}/{id}.json");
    let request = json!({
        "version": 1, "id": id, "accepted": "2026-01-31T12:00:00.000Z", "source": "e2e",
        "definition": definition.to_string(), "by": { "uid": 0, "gid": 0 },
    });
    debian.must("systemctl stop taskpull.service");
    debian.write(&file, &request.to_string());
    debian.must(&format!("chown taskpull: {file}; systemctl start taskpull.service"));
}

/// systemd would wait for a second; told how long a drain may take, it waits for that.
fn what_is_under_way_may_end(debian: &Debian, lab: &Lab) {
    let (world, gate) = (World::new(lab), Gate::closed());
    world.proxy.fault(On::Manifest, When::Every, Fault::Hold(gate.clone()));
    debian.write("/etc/systemd/system/taskpull.service.d/stop.conf", "[Service]\nTimeoutStopSec=1s\n");
    debian.must("systemctl daemon-reload");
    let name = world.name();
    let definition = task(&[("app", &name, Some(&lab.secret("taskpull/registry-one")))]);
    hand_in(debian, "01a2b3c4d5e6f7a8b9c1", &definition);
    wait_for(&gate, 1);
    debian.must("systemctl stop --no-block taskpull.service");
    let status = || debian.shown("taskpull", "StatusText");
    debian.until("it says that it ends", || status() == "ending: 1 request running");
    std::thread::sleep(Duration::from_secs(2));
    gate.open();
    debian.until("it has ended", || debian.shown("taskpull", "ActiveState") == "inactive");
    assert_eq!(debian.shown("taskpull", "Result"), "success");
    assert!(lab.has(&name));
    debian.must(&format!("rm {REQUESTS}/01a2b3c4d5e6f7a8b9c1.json; systemctl start taskpull.service"));
}

#[test]
fn the_deb_is_installed_enabled_upgraded_removed_and_purged() {
    let lab = Lab::with(Engine::Docker);
    let (first, second) = (package(1), package(2));
    let debian = Debian::start(&lab);
    let state = |of: &str| debian.said(&format!("systemctl is-{of} taskpull.service")).trim().to_owned();

    // Installed, it waits for its operator.
    debian.must(&format!("dpkg --install /packages/{first}"));
    assert_eq!((state("enabled"), state("active")), ("disabled".to_owned(), "inactive".to_owned()));
    assert_eq!(debian.must("readlink /usr/bin/docker-credential-taskpull"), "taskpull\n");
    assert_eq!(debian.must("stat -c '%U:%G %a' /var/lib/taskpull"), "taskpull:taskpull 700\n");
    let verified =
        debian.run("systemd-analyze verify /lib/systemd/system/taskpull.service 2>&1 | grep taskpull | grep -v 'man '");
    assert_eq!(String::from_utf8(verified.stdout).unwrap(), "", "the unit has no fault");

    // Without an engine it is up, and not ready.
    configure(&debian, &lab);
    debian.must("systemctl daemon-reload; systemctl enable --now --no-block taskpull");
    let status = || debian.shown("taskpull", "StatusText");
    debian.until("it says what it waits for", || status().starts_with("waiting for the engine: "));
    assert_eq!(debian.shown("taskpull", "ActiveState"), "activating");
    debian.add_engine();
    debian.until("it is ready", || debian.shown("taskpull", "ActiveState") == "active");
    assert_eq!(status(), "nothing under way");
    assert_eq!(debian.must("stat -c '%U:%G %a' /run/taskpull/taskpull.sock"), "root:taskpull 660\n");

    // It pulls what only the secret's reader may.
    let image = OwnImage::push(&lab, 1, 4_096);
    let name = image.at(REGISTRY);
    let definition = task(&[("app", &name, Some(&lab.secret("taskpull/registry-one")))]);
    let ended = pull(&debian, "01a2b3c4d5e6f7a8b9c0", &definition);
    assert_eq!(ended["how"], "succeeded", "{ended}");
    assert!(lab.has(&name));
    lab.forget(&name);

    what_is_under_way_may_end(&debian, &lab);

    // It reads its configuration again without a restart.
    let pid = || debian.shown("taskpull", "MainPID");
    let before = pid();
    debian.must("echo '[pull]\nconcurrency = 3' >/etc/taskpull/taskpull.toml; systemctl reload taskpull");
    debian.until("it has read it", || debian.said("journalctl -u taskpull").contains("was read again"));
    assert_eq!((pid(), state("active")), (before.clone(), "active".to_owned()));

    // An agent that hangs is ended and begun anew.
    debian.write("/etc/systemd/system/taskpull.service.d/watchdog.conf", "[Service]\nWatchdogSec=2s\n");
    debian.must("systemctl daemon-reload; systemctl restart taskpull; systemctl kill --signal STOP taskpull");
    debian.until("the watchdog has bitten", || debian.shown("taskpull", "NRestarts") == "1");
    debian.until("it is ready again", || debian.shown("taskpull", "ActiveState") == "active");

    // Another version takes over; what the operator wrote stays.
    let before = pid();
    debian.must(&format!("dpkg --install /packages/{second}"));
    debian.until("it is ready again", || debian.shown("taskpull", "ActiveState") == "active");
    assert_ne!(pid(), before);
    assert_eq!(debian.must("grep -c concurrency /etc/taskpull/taskpull.toml"), "1\n");
    assert_eq!(debian.must(&format!("ls {REQUESTS}")), "01a2b3c4d5e6f7a8b9c0.json\n");

    // Removed, it leaves what is the operator's; purged, nothing but its user.
    debian.must("dpkg --remove taskpull");
    assert_eq!(state("active"), "inactive");
    debian
        .must("test -e /etc/taskpull/taskpull.toml; test -d /var/lib/taskpull; ! test -e /run/taskpull/taskpull.sock");
    debian.must("rm -r /etc/taskpull/aws /etc/systemd/system/taskpull.service.d; dpkg --purge taskpull");
    debian.must("! test -e /etc/taskpull; ! test -e /var/lib/taskpull; ! test -e /usr/bin/taskpull");
    assert_eq!(debian.said("find /etc/systemd /var/lib/systemd -name '*taskpull*'"), "");
    assert_eq!(debian.must("systemctl is-system-running").trim(), "running");
}

#[test]
fn the_unit_is_exposed_to_at_most_1_5() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=yes", "--no-pager", "--threshold=15"]);
    let output = analyze.arg(root().join("packaging/systemd/taskpull.service")).output().expect("systemd's own tool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
