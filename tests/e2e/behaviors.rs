//! Images that are cached on the engine, and when each pull behavior uses them.

use serde_json::{Value, json};

use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry::{FakeRegistry, PushedImage};
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, TestSecret, login, on_both_engines, task};

on_both_engines!(
    cached_image_is_used_when_the_registry_is_unavailable,
    refused_pull_fails_although_the_image_is_cached,
    cached_image_named_by_digest_still_needs_a_valid_login,
    pull_by_digest_does_not_join_a_pull_with_another_login,
    cached_image_is_used_only_after_successful_verification,
    unverified_cached_image_causes_no_registry_request,
    moved_tag_resolves_to_one_image_within_a_run,
    platform_of_the_task_definition_is_pulled,
);

/// A registry that requires a login, with an image that is already cached on the engine.
struct CachedPrivateImage<'a> {
    lab: &'a Lab,
    registry: FakeRegistry,
    image: PushedImage,
    secret: TestSecret<'a>,
}

impl<'a> CachedPrivateImage<'a> {
    fn new(lab: &'a Lab, secret_name: &str) -> Self {
        let registry = FakeRegistry::with_login("me", "right");
        let image = registry.push("team/app:1", &[10_000]);
        let secret = lab.create_secret(secret_name, &login("me", "right"));
        let fixture = Self { lab, registry, image, secret };
        let ended = fixture.pull("always", &fixture.secret.name).output();
        assert_eq!(ended.code, 0, "{ended:?}");
        fixture
    }

    fn pull(&self, behavior: &str, secret: &str) -> Run {
        let run = self.lab.pull(&task(&[("app", &self.image.reference, Some(secret))]));
        run.arg("--behavior").arg(behavior).env("TASKPULL_ATTEMPTS", "2")
    }
}

impl Drop for CachedPrivateImage<'_> {
    fn drop(&mut self) {
        self.lab.docker(&["image", "rm", "--force", &self.image.reference]);
    }
}

fn cached_image_is_used_when_the_registry_is_unavailable(lab: &Lab) {
    let fixture = CachedPrivateImage::new(lab, "gone");
    for kind in [RequestKind::Ping, RequestKind::Manifest] {
        fixture.registry.inject_fault(kind, Calls::Every, RegistryFault::Response(503, None, "busy"));
    }
    let ended = fixture.pull("default", &fixture.secret.name).output();
    let app = ended.container(0);
    assert_eq!((ended.code, &app["result"]), (0, &json!("cached")), "{ended:?}");
    assert_eq!((&app["digest"], &app["verified"]), (&json!(fixture.image.digest), &json!(false)));
    assert_eq!(app["insteadOf"]["class"], "unavailable", "{app}");
    let ended = fixture.pull("always", &fixture.secret.name).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unavailable"), "{ended:?}");
}

fn refused_pull_fails_although_the_image_is_cached(lab: &Lab) {
    let fixture = CachedPrivateImage::new(lab, "refused");
    let wrong = lab.create_secret("wrong", &login("me", "wrong"));
    let ended = fixture.pull("default", &wrong.name).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = fixture.pull("default", &wrong.name).env("TASKPULL_ON_REFUSAL", "use-cached").output();
    let app = ended.container(0);
    assert_eq!((&app["result"], &app["insteadOf"]["class"]), (&json!("cached"), &json!("refused")), "{ended:?}");
}

fn cached_image_named_by_digest_still_needs_a_valid_login(lab: &Lab) {
    let fixture = CachedPrivateImage::new(lab, "by-digest");
    let wrong = lab.create_secret("wrong-by-digest", &login("me", "wrong"));
    let (name, _) = fixture.image.reference.rsplit_once(':').unwrap();
    let image = format!("{name}@{}", fixture.image.digest);
    for behavior in ["default", "always", "once", "prefer-cached"] {
        let pull = |secret| lab.pull(&task(&[("app", &image, secret)])).arg("--behavior").arg(behavior);
        let ended = pull(Some(&wrong.name)).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{behavior}: {ended:?}");
        let ended = pull(Some(&fixture.secret.name)).output();
        assert_eq!(
            (ended.code, &ended.container(0)["digest"]),
            (0, &json!(fixture.image.digest)),
            "{behavior}: {ended:?}"
        );
    }
    let ended = lab.pull(&task(&[("app", &image, None)])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    // Docker finds a cached manifest by its digest alone, in any repository.
    let other_repository = image.replace("team/app", "team/other");
    let ended = lab.pull(&task(&[("app", &other_repository, Some(&wrong.name))])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = lab.pull(&task(&[("app", &other_repository, Some(&fixture.secret.name))])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "repository absent"), "{ended:?}");
    lab.docker(&["image", "rm", "--force", &other_repository]);
}

fn pull_by_digest_does_not_join_a_pull_with_another_login(lab: &Lab) {
    let registry = FakeRegistry::with_login("me", "right");
    let pushed = registry.push("team/app:1", &[10_000]);
    let image = format!("{}@{}", pushed.reference.rsplit_once(':').unwrap().0, pushed.digest);
    let secrets = [
        lab.create_secret("right-join", &login("me", "right")),
        lab.create_secret("wrong-join", &login("me", "wrong")),
    ];
    let gate = Gate::closed();
    registry.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::Hold(gate.clone()));
    let first = lab.pull(&task(&[("app", &image, Some(&secrets[0].name))])).start();
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(gate.wait_for_arrivals(1));
    let ended = lab.pull(&task(&[("app", &image, Some(&secrets[1].name))])).env("TASKPULL_ATTEMPTS", "1").output();
    gate.open();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = RunOutput::wait_for(first);
    assert_eq!(ended.code, 0, "{ended:?}");
    lab.remove_image(&image);
}

