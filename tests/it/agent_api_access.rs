//! Access control of the agent's socket: peer credentials, access lists, and the rejection of requests from
//! browsers and proxies. These tests change their user id, so they must run as root.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Gid, Signal, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
use serde_json::json;

use crate::support::engine::PullScript;
use crate::support::gate::Gate;
use crate::support::world::{Agent, AgentHome, ApiResponse, IMAGE, World, connect, http_request, open_container, task};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// The socket's group. This id and the two user ids below have no entry in the user database.
const GROUP: u32 = 61_234;
const SENDER: u32 = 61_001;
const READER: u32 = 61_002;

/// Runs `act` on a thread that has this user id and group id and no supplementary groups.
fn as_user<T: Send>(uid: u32, gid: u32, act: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| {
            let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
            set_thread_groups(&[]).unwrap();
            set_thread_res_gid(gid, gid, gid).unwrap();
            set_thread_res_uid(uid, uid, uid).unwrap();
            act()
        });
        acting.join().unwrap()
    })
}

fn ask(socket: &Path, (uid, gid): (u32, u32), method: &str, path: &str, body: &str) -> ApiResponse {
    as_user(uid, gid, || {
        let mut stream = connect(socket);
        stream.write_all(&http_request(method, path, &[JSON], body)).unwrap();
        ApiResponse::read(stream)
    })
}

fn agent(home: &AgentHome, world: &World) -> Agent {
    let serve = home.serve(world).env("TASKPULL_SOCKET_GROUP", GROUP.to_string());
    let serve = serve.env("TASKPULL_ACCESS_SUBMIT", format!("root,{SENDER}"));
    Agent::from_run(serve.env("TASKPULL_ACCESS_READ", format!("root,{READER}")), home)
}

#[test]
fn only_members_of_the_socket_group_can_connect() {
    let (world, home) = (World::new(), AgentHome::new());
    let _agent = agent(&home, &world);
    let metadata = fs::metadata(home.socket()).unwrap();
    assert_eq!((metadata.permissions().mode() & 0o777, metadata.gid()), (0o660, GROUP));
    as_user(SENDER, GROUP, || UnixStream::connect(home.socket()).unwrap());
    let refused = as_user(SENDER, SENDER, || UnixStream::connect(home.socket()).unwrap_err());
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
}

#[test]
fn socket_is_private_when_its_group_does_not_exist() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::from_run(home.serve(&world).env("TASKPULL_SOCKET_GROUP", "no-such-group"), &home);
    assert_eq!(fs::metadata(home.socket()).unwrap().permissions().mode() & 0o777, 0o600);
    let output = agent.terminate();
    assert!(output.stderr.contains("group `no-such-group` does not exist"), "{output:?}");
    assert!(!home.socket().exists(), "the agent removes its socket when it ends");
}

