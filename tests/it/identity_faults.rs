//! A host identity that does not work: the failure names what answered and how, and only what a
//! host of this kind can have.

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::host::{FakeContainerCredentials, FakeInstanceMetadata};
use crate::support::http::{HttpServer, Reply};
use crate::support::names::SECRET;
use crate::support::pki::{CertificateAuthority, ClientAuth, Validity};
use crate::support::run::{Run, RunOutput};
use crate::support::tls::{Backend, TlsTerminator};
use crate::support::world::{CredentialWorld, IMAGE, LOGIN, World, container, task};

fn definition() -> Value {
    task(&[container("app", IMAGE, SECRET)])
}

/// A run whose environment has no access key, on a host of this kind.
fn keyless(world: &World, kind: &str) -> Run {
    let run = world.pull(&definition()).env("AWS_ACCESS_KEY_ID", "").env("AWS_SECRET_ACCESS_KEY", "");
    run.env("TASKPULL_HOST_KIND", kind)
}

/// The shared configuration files of a user.
struct AwsFiles(TempDir);

impl AwsFiles {
    fn new(config: &str, credentials: &str) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        std::fs::write(files.path("config"), config).unwrap();
        std::fs::write(files.path("credentials"), credentials).unwrap();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Makes a run use the files.
    fn configure(&self, run: Run) -> Run {
        let run = run.env("AWS_CONFIG_FILE", self.path("config"));
        run.env("AWS_SHARED_CREDENTIALS_FILE", self.path("credentials"))
    }
}

/// The message, its causes and the hint of the only container.
fn said(output: &RunOutput) -> String {
    let failure = &output.container(0)["failure"];
    let causes = failure["causedBy"].as_array().into_iter().flatten();
    let texts = [&failure["message"]].into_iter().chain(causes).chain([&failure["hint"]]);
    texts.filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}

