//! The .deb on a Debian whose init is systemd: installed, enabled, upgraded, removed, purged.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::world::lab::{DebianMachine, FaultWorld, Lab, LabEngine, REGISTRY, TestImage, root, task};

/// Makes the package out of the program that is tested; answers its file's name.
fn package(revision: u32) -> String {
    let mut build = Command::new(root().join("packaging/build"));
    build.args(["--no-build", "--fast", "--profile", "dev", "--revision", &revision.to_string()]);
    let output = build.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// Where the host's AWS is, by a name that is looked up, and its key as a credential of the
/// service. Answers where the metrics are.
fn configure(debian: &DebianMachine, lab: &Lab) -> String {
    let (key, secret) = (&lab.env["AWS_ACCESS_KEY_ID"], &lab.env["AWS_SECRET_ACCESS_KEY"]);
    debian.write(
        "/etc/taskpull/aws",
        &format!("[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"),
    );
    let region = &lab.env["AWS_REGION"];
    let endpoint = lab.env["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost");
    let aws = format!("AWS_ENDPOINT_URL={endpoint} AWS_REGION={region} AWS_EC2_METADATA_DISABLED=true");
    debian.write("/root/aws.sh", &format!("export {aws} AWS_SHARED_CREDENTIALS_FILE=/etc/taskpull/aws\n"));
    let unit = format!(
        "[Service]\nLoadCredential=aws:/etc/taskpull/aws\nEnvironment=AWS_SHARED_CREDENTIALS_FILE=%d/aws\n\
         Environment={aws}\n"
    );
    debian.write("/etc/systemd/system/taskpull.service.d/aws.conf", &unit);
    // The machine has the host's network. Nobody listens there once this is dropped.
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let secret = lab.secret("taskpull/registry-one");
    debian.write(
        "/etc/taskpull/taskpull.toml",
        &format!("[metrics]\nlisten = \"{metrics}\"\n[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{secret}\"\n"),
    );
    metrics
}

/// Where the agent keeps what it has accepted.
const REQUESTS: &str = "/var/lib/taskpull/requests";

const DEFINITION: &str = "/root/web.json";

/// What only the secret's reader may pull comes by the socket, and by the folder; the trail and
/// the metrics tell of both.
fn it_pulls_what_it_is_sent_and_what_is_in_its_folder(debian: &DebianMachine, lab: &Lab, metrics: &str) {
    let image = TestImage::push(lab, 1, 4_096);
    let name = image.reference_at(REGISTRY);
    let definition = task(&[("app", &name, Some(&lab.secret("taskpull/registry-one")))]);
    debian.write(DEFINITION, &definition.to_string());
    let report = debian.run_checked(&format!("taskpull pull --agent --quiet --output json {DEFINITION}"));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["tasks"][0]["containers"][0]["digest"], image.digest, "{report}");
    assert!(lab.has_image(&name));

    lab.remove_image(&name);
    let file = "/etc/taskpull/task-definitions/web.json";
    debian.run_checked(&format!("install -D -m 644 {DEFINITION} {file}"));
    debian.wait_until("the folder's image has come", || lab.has_image(&name));
    let trail = || debian.stdout("journalctl -t taskpull TASKPULL_EVENT=pull -o cat");
    debian.wait_until("the trail has both", || trail().matches(&image.digest).count() == 2);
    let asked = format!("GET /metrics HTTP/1.1\r\nHost: {metrics}\r\nConnection: close\r\n\r\n");
    let mut page = String::new();
    let mut connection = TcpStream::connect(metrics).unwrap();
    connection.write_all(asked.as_bytes()).unwrap();
    connection.read_to_string(&mut page).unwrap();
    assert!(page.contains("\ntaskpull_audit_lines_total{result=\"lost\"} 0\n"), "{page}");
    lab.remove_image(&name);
    debian.run_checked("rm -r /etc/taskpull/task-definitions");
}