#[test]
fn submit_and_read_rights_are_independent() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let agent = agent(&home, &world);
    let definition = task(&[open_container("app", IMAGE)]).to_string();
    let ask = |uid: u32, method: &str, path: &str, body: &str| ask(&home.socket(), (uid, GROUP), method, path, body);
    let root_request = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    gate.block_until_arrivals(1);

    let unlisted = 61_003;
    for (uid, method, path) in [
        (unlisted, "POST", "/v1/pulls".to_owned()),
        (unlisted, "GET", "/v1/pulls".to_owned()),
        (unlisted, "GET", format!("/v1/pulls/{root_request}")),
        (unlisted, "GET", "/v1/metrics".to_owned()),
        (READER, "POST", "/v1/pulls".to_owned()),
        (READER, "POST", "/v1/plan".to_owned()),
        (READER, "DELETE", format!("/v1/pulls/{root_request}")),
        (SENDER, "GET", format!("/v1/pulls/{root_request}")),
        (SENDER, "GET", format!("/v1/pulls/{root_request}/events")),
        (SENDER, "DELETE", format!("/v1/pulls/{root_request}")),
        (SENDER, "GET", "/v1/ready".to_owned()),
    ] {
        let answer = ask(uid, method, &path, &definition);
        assert_eq!((answer.status, &*answer.problem_type()), (403, "no-right"), "user {uid}: {method} {path}");
    }
    assert_eq!(ask(unlisted, "GET", "/v1/health", "").status, 200);

    let own = ask(SENDER, "POST", "/v1/pulls", &definition);
    assert_eq!(
        (own.status, &own.json()["submittedBy"]),
        (202, &json!({ "from": "peer", "uid": SENDER, "gid": GROUP }))
    );
    let own = own.id();
    let ids = |uid| -> Vec<_> {
        let list = ask(uid, "GET", "/v1/pulls", "").json();
        list["pulls"].as_array().unwrap().iter().map(|view| view["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(SENDER), std::slice::from_ref(&own), "a sender lists only its own requests");
    assert_eq!(ids(READER), [own.clone(), root_request.clone()]);
    assert_eq!(ask(SENDER, "GET", &format!("/v1/pulls/{own}"), "").status, 200);
    assert_eq!(ask(SENDER, "DELETE", &format!("/v1/pulls/{own}"), "").status, 202);
    assert_eq!(agent.wait_for_end(&own)["state"], "cancelled");
}

#[test]
fn submit_right_does_not_cover_requests_of_the_watched_folder() {
    let (world, home) = (World::new(), AgentHome::new());
    let gate = Gate::closed();
    world.engine.script(IMAGE, PullScript::success().hold(&gate));
    let folder = home.socket().with_file_name("folder");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("web.json"), task(&[open_container("app", IMAGE)]).to_string()).unwrap();
    let serve = home.serve(&world).env("TASKPULL_SOCKET_GROUP", GROUP.to_string()).env("TASKPULL_FOLDER", &folder);
    let serve = serve.env("TASKPULL_ACCESS_SUBMIT", format!("root,{SENDER},{READER}"));
    let agent = Agent::from_run(serve.env("TASKPULL_ACCESS_READ", format!("root,{READER}")), &home);
    gate.block_until_arrivals(1);
    let list = agent.get("/v1/pulls").json();
    assert_eq!(list["pulls"][0]["submittedBy"], json!({ "from": "folder" }));
    let path = format!("/v1/pulls/{}", list["pulls"][0]["id"].as_str().unwrap());
    let status = |uid, method, path: &str| ask(&home.socket(), (uid, GROUP), method, path, "").status;
    assert_eq!(status(SENDER, "GET", &path), 403);
    assert_eq!(status(SENDER, "GET", &format!("{path}/events")), 403);
    assert_eq!(status(SENDER, "DELETE", &path), 403);
    assert_eq!(status(READER, "GET", &path), 200, "the read right covers every request");
    assert_eq!(status(READER, "DELETE", &path), 403, "submit and read rights do not allow cancelling it");
    assert_eq!(status(0, "DELETE", &path), 202);
}

#[test]
fn access_list_admits_members_of_a_listed_group() {
    let (world, home) = (World::new(), AgentHome::new());
    let serve = home.serve(&world).env("TASKPULL_SOCKET_GROUP", GROUP.to_string());
    let serve = serve.env("TASKPULL_ACCESS_SUBMIT", "@no-such-group");
    let _agent = Agent::from_run(serve.env("TASKPULL_ACCESS_READ", format!("@{GROUP}, @no-such-group")), &home);
    assert_eq!(ask(&home.socket(), (SENDER, GROUP), "GET", "/v1/pulls", "").status, 200);
    assert_eq!(
        ask(&home.socket(), (0, 0), "GET", "/v1/pulls", "").status,
        403,
        "root has no access unless it is listed"
    );
    assert_eq!(ask(&home.socket(), (0, 0), "POST", "/v1/plan", "[]").status, 403);
}

#[test]
fn sighup_reloads_the_access_lists() {
    let (world, home) = (World::new(), AgentHome::new());
    let config = home.socket().with_file_name("taskpull.toml");
    fs::write(&config, "[access]\nread = \"\"\nsubmit = \"\"\n").unwrap();
    let agent = Agent::from_run(home.serve(&world).arg("--config").arg(&config), &home);
    assert_eq!(agent.get("/v1/pulls").problem_type(), "no-right");
    fs::write(&config, "[access]\nread = \"0\"\n").unwrap();
    agent.signal(Signal::HUP);
    let is_admitted = |_| {
        std::thread::sleep(Duration::from_millis(10));
        agent.get("/v1/pulls").status == 200
    };
    assert!((0..1_000).any(is_admitted));
}

#[test]
fn reload_of_unreadable_settings_does_not_block_pulls() {
    let (world, home) = (World::new(), AgentHome::new());
    let config = home.socket().with_file_name("taskpull.toml");
    fs::write(&config, "").unwrap();
    let agent = Agent::from_run(home.serve(&world).arg("--config").arg(&config), &home);
    fs::remove_file(&config).unwrap();
    mknodat(CWD, &config, FileType::Fifo, Mode::RWXU, 0).unwrap();
    agent.signal(Signal::HUP);
    let id = agent.submit(&task(&[open_container("app", IMAGE)])).id();
    assert_eq!(agent.wait_for_end(&id)["state"], "succeeded");
    let output = agent.terminate();
    assert!(output.code == 0 && output.stderr.contains("reading the configuration timed out"), "{output:?}");
}

#[test]
fn connections_of_one_user_do_not_lock_out_root() {
    let (world, home) = (World::new(), AgentHome::new());
    let serve = home.serve(&world).env("TASKPULL_SOCKET_GROUP", GROUP.to_string());
    let agent = Agent::from_run(serve.env("TASKPULL_REQUEST_TIMEOUT", "10m"), &home);
    let silent: Vec<_> = (0..300).map(|_| as_user(SENDER, GROUP, || connect(&home.socket()))).collect();
    assert_eq!(agent.get("/v1/health").status, 200);
    drop(silent);
}

#[test]
fn requests_from_browsers_and_proxies_are_rejected() {
    let (world, home) = (World::new(), AgentHome::new());
    let agent = Agent::start(&home, &world);
    let definition = task(&[open_container("app", IMAGE)]).to_string();
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Referer", "http://localhost/"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Forwarded", "for=10.0.0.1"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Via", "1.1 proxy"),
        ("Host", "evil.example"),
        ("Host", "localhost:8080"),
    ] {
        let answer = agent.send("POST", "/v1/pulls", &[header, JSON], &definition);
        assert_eq!((answer.status, &*answer.problem_type()), (403, "forwarded"), "{header:?}");
    }
    let answer = agent.send("GET", "http://evil.example/v1/pulls", &[], "");
    assert_eq!(answer.problem_type(), "forwarded");
    for host in ["localhost", "taskpull", ""] {
        assert_eq!(agent.send("GET", "/v1/pulls", &[("Host", host)], "").json()["pulls"], json!([]));
    }
}
