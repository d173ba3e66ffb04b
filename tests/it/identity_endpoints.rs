//! Which AWS hosts a run calls, through which proxy, and which certificates it trusts.

use std::process::Child;

use serde_json::{Value, json};

use crate::support::aws::{FakeAws, Policy, Secret};
use crate::support::names::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, KEY, ROLE, SECRET};
use crate::support::proxy::RecordingProxy;
use crate::support::run::{Run, RunOutput};
use crate::support::tls::SelfSignedTls;
use crate::support::world::{IMAGE, LOGIN, World, container, open_container, task};

fn definition(secret: &str) -> Value {
    task(&[container("app", IMAGE, secret)])
}

/// A run in progress, and the proxy that records the hosts that the run calls.
struct ProxiedRun {
    proxy: RecordingProxy,
    child: Child,
    _world: World,
}

/// Starts a run that reads a secret of this partition and Region.
fn start_for_secret(partition: &str, region: &str, variables: &[(&'static str, &str)], role: bool) -> ProxiedRun {
    let secret = format!("arn:{partition}:secretsmanager:{region}:111122223333:secret:hub-Ab12Cd");
    let mut definition = definition(&secret);
    if role {
        definition["executionRoleArn"] = json!(format!("arn:{partition}:iam::111122223333:role/web"));
    }
    start_run(&definition, variables)
}

/// Starts a run of this task definition through the proxy.
fn start_run(definition: &Value, variables: &[(&'static str, &str)]) -> ProxiedRun {
    let (proxy, world) = (RecordingProxy::start(), World::new());
    let run = world.pull(definition).env("AWS_ENDPOINT_URL", "").env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let run = run.env("HTTPS_PROXY", proxy.address()).env("TASKPULL_SECRETS_TIMEOUT", "2s");
    ProxiedRun { child: run.envs(variables.iter().copied()).start(), proxy, _world: world }
}

impl ProxiedRun {
    /// Waits for the end of the run and returns the hosts that it called.
    fn hosts(self) -> Vec<String> {
        RunOutput::wait_for(self.child);
        let mut hosts = self.proxy.targets();
        hosts.dedup();
        hosts
    }
}

#[test]
fn every_partition_uses_its_own_hosts() {
    let partitions = [
        ("aws", "eu-west-1", "amazonaws.com"),
        ("aws-cn", "cn-north-1", "amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "amazonaws.com"),
        ("aws-iso", "us-iso-east-1", "c2s.ic.gov"),
        ("aws-iso-b", "us-isob-east-1", "sc2s.sgov.gov"),
        ("aws-iso-e", "eu-isoe-west-1", "cloud.adc-e.uk"),
        ("aws-iso-f", "us-isof-south-1", "csp.hci.ic.gov"),
        ("aws-eusc", "eusc-de-east-1", "amazonaws.eu"),
    ];
    let runs = partitions.map(|(partition, region, suffix)| {
        (start_for_secret(partition, region, &[], false), format!("secretsmanager.{region}.{suffix}:443"))
    });
    for (run, host) in runs {
        assert_eq!(run.hosts(), [host]);
    }
}

#[test]
fn fips_and_dual_stack_variables_select_their_hosts() {
    let (fips, dual) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    let cases = [
        (vec![fips], false, "secretsmanager-fips.us-east-1.amazonaws.com"),
        // The standard host of Secrets Manager is dual-stack; that of STS is not.
        (vec![dual], false, "secretsmanager.us-east-1.amazonaws.com"),
        (vec![fips, dual], false, "secretsmanager-fips.us-east-1.amazonaws.com"),
        (vec![fips], true, "sts-fips.us-east-1.amazonaws.com"),
        (vec![dual], true, "sts.us-east-1.api.aws"),
        (vec![fips, dual], true, "sts-fips.us-east-1.api.aws"),
    ];
    let runs = cases.map(|(variables, role, host)| (start_for_secret("aws", "us-east-1", &variables, role), host));
    for (run, host) in runs {
        assert_eq!(run.hosts(), [format!("{host}:443")]);
    }
}

#[test]
fn token_host_follows_the_form_of_the_image_host() {
    let (fips, dual) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    let cases = [
        ("dkr.ecr.us-east-1.amazonaws.com", vec![], "api.ecr.us-east-1.amazonaws.com"),
        ("dkr.ecr-fips.us-east-1.amazonaws.com", vec![], "api.ecr-fips.us-east-1.amazonaws.com"),
        ("dkr-ecr.us-east-1.on.aws", vec![], "ecr.us-east-1.api.aws"),
        ("dkr-ecr-fips.us-east-1.on.aws", vec![], "ecr-fips.us-east-1.api.aws"),
        ("dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", vec![], "ecr.cn-north-1.api.amazonwebservices.com.cn"),
        // The variables add to what the image's host selects.
        ("dkr.ecr.us-east-1.amazonaws.com", vec![fips, dual], "ecr-fips.us-east-1.api.aws"),
        ("dkr-ecr.us-east-1.on.aws", vec![fips], "ecr-fips.us-east-1.api.aws"),
    ];
    let runs = cases.map(|(host, variables, token_host)| {
        let definition = task(&[open_container("app", &format!("111122223333.{host}/app:1"))]);
        (start_run(&definition, &variables), format!("{token_host}:443"))
    });
    for (run, host) in runs {
        assert_eq!(run.hosts(), [host]);
    }
}

#[test]
fn endpoint_variable_of_a_service_wins_over_the_general_one() {
    // STS and Secrets Manager have separate endpoints; the general endpoint does not exist.
    let world = World::new();
    let sts = RecordingProxy::start();
    world.aws.put_role(ROLE, Policy::trust(HOST_USER), Policy::allow(GET_SECRET_VALUE, "*"));
    let mut with_role = definition(SECRET);
    with_role["executionRoleArn"] = json!(ROLE);
    let run = |definition: &Value| {
        let run = world.pull(definition).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let run = run.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", world.aws.endpoint());
        run.env("AWS_ENDPOINT_URL_STS", sts.address()).env("TASKPULL_SECRETS_TIMEOUT", "3s").output()
    };
    let output = run(&definition(SECRET));
    assert_eq!(output.code, 0, "{output:?}");
    // A bare 403 from the proxy does not count as a denial by STS.
    assert_eq!(run(&with_role).failure(0), "role unknown");
    assert_eq!(sts.targets(), [sts.address().replace("http://", "")]);
}

#[test]
fn kms_uses_its_fips_and_dual_stack_hosts() {
    let (fips, dual) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    let cases = [
        (vec![], "kms.eu-west-1.amazonaws.com"),
        (vec![fips], "kms-fips.eu-west-1.amazonaws.com"),
        (vec![dual], "kms.eu-west-1.api.aws"),
        (vec![fips, dual], "kms-fips.eu-west-1.api.aws"),
    ];
    for (variables, host) in cases {
        let proxy = RecordingProxy::start();
        let run = Run::new(["secret", "seal", "--key", KEY]).stdin(LOGIN).env("HTTPS_PROXY", proxy.address());
        let run = run.env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "key").envs(variables);
        let output = run.env("TASKPULL_SECRETS_TIMEOUT", "2s").output();
        assert_eq!(output.code, 3, "{output:?}");
        let mut hosts = proxy.targets();
        hosts.dedup();
        assert_eq!(hosts, [format!("{host}:443")]);
    }
}

#[test]
fn endpoint_variable_of_kms_is_used() {
    let world = World::new();
    world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", KEY)));
    world.aws.put_secret(Secret::binary(SECRET, &FakeAws::ciphertext(KEY, &[], LOGIN.as_bytes())));
    let run = || {
        let run = world.pull(&definition(SECRET)).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        run.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", world.aws.endpoint()).env("TASKPULL_SECRETS_TIMEOUT", "3s")
    };
    let output = run().env("AWS_ENDPOINT_URL_KMS", world.aws.endpoint()).output();
    assert_eq!(output.code, 0, "{output:?}");
    assert_eq!(run().output().failure(0), "key unavailable", "without the variable, KMS uses the general endpoint");
}

#[test]
fn malformed_proxy_is_a_configuration_error_that_hides_its_password() {
    let world = World::new();
    for variable in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "ALL_PROXY"] {
        for value in ["http://me:swordfish@", "http//me:swordfish@proxy:3128", "http://me:swordf@sh@proxy:3128"] {
            let seal = Run::new(["secret", "seal", "--key", KEY]).stdin(LOGIN);
            for run in [world.pull(&definition(SECRET)), seal] {
                let output = run.env(variable, value).output();
                assert_eq!(output.code, 6, "{output:?}");
                assert!(output.stderr.contains(&format!("{variable} is not the address of a proxy")), "{output:?}");
                assert!(!format!("{output:?}").contains("swordf"), "the value may contain a password: {output:?}");
            }
        }
    }
    assert_eq!(world.aws.calls(), []);
    let output = world.pull(&definition(SECRET)).env("HTTPS_PROXY", "").env("NO_PROXY", "*").output();
    assert_eq!(output.code, 0, "{output:?}");
}

#[test]
fn only_the_ca_bundle_is_trusted() {
    let world = World::new();
    let port = |aws: &FakeAws| aws.endpoint().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let tls = SelfSignedTls::start(port(&world.aws));
    let other = SelfSignedTls::start(port(&world.aws));
    let run = || {
        let run = world.pull(&definition(SECRET)).env("AWS_ENDPOINT_URL", tls.endpoint());
        run.env("TASKPULL_SECRETS_TIMEOUT", "3s")
    };
    let output = run().env("AWS_CA_BUNDLE", tls.ca_bundle()).output();
    assert_eq!(output.code, 0, "{output:?}");
    let output = run().env("AWS_CA_BUNDLE", other.ca_bundle()).output();
    assert_eq!(output.failure(0), "secret invalid", "{output:?}");
    let output = run().output();
    assert_eq!(output.failure(0), "secret invalid", "{output:?}");
    assert_eq!(world.aws.call_count("GetSecretValue"), 1);
}

#[test]
fn unusable_ca_bundle_is_a_configuration_error() {
    let world = World::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    for (path, message) in
        [(file.path(), "contains no certificate"), ("/nonexistent/ca.pem".as_ref(), "cannot be read")]
    {
        let output = world.pull(&definition(SECRET)).env("AWS_CA_BUNDLE", path).output();
        assert_eq!(output.code, 6, "{output:?}");
        assert!(output.stderr.contains(message), "{output:?}");
    }
}
