//! Which hosts AWS is asked at, through which proxy, and under whose certificates.

use std::process::Child;

use serde_json::{Value, json};

use crate::support::aws::{FakeAws, Policy, Secret};
use crate::support::proxy::RecordingProxy;
use crate::support::run::{Run, RunOutput};
use crate::support::tls::SelfSignedTls;
use crate::support_aws_client::{ACCOUNT_ROOT, GET_SECRET_VALUE, HOST_USER, KEY, ROLE, SECRET};
use crate::task::{IMAGE, LOGIN, World, container, open_container, task};

fn definition(secret: &str) -> Value {
    task(&[container("app", IMAGE, secret)])
}

/// A run that is under way, and the proxy that notes where it asks.
struct Asking {
    proxy: RecordingProxy,
    child: Child,
    _world: World,
}

/// Asks for a secret of this partition and Region.
fn asking(partition: &str, region: &str, variables: &[(&'static str, &str)], role: bool) -> Asking {
    let secret = format!("arn:{partition}:secretsmanager:{region}:111122223333:secret:hub-Ab12Cd");
    let mut definition = definition(&secret);
    if role {
        definition["executionRoleArn"] = json!(format!("arn:{partition}:iam::111122223333:role/web"));
    }
    asking_for(&definition, variables)
}

/// The same, of whatever this task wants.
fn asking_for(definition: &Value, variables: &[(&'static str, &str)]) -> Asking {
    let (proxy, world) = (RecordingProxy::start(), World::new());
    let run = world.pull(definition).env("AWS_ENDPOINT_URL", "").env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let run = run.env("HTTPS_PROXY", proxy.address()).env("TASKPULL_SECRETS_TIMEOUT", "2s");
    Asking { child: run.envs(variables.iter().copied()).start(), proxy, _world: world }
}

impl Asking {
    /// Where it asked.
    fn hosts(self) -> Vec<String> {
        RunOutput::wait_for(self.child);
        let mut hosts = self.proxy.targets();
        hosts.dedup();
        hosts
    }
}

#[test]
fn every_partition_is_asked_at_its_own_hosts() {
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
        (asking(partition, region, &[], false), format!("secretsmanager.{region}.{suffix}:443"))
    });
    for (asking, host) in runs {
        assert_eq!(asking.hosts(), [host]);
    }
}

#[test]
fn fips_and_dual_stack_hosts_are_asked_where_the_environment_says_so() {
    let (fips, dual) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    let cases = [
        (vec![fips], false, "secretsmanager-fips.us-east-1.amazonaws.com"),
        // The usual host of Secrets Manager has both stacks; that of STS has not.
        (vec![dual], false, "secretsmanager.us-east-1.amazonaws.com"),
        (vec![fips, dual], false, "secretsmanager-fips.us-east-1.amazonaws.com"),
        (vec![fips], true, "sts-fips.us-east-1.amazonaws.com"),
        (vec![dual], true, "sts.us-east-1.api.aws"),
        (vec![fips, dual], true, "sts-fips.us-east-1.api.aws"),
    ];
    let runs = cases.map(|(variables, role, host)| (asking("aws", "us-east-1", &variables, role), host));
    for (asking, host) in runs {
        assert_eq!(asking.hosts(), [format!("{host}:443")]);
    }
}

#[test]
fn a_token_is_asked_for_over_hosts_like_the_images() {
    let (fips, dual) = (("AWS_USE_FIPS_ENDPOINT", "true"), ("AWS_USE_DUALSTACK_ENDPOINT", "true"));
    let cases = [
        ("dkr.ecr.us-east-1.amazonaws.com", vec![], "api.ecr.us-east-1.amazonaws.com"),
        ("dkr.ecr-fips.us-east-1.amazonaws.com", vec![], "api.ecr-fips.us-east-1.amazonaws.com"),
        ("dkr-ecr.us-east-1.on.aws", vec![], "ecr.us-east-1.api.aws"),
        ("dkr-ecr-fips.us-east-1.on.aws", vec![], "ecr-fips.us-east-1.api.aws"),
        ("dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", vec![], "ecr.cn-north-1.api.amazonwebservices.com.cn"),
        // The environment adds to what the image's host says.
        ("dkr.ecr.us-east-1.amazonaws.com", vec![fips, dual], "ecr-fips.us-east-1.api.aws"),
        ("dkr-ecr.us-east-1.on.aws", vec![fips], "ecr-fips.us-east-1.api.aws"),
    ];
    let runs = cases.map(|(host, variables, asked)| {
        let definition = task(&[open_container("app", &format!("111122223333.{host}/app:1"))]);
        (asking_for(&definition, &variables), format!("{asked}:443"))
    });
    for (asking, host) in runs {
        assert_eq!(asking.hosts(), [host]);
    }
}

#[test]
fn a_service_has_an_endpoint_of_its_own_where_the_environment_names_one() {
    // STS here, Secrets Manager there; the one that both would share does not exist.
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
    let ended = run(&definition(SECRET));
    assert_eq!(ended.code, 0, "{ended:?}");
    // A bare 403 is no denial by STS.
    assert_eq!(run(&with_role).failure(0), "role unknown");
    assert_eq!(sts.targets(), [sts.address().replace("http://", "")]);
}

#[test]
fn kms_is_asked_at_its_fips_and_dual_stack_hosts_too() {
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
        let ended = run.env("TASKPULL_SECRETS_TIMEOUT", "2s").output();
        assert_eq!(ended.code, 3, "{ended:?}");
        let mut hosts = proxy.targets();
        hosts.dedup();
        assert_eq!(hosts, [format!("{host}:443")]);
    }
}

#[test]
fn kms_has_an_endpoint_of_its_own_too() {
    let world = World::new();
    world.aws.put_key(KEY, Policy::allow("kms:*", "*").to(ACCOUNT_ROOT));
    world.aws.put_user(HOST_USER, Policy::allow(GET_SECRET_VALUE, "*").and(Policy::allow("kms:Decrypt", KEY)));
    world.aws.put_secret(Secret::binary(SECRET, &FakeAws::ciphertext(KEY, &[], LOGIN.as_bytes())));
    let run = || {
        let run = world.pull(&definition(SECRET)).env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        run.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", world.aws.endpoint()).env("TASKPULL_SECRETS_TIMEOUT", "3s")
    };
    let ended = run().env("AWS_ENDPOINT_URL_KMS", world.aws.endpoint()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(run().output().failure(0), "key unavailable", "without it, KMS is at the endpoint of all");
}

#[test]
fn a_proxy_that_cannot_be_understood_is_a_fault_of_the_configuration() {
    let world = World::new();
    for variable in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "ALL_PROXY"] {
        for value in ["http://me:swordfish@", "http//me:swordfish@proxy:3128", "http://me:swordf@sh@proxy:3128"] {
            let seal = Run::new(["secret", "seal", "--key", KEY]).stdin(LOGIN);
            for run in [world.pull(&definition(SECRET)), seal] {
                let ended = run.env(variable, value).output();
                assert_eq!(ended.code, 6, "{ended:?}");
                assert!(ended.stderr.contains(&format!("{variable} is not the address of a proxy")), "{ended:?}");
                assert!(!format!("{ended:?}").contains("swordf"), "it may hold a password: {ended:?}");
            }
        }
    }
    assert_eq!(world.aws.calls(), []);
    let ended = world.pull(&definition(SECRET)).env("HTTPS_PROXY", "").env("NO_PROXY", "*").output();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[test]
fn a_bundle_of_certificates_is_trusted_and_nothing_else_is() {
    let world = World::new();
    let port = |aws: &FakeAws| aws.endpoint().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let tls = SelfSignedTls::start(port(&world.aws));
    let other = SelfSignedTls::start(port(&world.aws));
    let run = || {
        let run = world.pull(&definition(SECRET)).env("AWS_ENDPOINT_URL", tls.endpoint());
        run.env("TASKPULL_SECRETS_TIMEOUT", "3s")
    };
    let ended = run().env("AWS_CA_BUNDLE", tls.ca_bundle()).output();
    assert_eq!(ended.code, 0, "{ended:?}");
    let ended = run().env("AWS_CA_BUNDLE", other.ca_bundle()).output();
    assert_eq!(ended.failure(0), "secret unavailable", "{ended:?}");
    let ended = run().output();
    assert_eq!(ended.failure(0), "secret unavailable", "{ended:?}");
    assert_eq!(world.aws.call_count("GetSecretValue"), 1);
}

#[test]
fn a_bundle_that_cannot_be_used_is_a_fault_of_the_configuration() {
    let world = World::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    for (path, said) in [(file.path(), "has no certificate in it"), ("/nonexistent/ca.pem".as_ref(), "cannot be read")]
    {
        let ended = world.pull(&definition(SECRET)).env("AWS_CA_BUNDLE", path).output();
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
}
