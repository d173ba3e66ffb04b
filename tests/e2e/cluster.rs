//! Prefetch for an ECS cluster: the agent pulls the images of services before any task runs.

use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::process::Child;

use serde_json::{Value, json};

use crate::support::run::Run;
use crate::support::world::lab::{Lab, REGISTRY, TestImage, on_both_engines, wait_until};

on_both_engines!(images_of_every_service_revision_are_pulled_before_its_tasks);

fn images_of_every_service_revision_are_pulled_before_its_tasks(lab: &Lab) {
    let cluster = Cluster::new(lab);
    let images = [TestImage::push(lab, 1, 100_000), TestImage::push(lab, 1, 100_000)];
    let [first, second] = images.each_ref().map(|image| image.reference_at(REGISTRY));
    cluster.call(
        "create_service",
        &json!({
            "cluster": cluster.name, "serviceName": "web", "taskDefinition": cluster.revision(&first),
            "desiredCount": 0, "launchType": "EC2",
        }),
    );
    let agent = Agent::start(&cluster);
    wait_until("the first image", || lab.has_image(&first));
    assert!(!lab.has_image(&second));
    let definition = cluster.revision(&second);
    cluster.call("update_service", &json!({ "cluster": cluster.name, "service": "web", "taskDefinition": definition }));
    wait_until("the second image", || lab.has_image(&second));
    let tasks = cluster.call("list_tasks", &json!({ "cluster": cluster.name }));
    assert_eq!(tasks["taskArns"], json!([]), "no task of the service has run");
    let log = agent.stop();
    assert!(log.contains("cluster scanned") && !log.contains("cluster could not be read"), "{log}");
    for image in [first, second] {
        lab.remove_image(&image);
    }
}

/// An ECS cluster in the lab's AWS that belongs to one test and is deleted with it.
struct Cluster<'a> {
    lab: &'a Lab,
    name: String,
}

impl<'a> Cluster<'a> {
    fn new(lab: &'a Lab) -> Self {
        let cluster = Self { lab, name: format!("warm-{:?}-{}", lab.engine, std::process::id()) };
        cluster.call("create_cluster", &json!({ "clusterName": cluster.name }));
        cluster
    }

    fn call(&self, operation: &str, parameters: &Value) -> Value {
        self.lab.aws("ecs", operation, parameters)
    }

    /// Registers the next revision of the task definition, with this image and the registry's secret.
    fn revision(&self, image: &str) -> Value {
        let secret = self.lab.secret("taskpull/registry-one");
        let container = json!({
            "name": "app", "image": image, "memory": 64,
            "repositoryCredentials": { "credentialsParameter": secret },
        });
        let definition = json!({ "family": self.name, "containerDefinitions": [container] });
        self.call("register_task_definition", &definition)["taskDefinition"]["taskDefinitionArn"].clone()
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        self.call("delete_service", &json!({ "cluster": self.name, "service": "web", "force": true }));
        self.call("delete_cluster", &json!({ "cluster": self.name }));
    }
}

/// A running agent that prefetches for the cluster.
struct Agent {
    process: Child,
    _folder: tempfile::TempDir,
}

impl Agent {
    fn start(cluster: &Cluster<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let run = cluster.lab.configure(Run::new(["serve"])).env("TASKPULL_SOCKET", path("agent.sock"));
        let run = run.env("TASKPULL_STATE_FOLDER", path("state")).env("TASKPULL_FOLDER", path("folder"));
        let run = run.env("TASKPULL_ECS_CLUSTER", &cluster.name).env("TASKPULL_ECS_INTERVAL", "1s");
        let run = run.env("RUST_LOG", "info");
        let process = run.start();
        wait_until("the agent", || UnixStream::connect(path("agent.sock")).is_ok());
        Self { process, _folder: folder }
    }

    /// Stops the agent and returns its log.
    fn stop(mut self) -> String {
        crate::support::world::lab::send_signal(&self.process, "TERM");
        let mut log = String::new();
        self.process.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
