//! Images in ECR under their own host names, with tokens that the lab's AWS has issued.

use std::path::PathBuf;

use serde_json::{Value, json};
use taskpull::task::Region;

use crate::lab::{Engine, Lab, on_both_engines, root, task};
use crate::own_image::OwnImage;
use crate::support::fault_proxy::FaultProxy;
use crate::support::run::Run;

on_both_engines!(
    images_of_two_accounts_and_regions_are_pulled_with_one_token_for_each_region,
    images_at_fips_and_dual_stack_hosts_are_pulled_with_tokens_of_such_hosts,
    a_path_behind_a_pull_through_rule_is_pulled_from_as_any_other,
    a_token_that_ends_in_mid_life_is_got_again_once,
    a_copy_is_let_serve_by_a_token_that_is_got_again,
    the_execution_role_gets_the_token,
    ecr_public_is_pulled_from_with_a_token_and_without_one,
    a_token_of_ecr_public_that_is_over_is_got_again,
    a_registry_that_takes_no_token_at_all_costs_two,
);

const APP: &str = "team/app:1.0";

/// What the lab's AWS is asked passes here, and is counted: the host asks for tokens, and nothing else.
fn aws(lab: &Lab) -> FaultProxy {
    FaultProxy::before(&lab.aws_address())
}

fn pull(lab: &Lab, aws: &FaultProxy, definition: &Value) -> Run {
    lab.pull_among_registries(definition).env("AWS_ENDPOINT_URL", format!("http://{}", aws.host()))
}

/// An account whose registries are asked for this engine alone, so that its tokens may be ended.
fn own_account(lab: &Lab) -> &'static str {
    match lab.engine {
        Engine::Docker => "222233334444",
        Engine::Podman => "333344445555",
    }
}

/// Says from when on a token must be for this host to take it, in nanoseconds; nothing is the
/// time of the next request. See `lab/ecr.py`.
fn end_tokens(host: &str, issued_before: &str) -> PathBuf {
    let file = root().join("target/lab/ecr/over").join(host);
    std::fs::write(&file, issued_before).unwrap();
    file
}

#[test]
fn every_region_that_the_sdk_for_python_knows_is_known() {
    let script = "from botocore.loaders import Loader\n\
        for partition in Loader().load_data('partitions')['partitions']:\n\
        \x20   for region in partition['regions']: print(region, partition['id'])";
    let python = root().join("target/lab/venv/bin/python");
    let ended = Run::program(python.to_str().unwrap()).arg("-c").arg(script).end();
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

fn images_of_two_accounts_and_regions_are_pulled_with_one_token_for_each_region(lab: &Lab) {
    let hosts = ["111122223333", "444455556666"].iter().flat_map(|account| {
        ["us-east-1", "eu-west-1"].map(|region| format!("{account}.dkr.ecr.{region}.amazonaws.com"))
    });
    assert_pulled(lab, hosts, 2);
}

fn images_at_fips_and_dual_stack_hosts_are_pulled_with_tokens_of_such_hosts(lab: &Lab) {
    let hosts = [
        "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
        "111122223333.dkr-ecr.eu-west-1.on.aws",
        "111122223333.dkr-ecr-fips.us-east-1.on.aws",
    ];
    assert_pulled(lab, hosts.map(str::to_owned), 3);
}

/// Pulls an image of the test's own from each host, which takes so many tokens.
fn assert_pulled(lab: &Lab, hosts: impl IntoIterator<Item = String>, tokens: usize) {
    let (aws, image) = (aws(lab), OwnImage::in_ecr(lab));
    let images: Vec<_> = hosts.into_iter().map(|host| image.at(&host)).collect();
    let containers: Vec<_> = images.iter().map(|image| ("app", image.as_str(), None)).collect();
    let mut definition = task(&containers);
    for (at, container) in definition["containerDefinitions"].as_array_mut().unwrap().iter_mut().enumerate() {
        container["name"] = format!("app-{at}").into();
    }
    let ended = pull(lab, &aws, &definition).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    for (at, name) in images.iter().enumerate() {
        let container = ended.container(at);
        assert_eq!((&container["digest"], &container["attempts"]), (&json!(image.digest), &json!(1)));
        assert!(lab.has(name));
    }
    assert_eq!(aws.requests().len(), tokens);
    for image in &images {
        lab.forget(image);
    }
}

fn a_path_behind_a_pull_through_rule_is_pulled_from_as_any_other(lab: &Lab) {
    let image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1.27";
    let ended = lab.pull_among_registries(&task(&[("app", image, None)])).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.container(0)["digest"], lab.digest("ecr", "docker-hub/library/nginx"));
}