/// The members of a group use the socket, and nobody else; a login is not the agent's to give.
fn its_group_may_use_it(debian: &DebianMachine, lab: &Lab) {
    debian.run_checked("useradd --groups taskpull member; useradd stranger");
    debian.run_checked("runuser -u member -- taskpull status");
    let refused = debian.run("runuser -u stranger -- taskpull status");
    assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    let login = debian.run_checked(&format!(". /root/aws.sh; printf {REGISTRY} | docker-credential-taskpull get"));
    let login: Value = serde_json::from_str(&login).unwrap();
    assert!(login["Secret"] == lab.password("registry-one", "puller-one"), "another login");
}

/// Has the agent pull what its registry holds at the gate; answers the request's id.
fn send(debian: &DebianMachine, world: &FaultWorld, gate: &Gate) -> String {
    world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::Hold(gate.clone()));
    let secret = world.lab.secret("taskpull/registry-one");
    debian.write(DEFINITION, &task(&[("app", &world.image_name(), Some(&secret))]).to_string());
    debian.run_checked(&format!("taskpull pull --agent --quiet {DEFINITION} >/root/said 2>&1 &"));
    gate.block_until_arrivals(1);
    let newest = debian.run_checked("taskpull status --limit 1 --output json");
    serde_json::from_str::<Value>(&newest).unwrap()[0]["id"].as_str().unwrap().to_owned()
}

fn a_request_is_called_off(debian: &DebianMachine, lab: &Lab) {
    let (world, gate) = (FaultWorld::new(lab), Gate::closed());
    let id = send(debian, &world, &gate);
    debian.run_checked(&format!("taskpull cancel {id}"));
    let shown = || debian.run_checked(&format!("taskpull status {id}"));
    debian.wait_until("it is called off", || shown().contains(" cancelled "));
    gate.open();
}

/// systemd would wait for a second; told how long a drain may take, it waits for that.
fn what_is_under_way_may_end(debian: &DebianMachine, lab: &Lab) {
    debian.write("/etc/systemd/system/taskpull.service.d/stop.conf", "[Service]\nTimeoutStopSec=1s\n");
    debian.run_checked("systemctl daemon-reload");
    let (world, gate) = (FaultWorld::new(lab), Gate::closed());
    send(debian, &world, &gate);
    debian.run_checked("systemctl stop --no-block taskpull.service");
    let status = || debian.unit_property("taskpull", "StatusText");
    debian.wait_until("it says that it ends", || status() == "ending: 1 request running");
    std::thread::sleep(Duration::from_secs(2));
    gate.open();
    debian.wait_until("it has ended", || debian.unit_property("taskpull", "ActiveState") == "inactive");
    assert_eq!(debian.unit_property("taskpull", "Result"), "success");
    assert!(lab.has_image(&world.image_name()));
    // Nobody has started it: systemd holds the socket, and it begins with who asks.
    debian.run_checked("taskpull status");
    debian.wait_until("it is ready again", || debian.unit_property("taskpull", "ActiveState") == "active");
}

