//! Images in ECR under real ECR host names, with tokens that the lab's AWS issues.

use std::path::PathBuf;

use serde_json::{Value, json};
use taskpull::task::Region;

use crate::support::fault_proxy::FaultProxy;
use crate::support::run::Run;
use crate::support::world::lab::{Lab, LabEngine, TestImage, on_both_engines, root, task};

on_both_engines!(
    one_token_per_region_pulls_images_of_two_accounts,
    fips_and_dual_stack_hosts_are_pulled_with_their_own_tokens,
    image_behind_a_pull_through_rule_is_pulled_from_ecr,
    invalidated_ecr_token_is_requested_again_once,
    cached_image_is_verified_with_a_new_token_after_invalidation,
    ecr_token_is_requested_as_the_execution_role,
    ecr_public_is_pulled_with_and_without_a_token,
    invalidated_ecr_public_token_is_requested_again,
    registry_that_refuses_every_token_costs_two_token_requests,
);

const APP: &str = "team/app:1.0";

/// Starts a proxy that counts the requests to the lab's AWS. The host requests only tokens.
fn aws(lab: &Lab) -> FaultProxy {
    FaultProxy::start(&lab.aws_address())
}

fn pull(lab: &Lab, aws: &FaultProxy, definition: &Value) -> Run {
    lab.pull_with_registry_names(definition).env("AWS_ENDPOINT_URL", format!("http://{}", aws.host()))
}

/// Returns an account that only this engine uses, so that a test may invalidate its tokens.
fn own_account(lab: &Lab) -> &'static str {
    match lab.engine {
        LabEngine::Docker => "222233334444",
        LabEngine::Podman => "333344445555",
    }
}

/// Makes a host refuse tokens that were issued before this time, in nanoseconds. An empty string
/// means the time of the next request. See `lab/ecr.py`.
fn invalidate_tokens(host: &str, issued_before: &str) -> PathBuf {
    let file = root().join("target/lab/ecr/over").join(host);
    std::fs::write(&file, issued_before).unwrap();
    file
}

#[test]
fn every_region_of_the_python_sdk_is_known() {
    let script = "from botocore.loaders import Loader\n\
        for partition in Loader().load_data('partitions')['partitions']:\n\
        \x20   for region in partition['regions']: print(region, partition['id'])";
    let python = root().join("target/lab/venv/bin/python");
    let ended = Run::program(python.to_str().unwrap()).arg("-c").arg(script).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let regions = ended.stdout.lines().filter_map(|line| line.split_once(' '));
    let mut count = 0;
    for (region, partition) in regions.filter(|(region, _)| !region.ends_with("-global")) {
        let known = Region::parse(region).unwrap();
        assert_eq!((known.partition(), known.unknown_warning()), (partition, None));
        count += 1;
    }
    assert!(count > 40, "{count}");
}

fn one_token_per_region_pulls_images_of_two_accounts(lab: &Lab) {
    let hosts = ["111122223333", "444455556666"].iter().flat_map(|account| {
        ["us-east-1", "eu-west-1"].map(|region| format!("{account}.dkr.ecr.{region}.amazonaws.com"))
    });
    assert_pulled(lab, hosts, 2);
}

fn fips_and_dual_stack_hosts_are_pulled_with_their_own_tokens(lab: &Lab) {
    let hosts = [
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr.eu-west-1.on.aws",
        "111122223333.dkr-ecr-fips.us-east-1.on.aws",
    ];
    assert_pulled(lab, hosts.map(str::to_owned), 3);
}

/// Pulls a fresh image from each host, and checks the number of tokens that were requested.
fn assert_pulled(lab: &Lab, hosts: impl IntoIterator<Item = String>, tokens: usize) {
    let (aws, image) = (aws(lab), TestImage::push_to_ecr(lab));
    let images: Vec<_> = hosts.into_iter().map(|host| image.reference_at(&host)).collect();
    let containers: Vec<_> = images.iter().map(|image| ("app", image.as_str(), None)).collect();
    let mut definition = task(&containers);
    for (at, container) in definition["containerDefinitions"].as_array_mut().unwrap().iter_mut().enumerate() {
        container["name"] = format!("app-{at}").into();
    }
    let ended = pull(lab, &aws, &definition).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    for (at, name) in images.iter().enumerate() {
        let container = ended.container(at);
        assert_eq!((&container["digest"], &container["attempts"]), (&json!(image.digest), &json!(1)));
        assert!(lab.has_image(name));
    }
    assert_eq!(aws.requests().len(), tokens);
    for image in &images {
        lab.remove_image(image);
    }
}

