//! What is on the engine already, and when it serves.

use serde_json::{Value, json};

use crate::support::fault::Calls;
use crate::support::gate::Gate;
use crate::support::registry::{FakeRegistry, PushedImage};
use crate::support::registry_fault::{RegistryFault, RequestKind};
use crate::support::run::{Run, RunOutput};
use crate::support::world::lab::{Lab, TestSecret, login, on_both_engines, task};

on_both_engines!(
    a_registry_that_is_gone_is_no_reason_to_do_without_an_image_that_is_there,
    a_refusal_is_one_though_the_image_is_there,
    an_image_named_by_digest_is_no_right_of_whoever_names_it,
    a_pull_by_digest_does_not_join_another_one_with_a_better_login,
    a_copy_serves_a_task_that_may_have_it_and_no_other,
    a_copy_that_need_not_be_verified_costs_the_registry_nothing,
    one_tag_is_one_image_though_it_moves_in_the_middle,
    the_platform_that_the_task_names_is_pulled,
);

/// A registry behind a login, with an image that is on the engine already.
struct Shop<'a> {
    lab: &'a Lab,
    registry: FakeRegistry,
    image: PushedImage,
    secret: TestSecret<'a>,
}

impl<'a> Shop<'a> {
    fn new(lab: &'a Lab, what: &str) -> Self {
        let registry = FakeRegistry::with_login("me", "right");
        let image = registry.push("team/app:1", &[10_000]);
        let secret = lab.create_secret(what, &login("me", "right"));
        let shop = Self { lab, registry, image, secret };
        let ended = shop.pull("always", &shop.secret.name).output();
        assert_eq!(ended.code, 0, "{ended:?}");
        shop
    }

    fn pull(&self, behavior: &str, secret: &str) -> Run {
        let run = self.lab.pull(&task(&[("app", &self.image.reference, Some(secret))]));
        run.arg("--behavior").arg(behavior).env("TASKPULL_ATTEMPTS", "2")
    }
}

impl Drop for Shop<'_> {
    fn drop(&mut self) {
        self.lab.docker(&["image", "rm", "--force", &self.image.reference]);
    }
}

fn a_registry_that_is_gone_is_no_reason_to_do_without_an_image_that_is_there(lab: &Lab) {
    let shop = Shop::new(lab, "gone");
    for kind in [RequestKind::Ping, RequestKind::Manifest] {
        shop.registry.inject_fault(kind, Calls::Every, RegistryFault::Response(503, None, "busy"));
    }
    let ended = shop.pull("default", &shop.secret.name).output();
    let app = ended.container(0);
    assert_eq!((ended.code, &app["result"]), (0, &json!("cached")), "{ended:?}");
    assert_eq!((&app["digest"], &app["verified"]), (&json!(shop.image.digest), &json!(false)));
    assert_eq!(app["insteadOf"]["class"], "unavailable", "{app}");
    let ended = shop.pull("always", &shop.secret.name).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry unavailable"), "{ended:?}");
}

fn a_refusal_is_one_though_the_image_is_there(lab: &Lab) {
    let shop = Shop::new(lab, "refused");
    let wrong = lab.create_secret("wrong", &login("me", "wrong"));
    let ended = shop.pull("default", &wrong.name).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = shop.pull("default", &wrong.name).env("TASKPULL_ON_REFUSAL", "use-cached").output();
    let app = ended.container(0);
    assert_eq!((&app["result"], &app["insteadOf"]["class"]), (&json!("cached"), &json!("refused")), "{ended:?}");
}

fn an_image_named_by_digest_is_no_right_of_whoever_names_it(lab: &Lab) {
    let shop = Shop::new(lab, "by-digest");
    let wrong = lab.create_secret("wrong-by-digest", &login("me", "wrong"));
    let (name, _) = shop.image.reference.rsplit_once(':').unwrap();
    let image = format!("{name}@{}", shop.image.digest);
    for behavior in ["default", "always", "once", "prefer-cached"] {
        let pull = |secret| lab.pull(&task(&[("app", &image, secret)])).arg("--behavior").arg(behavior);
        let ended = pull(Some(&wrong.name)).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{behavior}: {ended:?}");
        let ended = pull(Some(&shop.secret.name)).output();
        assert_eq!(
            (ended.code, &ended.container(0)["digest"]),
            (0, &json!(shop.image.digest)),
            "{behavior}: {ended:?}"
        );
    }
    let ended = lab.pull(&task(&[("app", &image, None)])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    // Docker finds a manifest by its digest alone, whatever repository it came from.
    let elsewhere = image.replace("team/app", "team/other");
    let ended = lab.pull(&task(&[("app", &elsewhere, Some(&wrong.name))])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    let ended = lab.pull(&task(&[("app", &elsewhere, Some(&shop.secret.name))])).output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "repository absent"), "{ended:?}");
    lab.docker(&["image", "rm", "--force", &elsewhere]);
}

fn a_pull_by_digest_does_not_join_another_one_with_a_better_login(lab: &Lab) {
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

fn a_copy_serves_a_task_that_may_have_it_and_no_other(lab: &Lab) {
    let shop = Shop::new(lab, "verified");
    let wrong = lab.create_secret("unverified", &login("me", "wrong"));
    for behavior in ["once", "prefer-cached"] {
        let layers = shop.registry.request_count(RequestKind::Layer);
        let ended = shop.pull(behavior, &shop.secret.name).output();
        let app = ended.container(0);
        assert_eq!((&app["result"], &app["verified"]), (&json!("cached"), &json!(true)), "{ended:?}");
        assert_eq!(shop.registry.request_count(RequestKind::Layer), layers, "nothing is fetched");
        let ended = shop.pull(behavior, &wrong.name).output();
        assert_eq!((ended.code, &*ended.failure(0)), (3, "registry refused"), "{ended:?}");
    }
}

fn a_copy_that_need_not_be_verified_costs_the_registry_nothing(lab: &Lab) {
    let shop = Shop::new(lab, "unasked");
    let requests = shop.registry.requests().len();
    let ended = shop.pull("prefer-cached", &shop.secret.name).env("TASKPULL_VERIFY_ACCESS", "never").output();
    let app = ended.container(0);
    assert_eq!((&app["result"], &app["verified"]), (&json!("cached"), &json!(false)), "{ended:?}");
    assert_eq!(shop.registry.requests().len(), requests);
}

fn one_tag_is_one_image_though_it_moves_in_the_middle(lab: &Lab) {
    let registry = FakeRegistry::start();
    let first = registry.push("team/app:1", &[10_000]);
    registry.tag("team/app:1", "kept");
    let gate = Gate::closed();
    registry.inject_fault(RequestKind::Layer, Calls::First(1), RegistryFault::Hold(gate.clone()));
    let secret = lab.create_secret("moving", &login("me", "right"));
    // The second container has a credential, so that it is another pull of the same tag.
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
    assert_eq!(ended.container(1)["digest"], second.digest, "the next run has the tag as it is now");
    lab.remove_image(image);
}

fn the_platform_that_the_task_names_is_pulled(lab: &Lab) {
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
    // What lies there is for another platform, so it does not count.
    let ended = lab.pull(&with("X86_64")).arg("--behavior").arg("prefer-cached").output();
    assert_eq!(ended.container(0)["platform"], "linux/amd64", "{ended:?}");
    assert_ne!(ended.container(0)["result"], "cached");
    let ended = lab.pull(&with("ARM64")).arg("--platform").arg("linux/s390x").output();
    assert_eq!((ended.code, &*ended.failure(0)), (3, "platform unsupported"), "{ended:?}");
    lab.remove_image(image);
}
