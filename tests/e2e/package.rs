//! The Debian package on a machine with systemd: install, enable, upgrade, remove and purge.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::world::lab::{DebianMachine, FaultWorld, Lab, LabEngine, REGISTRY, TestImage, root, task};

/// Builds the package from the tested program, and returns its file name.
fn package(revision: u32) -> String {
    let mut build = Command::new(root().join("packaging/build"));
    build.args(["--no-build", "--fast", "--profile", "dev", "--revision", &revision.to_string()]);
    let output = build.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().rsplit('/').next().unwrap().to_owned()
}

/// Configures the AWS endpoint by a host name that must be resolved, and passes the access key as
/// a credential of the service. Returns the address of the metrics.
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
    // The machine uses the host's network. The port is free again after the listener is dropped.
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let secret = lab.secret("taskpull/registry-one");
    debian.write(
        "/etc/taskpull/taskpull.toml",
        &format!("[metrics]\nlisten = \"{metrics}\"\n[[registry]]\nhost = \"{REGISTRY}\"\nsecret = \"{secret}\"\n"),
    );
    metrics
}

/// The folder of the agent's journal.
const REQUESTS: &str = "/var/lib/taskpull/requests";

const DEFINITION: &str = "/root/web.json";

/// Checks that a private image is pulled by request and from the watched folder, and that the
/// audit log and the metrics record both pulls.
fn assert_pulls_from_socket_and_folder(debian: &DebianMachine, lab: &Lab, metrics: &str) {
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
    debian.wait_until("the image of the folder is pulled", || lab.has_image(&name));
    let audit_log = || debian.stdout("journalctl -t taskpull TASKPULL_EVENT=pull -o cat");
    debian.wait_until("the audit log has both pulls", || audit_log().matches(&image.digest).count() == 2);
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {metrics}\r\nConnection: close\r\n\r\n");
    let mut page = String::new();
    let mut connection = TcpStream::connect(metrics).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    connection.read_to_string(&mut page).unwrap();
    assert!(page.contains("\ntaskpull_audit_lines_total{result=\"lost\"} 0\n"), "{page}");
    lab.remove_image(&name);
    debian.run_checked("rm -r /etc/taskpull/task-definitions");
}

/// Checks that only members of the group may use the socket, and that the credential helper
/// works without the agent.
fn assert_group_access(debian: &DebianMachine, lab: &Lab) {
    debian.run_checked("useradd --groups taskpull member; useradd stranger");
    debian.run_checked("runuser -u member -- taskpull status");
    let refused = debian.run("runuser -u stranger -- taskpull status");
    assert_eq!(refused.status.code(), Some(7), "{refused:?}");
    let login = debian.run_checked(&format!(". /root/aws.sh; printf {REGISTRY} | docker-credential-taskpull get"));
    let login: Value = serde_json::from_str(&login).unwrap();
    assert!(login["Secret"] == lab.password("registry-one", "puller-one"), "the helper returned another login");
}

/// Starts a pull that the registry holds at the gate, and returns the id of the request.
fn start_held_pull(debian: &DebianMachine, world: &FaultWorld, gate: &Gate) -> String {
    world.proxy.inject_fault(RequestKind::Manifest, Calls::Every, RegistryFault::Hold(gate.clone()));
    let secret = world.lab.secret("taskpull/registry-one");
    debian.write(DEFINITION, &task(&[("app", &world.image_name(), Some(&secret))]).to_string());
    debian.run_checked(&format!("taskpull pull --agent --quiet {DEFINITION} >/root/said 2>&1 &"));
    gate.block_until_arrivals(1);
    let latest = debian.run_checked("taskpull status --limit 1 --output json");
    serde_json::from_str::<Value>(&latest).unwrap()[0]["id"].as_str().unwrap().to_owned()
}

fn assert_request_is_cancelled(debian: &DebianMachine, lab: &Lab) {
    let (world, gate) = (FaultWorld::new(lab), Gate::closed());
    let id = start_held_pull(debian, &world, &gate);
    debian.run_checked(&format!("taskpull cancel {id}"));
    let shown = || debian.run_checked(&format!("taskpull status {id}"));
    debian.wait_until("the request is cancelled", || shown().contains(" cancelled "));
    gate.open();
}