fn image_behind_a_pull_through_rule_is_pulled_from_ecr(lab: &Lab) {
    let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27";
    let ended = lab.pull_with_registry_names(&task(&[("app", image, None)])).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], lab.digest("ecr", "docker-hub/library/nginx"));
}

fn invalidated_ecr_token_is_requested_again_once(lab: &Lab) {
    let (aws, image) = (aws(lab), TestImage::push_to_ecr(lab));
    let host = format!("{}.dkr.ecr.eu-west-1.amazonaws.com", own_account(lab));
    let (first, second) =
        (image.reference_at("111122223333.dkr.ecr.eu-west-1.amazonaws.com"), image.reference_at(&host));
    invalidate_tokens(&host, "");
    let definition = task(&[("first", &first, None), ("second", &second, None)]);
    let ended = pull(lab, &aws, &definition).env("TASKPULL_CONCURRENCY", "1").output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((&ended.container(0)["attempts"], &ended.container(1)["attempts"]), (&json!(1), &json!(2)), "{ended:?}");
    assert_eq!((&ended.container(1)["digest"], lab.has_image(&second)), (&json!(image.digest), true));
    assert_eq!(aws.requests().len(), 2, "one token is requested first, and one after its invalidation");
    for image in [first, second] {
        lab.remove_image(&image);
    }
}

fn cached_image_is_verified_with_a_new_token_after_invalidation(lab: &Lab) {
    let (aws, image) = (aws(lab), TestImage::push_to_ecr(lab));
    let host = format!("{}.dkr.ecr.us-east-1.amazonaws.com", own_account(lab));
    let definition = task(&[("app", &image.reference_at(&host), None)]);
    assert_eq!(pull(lab, &aws, &definition).output().code, 0);
    invalidate_tokens(&host, "");
    let ended = pull(lab, &aws, &definition).env("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached").output();
    assert_eq!(ended.report()["summary"]["cached"], 1, "{ended:?}");
    assert_eq!(aws.requests().len(), 3, "the pull requests one token, the verification two");
    lab.remove_image(&image.reference_at(&host));
}

fn ecr_token_is_requested_as_the_execution_role(lab: &Lab) {
    let image = format!("444455556666.dkr.ecr.eu-west-1.amazonaws.com/{APP}");
    let mut definition = task(&[("app", &image, None)]);
    let role = "arn:aws:iam::444455556666:role/taskpull-execution";
    definition["executionRoleArn"] = role.into();
    let ended = lab.pull_with_registry_names(&definition).output();
    assert_eq!((ended.code, &ended.container(0)["credential"]["identity"]), (0, &json!(role)), "{ended:?}");
}

fn ecr_public_is_pulled_with_and_without_a_token(lab: &Lab) {
    let image = "public.ecr.aws/docker/library/nginx:1.27";
    let definition = task(&[("app", image, None)]);
    for has_identity in [true, false] {
        let run = lab.pull_with_registry_names(&definition);
        let without_identity = |run: Run| run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
        let ended = if has_identity { run } else { without_identity(run) }.output();
        let container = ended.container(0);
        assert_eq!((ended.code, lab.has_image(image)), (0, true), "{ended:?}");
        assert_eq!(container["digest"], lab.digest("ecr", "docker/library/nginx"));
        assert_eq!(container["credential"]["withoutToken"].is_null(), has_identity, "{ended:?}");
    }
}

/// This test runs alone, because other tests pull from the same host.
fn invalidated_ecr_public_token_is_requested_again(lab: &Lab) {
    let aws = aws(lab);
    invalidate_tokens("public.ecr.aws", "");
    let ended = pull(lab, &aws, &task(&[("app", "public.ecr.aws/docker/library/nginx:1.27", None)])).output();
    assert_eq!((ended.code, &ended.container(0)["attempts"]), (0, &json!(2)), "{ended:?}");
    assert!(ended.container(0)["credential"]["withoutToken"].is_null(), "{ended:?}");
    assert_eq!(aws.requests().len(), 2);
}

fn registry_that_refuses_every_token_costs_two_token_requests(lab: &Lab) {
    let (aws, account) = (aws(lab), own_account(lab));
    let host = format!("{account}.dkr-ecr.eu-west-1.on.aws");
    let marker = invalidate_tokens(&host, &i64::MAX.to_string());
    let ended = pull(lab, &aws, &task(&[("app", &format!("{host}/{APP}"), None)])).output();
    std::fs::remove_file(marker).unwrap();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!(aws.requests().len(), 2);
}