#[test]
fn the_deb_is_installed_enabled_upgraded_removed_and_purged() {
    let lab = Lab::with(LabEngine::Docker);
    let (first, second) = (package(1), package(2));
    let debian = DebianMachine::start(&lab);
    let state = |of: &str| debian.stdout(&format!("systemctl is-{of} taskpull.service")).trim().to_owned();

    // Installed, it waits for its operator.
    debian.run_checked(&format!("dpkg --install /packages/{first}"));
    assert_eq!((state("enabled"), state("active")), ("disabled".to_owned(), "inactive".to_owned()));
    assert_eq!(debian.run_checked("readlink /usr/bin/docker-credential-taskpull"), "taskpull\n");
    assert_eq!(debian.run_checked("stat -c '%U:%G %a' /var/lib/taskpull"), "taskpull:taskpull 700\n");
    let verified =
        debian.run("systemd-analyze verify /lib/systemd/system/taskpull.service 2>&1 | grep taskpull | grep -v 'man '");
    assert_eq!(String::from_utf8(verified.stdout).unwrap(), "", "the unit has no fault");

    // Without an engine it is up, and not ready.
    let metrics = configure(&debian, &lab);
    debian.run_checked("systemctl daemon-reload; systemctl enable --now --no-block taskpull");
    let status = || debian.unit_property("taskpull", "StatusText");
    debian.wait_until("it says what it waits for", || status().starts_with("waiting for the engine: "));
    assert_eq!(debian.unit_property("taskpull", "ActiveState"), "activating");
    debian.add_engine();
    debian.wait_until("it is ready", || debian.unit_property("taskpull", "ActiveState") == "active");
    assert_eq!(status(), "nothing under way");
    assert_eq!(debian.run_checked("stat -c '%U:%G %a' /run/taskpull/taskpull.sock"), "root:taskpull 660\n");

    it_pulls_what_it_is_sent_and_what_is_in_its_folder(&debian, &lab, &metrics);
    its_group_may_use_it(&debian, &lab);
    a_request_is_called_off(&debian, &lab);
    what_is_under_way_may_end(&debian, &lab);

    // It reads its configuration again without a restart.
    let pid = || debian.unit_property("taskpull", "MainPID");
    let before = pid();
    debian.run_checked("echo '[pull]\nconcurrency = 3' >>/etc/taskpull/taskpull.toml; systemctl reload taskpull");
    debian.wait_until("it has read it", || debian.stdout("journalctl -u taskpull").contains("was read again"));
    assert_eq!((pid(), state("active")), (before.clone(), "active".to_owned()));

    // An agent that hangs is ended and begun anew.
    debian.write("/etc/systemd/system/taskpull.service.d/watchdog.conf", "[Service]\nWatchdogSec=2s\n");
    debian.run_checked("systemctl daemon-reload; systemctl restart taskpull; systemctl kill --signal STOP taskpull");
    debian.wait_until("the watchdog has bitten", || debian.unit_property("taskpull", "NRestarts") == "1");
    debian.wait_until("it is ready again", || debian.unit_property("taskpull", "ActiveState") == "active");

    // Another version takes over; what the operator wrote stays.
    let requests = || debian.run_checked(&format!("ls {REQUESTS}"));
    let before = (pid(), requests());
    debian.run_checked(&format!("dpkg --install /packages/{second}"));
    debian.wait_until("it is ready again", || debian.unit_property("taskpull", "ActiveState") == "active");
    assert_ne!(pid(), before.0);
    assert_eq!(debian.run_checked("grep -c concurrency /etc/taskpull/taskpull.toml"), "1\n");
    assert_eq!((requests(), before.1.lines().count()), (before.1.clone(), 3));

    // Removed, it leaves what is the operator's; purged, nothing but its user.
    debian.run_checked("dpkg --remove taskpull");
    assert_eq!(state("active"), "inactive");
    debian.run_checked(
        "test -e /etc/taskpull/taskpull.toml; test -d /var/lib/taskpull; ! test -e /run/taskpull/taskpull.sock",
    );
    debian.run_checked("rm -r /etc/taskpull/aws /etc/systemd/system/taskpull.service.d; dpkg --purge taskpull");
    debian.run_checked("! test -e /etc/taskpull; ! test -e /var/lib/taskpull; ! test -e /var/log/taskpull; ! test -e /usr/bin/taskpull");
    assert_eq!(debian.stdout("find /etc/systemd /var/lib/systemd -name '*taskpull*'"), "");
    assert_eq!(debian.run_checked("systemctl is-system-running").trim(), "running");
}

#[test]
fn the_unit_is_exposed_to_at_most_1_5() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=yes", "--no-pager", "--threshold=15"]);
    let output = analyze.arg(root().join("packaging/systemd/taskpull.service")).output().expect("systemd's own tool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