fn a_token_that_ends_in_mid_life_is_got_again_once(lab: &Lab) {
    let (aws, image) = (aws(lab), OwnImage::in_ecr(lab));
    let host = format!("{}.dkr.ecr.eu-west-1.amazonaws.com", own_account(lab));
    let (first, second) = (image.at("111122223333.dkr.ecr.eu-west-1.amazonaws.com"), image.at(&host));
    end_tokens(&host, "");
    let definition = task(&[("first", &first, None), ("second", &second, None)]);
    let ended = pull(lab, &aws, &definition).env("TASKPULL_CONCURRENCY", "1").end();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((&ended.container(0)["attempts"], &ended.container(1)["attempts"]), (&json!(1), &json!(2)), "{ended:?}");
    assert_eq!((&ended.container(1)["digest"], lab.has(&second)), (&json!(image.digest), true));
    assert_eq!(aws.requests().len(), 2, "one token, and another one after its end");
    for image in [first, second] {
        lab.forget(&image);
    }
}

fn a_copy_is_let_serve_by_a_token_that_is_got_again(lab: &Lab) {
    let (aws, image) = (aws(lab), OwnImage::in_ecr(lab));
    let host = format!("{}.dkr.ecr.us-east-1.amazonaws.com", own_account(lab));
    let definition = task(&[("app", &image.at(&host), None)]);
    assert_eq!(pull(lab, &aws, &definition).end().code, 0);
    end_tokens(&host, "");
    let ended = pull(lab, &aws, &definition).env("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached").end();
    assert_eq!(ended.report()["summary"]["cached"], 1, "{ended:?}");
    assert_eq!(aws.requests().len(), 3, "one token for the pull, two for the copy");
    lab.forget(&image.at(&host));
}

fn the_execution_role_gets_the_token(lab: &Lab) {
    let image = format!("444455556666.dkr.ecr.eu-west-1.amazonaws.com/{APP}");
    let mut definition = task(&[("app", &image, None)]);
    let role = "arn:aws:iam::444455556666:role/taskpull-execution";
    definition["executionRoleArn"] = role.into();
    let ended = lab.pull_among_registries(&definition).end();
    assert_eq!((ended.code, &ended.container(0)["credential"]["identity"]), (0, &json!(role)), "{ended:?}");
}

fn ecr_public_is_pulled_from_with_a_token_and_without_one(lab: &Lab) {
    let image = "public.ecr.aws/docker/library/nginx:1.27";
    let definition = task(&[("app", image, None)]);
    for is_known in [true, false] {
        let run = lab.pull_among_registries(&definition);
        let nobody = |run: Run| run.env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
        let ended = if is_known { run } else { nobody(run) }.end();
        let container = ended.container(0);
        assert_eq!((ended.code, lab.has(image)), (0, true), "{ended:?}");
        assert_eq!(container["digest"], lab.digest("ecr", "docker/library/nginx"));
        assert_eq!(container["credential"]["withoutToken"].is_null(), is_known, "{ended:?}");
    }
}

/// Alone: other tests pull from there too.
fn a_token_of_ecr_public_that_is_over_is_got_again(lab: &Lab) {
    let aws = aws(lab);
    end_tokens("public.ecr.aws", "");
    let ended = pull(lab, &aws, &task(&[("app", "public.ecr.aws/docker/library/nginx:1.27", None)])).end();
    assert_eq!((ended.code, &ended.container(0)["attempts"]), (0, &json!(2)), "{ended:?}");
    assert!(ended.container(0)["credential"]["withoutToken"].is_null(), "{ended:?}");
    assert_eq!(aws.requests().len(), 2);
}

fn a_registry_that_takes_no_token_at_all_costs_two(lab: &Lab) {
    let (aws, account) = (aws(lab), own_account(lab));
    let host = format!("{account}.dkr-ecr.eu-west-1.on.aws");
    let over = end_tokens(&host, &i64::MAX.to_string());
    let ended = pull(lab, &aws, &task(&[("app", &format!("{host}/{APP}"), None)])).end();
    std::fs::remove_file(over).unwrap();
    assert_eq!(ended.failure(0), "registry refused", "{ended:?}");
    assert_eq!(aws.requests().len(), 2);
}