fn assert_says(output: &RunOutput, failure: &str, texts: &[&str]) {
    assert_eq!(output.failure(0), failure, "{output:?}");
    let said = said(output);
    for text in texts {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn profile_that_does_not_exist_is_an_error_of_every_command() {
    let fixture = CredentialWorld::new();
    let files = AwsFiles::new("[profile prod]\nregion = us-east-1\n", "[prod]\naws_access_key_id = a\n");
    let configured = |run: Run| files.configure(run).env("AWS_PROFILE", "prodd");
    // The keys of the environment do not hide it.
    let pull = configured(fixture.world.pull(&definition())).output();
    let config = files.path("config").display().to_string();
    assert_says(&pull, "host-identity invalid", &["prodd", "prod", &config, "AWS_PROFILE"]);
    let check = Run::new(["secret", "check", "--for", "direct", SECRET]);
    let check = configured(fixture.configure(check)).output();
    let password = Run::new(["login-password", "--registry", "111122223333.dkr.ecr.eu-west-1.amazonaws.com"]);
    let password = configured(fixture.configure(password)).output();
    let helper = configured(fixture.helper().arg("get")).stdin("registry.example").output();
    for output in [check, password, helper] {
        assert_ne!(output.code, 0, "{output:?}");
    }
}

#[test]
fn empty_profile_variable_selects_the_default_profile() {
    let world = World::new();
    let files = AwsFiles::new("[default]\nregion = eu-west-1\n", "");
    let output = files.configure(world.pull(&definition())).env("AWS_PROFILE", "").output();
    assert_eq!(output.code, 0, "{output:?}");
}

#[test]
fn region_of_a_profile_that_is_none_is_an_error() {
    let world = World::new();
    for region in ["us-east-1a", "\"us-east-1\"", "N. Virginia"] {
        let files = AwsFiles::new(&format!("[default]\nregion = {region}\n"), "");
        let output = files.configure(world.pull(&definition())).output();
        assert_says(&output, "host-identity invalid", &["region", region]);
    }
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn key_of_a_profile_that_cannot_be_sent_is_an_error() {
    let world = World::new();
    let profile = "[default]\naws_access_key_id = \"AKIAEXAMPLE\"\naws_secret_access_key = \"swordfish\"\n";
    let output = AwsFiles::new("", profile).configure(keyless(&world, "external")).output();
    assert_says(&output, "host-identity invalid", &["the access key id", "quotes"]);
    assert!(!format!("{output:?}").contains("swordfish"), "{output:?}");
    let process = r#"{"Version":1,"AccessKeyId":"AKIAEXAMPLE","SecretAccessKey":"swordfish\n"}"#;
    let files = AwsFiles::new("", "");
    std::fs::write(files.path("answer"), process).unwrap();
    let config = format!("[default]\ncredential_process = cat {}\n", files.path("answer").display());
    std::fs::write(files.path("config"), config).unwrap();
    let output = files.configure(keyless(&world, "external")).output();
    assert_says(&output, "host-identity invalid", &["the secret access key", "a line end"]);
    assert!(!format!("{output:?}").contains("swordfish"), "{output:?}");
}

#[test]
fn fault_that_the_sdk_ignores_is_named_without_another_source() {
    let world = World::new();
    let config = "[default]\nrole_arn = arn:aws:iam::111122223333:role/web\nsource_profile = base\n";
    let output = AwsFiles::new(config, "").configure(keyless(&world, "external")).output();
    assert_says(&output, "host-identity invalid", &["its source_profile `base`", "`base` does not exist"]);
    let files = AwsFiles::new("", "");
    std::fs::write(files.path("credentials"), b"[default]\n# \xe9\naws_access_key_id = AKIAEXAMPLE\n").unwrap();
    let output = files.configure(keyless(&world, "external")).output();
    assert_says(&output, "host-identity invalid", &["not UTF-8"]);
    let output = files.configure(world.pull(&definition())).output();
    assert_eq!(output.code, 0, "the keys of the environment are used: {output:?}");
}

#[test]
fn profile_that_signs_in_is_refused_in_plain_words() {
    let world = World::new();
    let sso = "[profile p1]\nsso_session = main\nsso_account_id = 111122223333\nsso_role_name = dev\n\
               [sso-session main]\nsso_start_url = https://corp.example/start\nsso_region = eu-west-1\n";
    let output = AwsFiles::new(sso, "").configure(keyless(&world, "external")).env("AWS_PROFILE", "p1").output();
    let command = "aws configure export-credentials --profile p1 --format process";
    assert_says(&output, "host-identity unsupported", &["`p1`", "IAM Identity Center", command]);
    assert!(!said(&output).contains("cargo"), "{output:?}");
}

#[test]
fn failing_credential_process_is_named_without_its_output() {
    let world = World::new();
    for (command, failure, how) in [
        ("sh -c 'echo swordfish >&2; exit 3'", "host-identity unavailable", "failed"),
        ("/nonexistent/signer --token swordfish", "host-identity absent", "was not found"),
        ("echo swordfish", "host-identity unavailable", "printed no usable credentials"),
    ] {
        let config = format!(
            "[profile base]\ncredential_process = {command}\n[profile web]\nsource_profile = base\nrole_arn = arn:aws:iam::111122223333:role/web\n"
        );
        for profile in ["base", "web"] {
            let run = AwsFiles::new(&config, "");
            let output = run.configure(keyless(&world, "external")).env("AWS_PROFILE", profile).output();
            let program = command.split(' ').next().unwrap();
            assert_says(&output, failure, &[program, "the profile `base`", how]);
            assert!(!format!("{output:?}").contains("swordfish"), "{output:?}");
        }
    }
}

#[test]
fn task_without_a_role_is_told_to_get_one() {
    let world = World::new();
    let endpoint = FakeContainerCredentials::answering(404);
    let run = keyless(&world, "fargate").env("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint.uri());
    assert_says(&run.output(), "host-identity absent", &["127.0.0.1", "404", "taskRoleArn"]);
    let output = keyless(&world, "fargate").output();
    assert_says(&output, "host-identity absent", &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "taskRoleArn"]);
    let broken = FakeContainerCredentials::answering(500);
    let run = keyless(&world, "fargate").env("AWS_CONTAINER_CREDENTIALS_FULL_URI", broken.uri());
    assert_says(&run.output(), "host-identity unavailable", &["HTTP 500"]);
}

#[test]
fn answers_of_the_metadata_service_are_told_apart() {
    let world = World::new();
    for (metadata, texts) in [
        (FakeInstanceMetadata::without_role(), ["404", "associate-iam-instance-profile"]),
        (FakeInstanceMetadata::switched_off(), ["403", "--http-endpoint enabled"]),
        (FakeInstanceMetadata::unreachable(), ["does not answer", "--http-put-response-hop-limit 2"]),
    ] {
        for kind in ["ec2", "auto"] {
            let output = keyless(&world, kind).envs(metadata.environment()).output();
            assert_says(&output, "host-identity absent", &texts);
            // An instance has no task role, and a host of unknown kind may have one.
            assert_eq!(said(&output).contains("taskRoleArn"), kind == "auto", "{output:?}");
        }
    }
}

#[test]
fn external_host_is_told_only_what_it_can_have() {
    let world = World::new();
    let output = keyless(&world, "external").output();
    assert_says(&output, "host-identity absent", &["no AWS credentials were found on this host", "`aws configure`"]);
    for other in ["instance role", "task role", "hop limit"] {
        assert!(!said(&output).contains(other), "{other}: {output:?}");
    }
}

#[test]
fn rejected_certificate_is_final_and_names_host_and_cause() {
    let world = World::new();
    let port = world.aws.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let [authority, other] = [CertificateAuthority::new(), CertificateAuthority::new()];
    for (name, validity, bundle, text) in [
        ("127.0.0.1", Validity::Valid, &other, "is not issued by an authority that this host trusts"),
        ("127.0.0.1", Validity::Expired, &authority, "has expired, or this host's clock is wrong"),
        ("127.0.0.1", Validity::NotYet, &authority, "is not valid yet, or this host's clock is wrong"),
        ("proxy.example", Validity::Valid, &authority, "is for another name"),
    ] {
        let config = authority.server_config(name, validity, ClientAuth::None);
        let tls = TlsTerminator::start(Backend::Port(port), config);
        let endpoint = tls.host().replace("tcp://", "https://");
        let run = world.pull(&definition()).env("AWS_ENDPOINT_URL", &endpoint);
        let output = run.env("AWS_CA_BUNDLE", bundle.ca_path()).output();
        let command = format!("openssl s_client -connect {}", endpoint.replace("https://", ""));
        assert_says(&output, "secret invalid", &["the certificate of 127.0.0.1", text, &command]);
    }
    assert_eq!(world.aws.calls(), []);
}

#[test]
fn endpoint_that_does_not_resolve_is_named_with_its_variable() {
    let world = World::new();
    let host = "vpce-0abc.secretsmanager.eu-west-1.vpce.invalid";
    let run = world.pull(&definition()).env("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("https://{host}"));
    let output = run.env("TASKPULL_SECRETS_TIMEOUT", "5s").output();
    let texts = [format!("the name {host} cannot be resolved"), "AWS_ENDPOINT_URL_SECRETS_MANAGER".to_owned()];
    assert_says(&output, "secret unavailable", &texts.each_ref().map(String::as_str));
}

#[test]
fn refused_connection_to_sts_is_named_with_its_host() {
    let world = World::new();
    let mut definition = definition();
    definition["executionRoleArn"] = json!("arn:aws:iam::111122223333:role/web");
    let run = world.pull(&definition).env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    let output = run.env("AWS_REGION", "eu-west-1").env("TASKPULL_SECRETS_TIMEOUT", "5s").output();
    assert_says(&output, "role unavailable", &["127.0.0.1", "refused", "AWS_ENDPOINT_URL_STS"]);
}

#[test]
fn clock_that_differs_from_the_clock_of_aws_is_warned_about() {
    let world = World::new();
    let warned = |date: Option<&'static str>| {
        let answer = json!({ "ARN": SECRET, "Name": "hub", "VersionId": "1", "SecretString": LOGIN });
        let aws = HttpServer::on_loopback(move |_| {
            let reply = Reply::json(200, &answer);
            date.into_iter().fold(reply, |reply, date| reply.header("date", date))
        });
        let endpoint = format!("http://127.0.0.1:{}", aws.port());
        let output = world.pull(&definition()).env("AWS_ENDPOINT_URL", endpoint).output();
        assert_eq!(output.code, 0, "{output:?}");
        let ids = output.report()["warnings"].as_array().cloned().unwrap_or_default();
        (ids.iter().any(|warning| warning["id"] == "clock-skew"), output.stderr.contains("the clock of this host"))
    };
    assert_eq!(warned(Some("Thu, 01 Jan 1970 00:00:00 GMT")), (true, true));
    assert_eq!(warned(None), (false, false));
}
