//! `taskpull credential kubelet` at the wire.

use serde_json::{Value, json};

use crate::credential::{CredentialWorld, ECR_HOST, REGISTRY};
use crate::support::aws::{Policy, Secret};
use crate::support::run::{Run, RunOutput};
use crate::support_aws_client::SECRET;

fn answer(ended: &RunOutput) -> Value {
    assert_eq!((ended.code, &*ended.stderr), (0, ""), "{ended:?}");
    let answer: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(answer["apiVersion"], "credentialprovider.kubelet.k8s.io/v1");
    assert_eq!(answer["kind"], "CredentialProviderResponse");
    answer
}

#[test]
fn an_ecr_token_is_the_whole_registrys_until_shortly_before_its_end() {
    let doors = CredentialWorld::new();
    let answer = answer(&doors.kubelet(&format!("{ECR_HOST}/team/app@sha256:{}", "0".repeat(64))));
    assert_eq!(answer["auth"], json!({ ECR_HOST: { "username": "AWS", "password": "token-1" } }));
    assert_eq!(answer["cacheKeyType"], "Registry");
    let seconds: u64 = answer["cacheDuration"].as_str().unwrap().strip_suffix('s').unwrap().parse().unwrap();
    // Twelve hours less a quarter of one, and less what this test took.
    assert!((36_000..=42_300).contains(&seconds), "{seconds}");
}

#[test]
fn a_secrets_login_is_the_images_for_as_long_as_the_secret_serves() {
    let doors = CredentialWorld::new();
    let auths = json!({ "auths": {
        "registry.example:5000/team": { "username": "team", "password": "of the team" },
        "registry.example:5000": { "username": "all", "password": "of all" },
    } });
    doors.world.aws.put_secret(Secret::text(SECRET, &auths.to_string()));
    for (image, username) in [("team/app", "team"), ("other/app", "all")] {
        let name = format!("{REGISTRY}/{image}");
        let answer = answer(&doors.kubelet(&format!("{name}:v1")));
        assert_eq!(answer["auth"][&name]["username"], username, "{answer}");
        assert_eq!((&answer["cacheKeyType"], &answer["cacheDuration"]), (&json!("Image"), &json!("300s")));
        assert_eq!(answer["auth"].as_object().unwrap().len(), 1);
    }
}

#[test]
fn an_image_that_is_not_ours_has_an_answer_without_a_login() {
    let doors = CredentialWorld::new();
    for image in ["nginx", "other.example/app:1", "registry.example/app"] {
        let answer = answer(&doors.kubelet(image));
        assert_eq!(answer["auth"], json!({}), "{image}");
        assert_eq!((&answer["cacheKeyType"], &answer["cacheDuration"]), (&json!("Image"), &json!("0s")));
    }
    assert_eq!(doors.world.aws.calls(), []);
}

#[test]
fn a_failure_is_no_answer() {
    let doors = CredentialWorld::new().may(Policy::none());
    for image in [format!("{REGISTRY}/app"), format!("{ECR_HOST}/app"), "public.ecr.aws/x/app".to_owned()] {
        let ended = doors.kubelet(&image);
        assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
        assert!(ended.stderr.contains("hint: "), "{ended:?}");
    }
    doors.map("[[registry]]\nhost = \"x\"\n");
    let ended = doors.kubelet("nginx");
    assert_eq!((ended.code, &*ended.stdout), (6, ""), "{ended:?}");
    let doors = CredentialWorld::new();
    doors.world.aws.put_secret(Secret::text(SECRET, r#"{"identitytoken": "tok"}"#));
    let ended = doors.kubelet(&format!("{REGISTRY}/app"));
    assert_eq!((ended.code, &*ended.stdout), (3, ""), "{ended:?}");
    assert!(ended.stderr.contains("is an identity token"), "{ended:?}");
}

#[test]
fn what_is_no_request_is_refused_and_not_repeated() {
    let doors = CredentialWorld::new();
    let request = |version: &str, image: &str| {
        json!({ "apiVersion": format!("credentialprovider.kubelet.k8s.io/{version}"),
            "kind": "CredentialProviderRequest", "image": image })
        .to_string()
    };
    for (stdin, said) in [
        (String::new(), "is not JSON"),
        ("c4nary".to_owned(), "is not JSON"),
        (request("v1beta1", "nginx"), "is not a CredentialProviderRequest of"),
        (request("v1", "c4nary::x"), "is no image reference"),
        (" ".repeat(1_000_000), "longer than 524288 bytes"),
    ] {
        let ended = doors.configure(Run::new(["credential", "kubelet"])).stdin(stdin).output();
        assert_eq!((ended.code, &*ended.stdout), (4, ""), "{ended:?}");
        assert!(ended.stderr.contains(said) && !ended.stderr.contains("c4nary"), "{ended:?}");
    }
}