fn cached_image_is_used_only_after_successful_verification(lab: &Lab) {
    let fixture = CachedPrivateImage::new(lab, "verified");
    let wrong = lab.create_secret("unverified", &login("me", "wrong"));
    for behavior in ["once", "prefer-cached"] {
        let layers = fixture.registry.request_count(RequestKind::Layer);
        let ended = fixture.pull(behavior, &fixture.secret.name).output();
        let app = ended.container(0);
        assert_eq!((&app["result"], &app["verified"]), (&json!("cached"), &json!(true)), "{ended:?}");
        assert_eq!(fixture.registry.request_count(RequestKind::Layer), layers, "no layer is fetched");
        let ended = fixture.pull(behavior, &wrong.name).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    }
}

fn unverified_cached_image_causes_no_registry_request(lab: &Lab) {
    let fixture = CachedPrivateImage::new(lab, "unasked");
    let requests = fixture.registry.requests().len();
    let ended = fixture.pull("prefer-cached", &fixture.secret.name).env("TASKPULL_VERIFY_ACCESS", "never").output();
    let app = ended.container(0);
    assert_eq!((&app["result"], &app["verified"]), (&json!("cached"), &json!(false)), "{ended:?}");
    assert_eq!(fixture.registry.requests().len(), requests);
}

fn moved_tag_resolves_to_one_image_within_a_run(lab: &Lab) {
    let registry = FakeRegistry::start();
    let first = registry.push("team/app:1", &[10_000]);
    registry.tag("team/app:1", "kept");
    let gate = Gate::closed();
    registry.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::Hold(gate.clone()));
    let secret = lab.create_secret("moving", &login("me", "right"));
    // The second container has a credential, so it is a separate pull of the same tag.
    let image = &first.reference;
    let definition = task(&[("one", image, None), ("two", image, Some(&secret.name))]);
    let running = lab.pull(&definition).start();
    gate.block_until_arrivals(1);
    let second = registry.push("team/app:1", &[10_000]);
    gate.open();
    let ended = RunOutput::wait_for(running);
    assert_eq!(ended.code, 0, "{ended:?}");
    let digests: Vec<Value> = (0..2).map(|at| ended.container(at)["digest"].clone()).collect();
    assert_eq!(digests, [json!(first.digest), json!(first.digest)]);
    let ended = lab.pull(&definition).output();
    assert_eq!(ended.container(1)["digest"], second.digest, "the next run resolves the moved tag");
    lab.remove_image(image);
}

fn platform_of_the_task_definition_is_pulled(lab: &Lab) {
    let image = "127.0.0.1:25001/team-a/multi:1.0";
    lab.remove_image(image);
    let secret = lab.create_secret("platform", &login("puller-one", &lab.password("registry-one", "puller-one")));
    let with = |architecture: &str| {
        let mut definition = task(&[("app", image, Some(&secret.name))]);
        definition["runtimePlatform"] = json!({ "cpuArchitecture": architecture, "operatingSystemFamily": "LINUX" });
        definition
    };
    let ended = lab.pull(&with("ARM64")).output();
    assert!(ended.container(0)["platform"].as_str().unwrap().starts_with("linux/arm64"), "{ended:?}");
    // The cached image is for another platform, so it must not be used.
    let ended = lab.pull(&with("X86_64")).arg("--behavior").arg("prefer-cached").output();
    assert_eq!(ended.container(0)["platform"], "linux/amd64", "{ended:?}");
    assert_ne!(ended.container(0)["result"], "cached");
    let ended = lab.pull(&with("ARM64")).arg("--platform").arg("linux/s390x").output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "platform unsupported"), "{ended:?}");
    lab.remove_image(image);
}
