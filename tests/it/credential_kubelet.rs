//! `taskpull credential kubelet` at the wire: its answers and its failures.

use serde_json::{Value, json};

use crate::support::aws::{Policy, Secret};
use crate::support::names::SECRET;
use crate::support::run::{Run, RunOutput};
use crate::support::world::{CredentialWorld, ECR_HOST, REGISTRY};

fn answer(output: &RunOutput) -> Value {
    assert_eq!((output.code, &*output.stderr), (0, ""), "{output:?}");
    let answer: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(answer["apiVersion"], "credentialprovider.kubelet.k8s.io/v1");
    assert_eq!(answer["kind"], "CredentialProviderResponse");
    answer
}

#[test]
fn ecr_token_is_cached_per_registry_until_shortly_before_it_expires() {
    let fixture = CredentialWorld::new();
    let answer = answer(&fixture.kubelet(&format!("{ECR_HOST}/team/app@sha256:{}", "0".repeat(64))));
    assert_eq!(answer["auth"], json!({ ECR_HOST: { "username": "AWS", "password": "token-1" } }));
    assert_eq!(answer["cacheKeyType"], "Registry");
    let seconds: u64 = answer["cacheDuration"].as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap();
    // Twelve hours less fifteen minutes, and less the time that this test has taken.
    assert!((36_000..=42_300).contains(&seconds), "{seconds}");
}

#[test]
fn secret_login_is_cached_per_image_while_the_secret_is_fresh() {
    let fixture = CredentialWorld::new();
    let auths = json!({ "auths": {
        "registry.example:5000/team": { "username": "team", "password": "of the team" },
        "registry.example:5000": { "username": "all", "password": "of all" },
    } });
    fixture.world.aws.put_secret(Secret::text(SECRET, &auths.to_string()));
    for (image, username) in [("team/app", "team"), ("other/app", "all")] {
        let name = format!("{REGISTRY}/{image}");
        let answer = answer(&fixture.kubelet(&format!("{name}:v1")));
        assert_eq!(answer["auth"][&name]["username"], username, "{answer}");
        assert_eq!((&answer["cacheKeyType"], &answer["cacheDuration"]), (&json!("Image"), &json!("300s")));
        assert_eq!(answer["auth"].as_object().unwrap().len(), 1);
    }
}

#[test]
fn unmapped_image_gets_an_answer_without_a_login() {
    let fixture = CredentialWorld::new();
    for image in ["nginx", "other.example/app:1", "registry.example/app"] {
        let answer = answer(&fixture.kubelet(image));
        assert_eq!(answer["auth"], json!({}), "{image}");
        assert_eq!((&answer["cacheKeyType"], &answer["cacheDuration"]), (&json!("Image"), &json!("0s")));
    }
    assert_eq!(fixture.world.aws.calls(), []);
}

#[test]
fn failure_exits_without_an_answer() {
    let fixture = CredentialWorld::new().with_policy(Policy::none());
    for image in [format!("{REGISTRY}/app"), format!("{ECR_HOST}/app"), "public.ecr.aws/x/app".to_owned()] {
        let output = fixture.kubelet(&image);
        assert_eq!((output.code, &*output.stdout), (3, ""), "{output:?}");
        assert!(output.stderr.contains("hint: "), "{output:?}");
    }
    fixture.write_config("[[registry]]\nhost = \"x\"\n");
    let output = fixture.kubelet("nginx");
    assert_eq!((output.code, &*output.stdout), (6, ""), "{output:?}");
    let fixture = CredentialWorld::new();
    fixture.world.aws.put_secret(Secret::text(SECRET, r#"{"identitytoken": "tok"}"#));
    let output = fixture.kubelet(&format!("{REGISTRY}/app"));
    assert_eq!((output.code, &*output.stdout), (3, ""), "{output:?}");
    assert!(output.stderr.contains("is an identity token"), "{output:?}");
}

#[test]
fn invalid_request_is_rejected_and_not_echoed() {
    let fixture = CredentialWorld::new();
    let request = |version: &str, image: &str| {
        json!({ "apiVersion": format!("credentialprovider.kubelet.k8s.io/{version}"),
            "kind": "CredentialProviderRequest", "image": image })
        .to_string()
    };
    for (stdin, message) in [
        (String::new(), "is not JSON"),
        ("c4nary".to_owned(), "is not JSON"),
        (request("v1beta1", "nginx"), "is not a CredentialProviderRequest of"),
        (request("v1", "c4nary::x"), "is not an image reference"),
        (" ".repeat(1_000_000), "longer than 524288 bytes"),
    ] {
        let output = fixture.configure(Run::new(["credential", "kubelet"])).stdin(stdin).output();
        assert_eq!((output.code, &*output.stdout), (4, ""), "{output:?}");
        assert!(output.stderr.contains(message) && !output.stderr.contains("c4nary"), "{output:?}");
    }
}