/// Checks that the agent extends the stop timeout of one second while a pull is running.
fn assert_stop_waits_for_running_pull(debian: &DebianMachine, lab: &Lab) {
    debian.write("/etc/systemd/system/taskpull.service.d/stop.conf", "[Service]\nTimeoutStopSec=1s\n");
    debian.run_checked("systemctl daemon-reload");
    let (world, gate) = (FaultWorld::new(lab), Gate::closed());
    start_held_pull(debian, &world, &gate);
    debian.run_checked("systemctl stop --no-block taskpull.service");
    let status = || debian.unit_property("taskpull", "StatusText");
    debian.wait_until("the status says that the agent is stopping", || status() == "stopping: 1 request running");
    std::thread::sleep(Duration::from_secs(2));
    gate.open();
    debian.wait_until("the agent has stopped", || debian.unit_property("taskpull", "ActiveState") == "inactive");
    assert_eq!(debian.unit_property("taskpull", "Result"), "success");
    assert!(lab.has_image(&world.image_name()));
    // systemd owns the socket and starts the agent for the next caller.
    debian.run_checked("taskpull status");
    debian.wait_until("the agent is ready again", || debian.unit_property("taskpull", "ActiveState") == "active");
}

#[test]
fn debian_package_installs_enables_upgrades_removes_and_purges() {
    let lab = Lab::with(LabEngine::Docker);
    let (first, second) = (package(1), package(2));
    let debian = DebianMachine::start(&lab);
    let state = |property: &str| debian.stdout(&format!("systemctl is-{property} taskpull.service")).trim().to_owned();

    // After the installation the service is neither enabled nor started.
    debian.run_checked(&format!("dpkg --install /packages/{first}"));
    assert_eq!((state("enabled"), state("active")), ("disabled".to_owned(), "inactive".to_owned()));
    assert_eq!(debian.run_checked("readlink /usr/bin/docker-credential-taskpull"), "taskpull\n");
    assert_eq!(debian.run_checked("stat -c '%U:%G %a' /var/lib/taskpull"), "taskpull:taskpull 700\n");
    let verified =
        debian.run("systemd-analyze verify /lib/systemd/system/taskpull.service 2>&1 | grep taskpull | grep -v 'man '");
    assert_eq!(String::from_utf8(verified.stdout).unwrap(), "", "the unit file is valid");

    // Without an engine the service starts but does not become ready.
    let metrics = configure(&debian, &lab);
    debian.run_checked("systemctl daemon-reload; systemctl enable --now --no-block taskpull");
    let status = || debian.unit_property("taskpull", "StatusText");
    debian.wait_until("the status says that the agent waits for the engine", || {
        status().starts_with("waiting for the engine: ")
    });
    assert_eq!(debian.unit_property("taskpull", "ActiveState"), "activating");
    debian.add_engine();
    debian.wait_until("the agent is ready", || debian.unit_property("taskpull", "ActiveState") == "active");
    assert_eq!(status(), "idle");
    assert_eq!(debian.run_checked("stat -c '%U:%G %a' /run/taskpull/taskpull.sock"), "root:taskpull 660\n");

    assert_pulls_from_socket_and_folder(&debian, &lab, &metrics);
    assert_group_access(&debian, &lab);
    assert_request_is_cancelled(&debian, &lab);
    assert_stop_waits_for_running_pull(&debian, &lab);

    // A reload reads the configuration again without a restart.
    let pid = || debian.unit_property("taskpull", "MainPID");
    let before = pid();
    debian.run_checked("echo '[pull]\nconcurrency = 3' >>/etc/taskpull/taskpull.toml; systemctl reload taskpull");
    debian.wait_until("the configuration is reloaded", || {
        debian.stdout("journalctl -u taskpull").contains("configuration reloaded")
    });
    assert_eq!((pid(), state("active")), (before.clone(), "active".to_owned()));

    // The watchdog restarts an agent that hangs.
    debian.write("/etc/systemd/system/taskpull.service.d/watchdog.conf", "[Service]\nWatchdogSec=2s\n");
    debian.run_checked("systemctl daemon-reload; systemctl restart taskpull; systemctl kill --signal STOP taskpull");
    debian.wait_until("the watchdog has restarted the agent", || debian.unit_property("taskpull", "NRestarts") == "1");
    debian.wait_until("the agent is ready again", || debian.unit_property("taskpull", "ActiveState") == "active");

    // An upgrade restarts the agent and preserves the operator's configuration.
    let requests = || debian.run_checked(&format!("ls {REQUESTS}"));
    let before = (pid(), requests());
    debian.run_checked(&format!("dpkg --install /packages/{second}"));
    debian.wait_until("the agent is ready again", || debian.unit_property("taskpull", "ActiveState") == "active");
    assert_ne!(pid(), before.0);
    assert_eq!(debian.run_checked("grep -c concurrency /etc/taskpull/taskpull.toml"), "1\n");
    assert_eq!((requests(), before.1.lines().count()), (before.1.clone(), 3));

    // A removal leaves configuration and state; a purge leaves only the system user.
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
fn systemd_unit_exposure_is_at_most_1_5() {
    let mut analyze = Command::new("systemd-analyze");
    analyze.args(["security", "--offline=yes", "--no-pager", "--threshold=15"]);
    let output = analyze.arg(root().join("packaging/systemd/taskpull.service")).output().expect("systemd's own tool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
