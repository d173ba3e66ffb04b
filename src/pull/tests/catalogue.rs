//! The errors of this module as the user sees them.

use std::path::PathBuf;
use std::time::Duration;

use crate::answers::{PullContext, SentLogin};
use crate::engine::{EngineError, UnreachableReason};
use crate::error::{Class, Explain, Failure, Link, Printable, catalogue};
use crate::identity::Identity;
use crate::plan::{Need, PlannedPull, RegistryKind};
use crate::pull::disk::{DiskFull, FreeSpace, Shortage, SpaceEstimate};
use crate::pull::policy::fallback;
use crate::pull::pull_failure::PullFailure;
use crate::pull::pull_stage::PullStage;
use crate::pull::{CancelReason, PullError};
use crate::task::ImageReference;

fn image() -> ImageReference {
    ImageReference::parse("registry.example/team/app:1").unwrap()
}

fn failure(error: &impl Explain) -> Failure {
    error.to_failure()
}

fn message(text: &str) -> EngineError {
    EngineError::ErrorMessage { status: 500, code: None, text: text.to_owned() }
}

fn from_engine(anonymous: bool, cause: EngineError) -> Failure {
    let login = if anonymous { SentLogin::Anonymous } else { SentLogin::unremarkable() };
    failure(&PullError::Engine { image: image(), context: Box::new(PullContext::with_login(login)), cause })
}

fn shortage(inodes: Option<u64>, others: u64) -> Failure {
    let shortage = Shortage {
        root: PathBuf::from("/var/lib/docker"),
        space: FreeSpace { free: 1 << 30, inodes },
        estimate: SpaceEstimate { own: 3 << 30, others },
    };
    failure(&PullError::NotEnoughSpace { image: image(), shortage: Box::new(shortage) })
}

fn disk_full(inodes: Option<u64>, need: Option<u64>) -> Failure {
    let space = FreeSpace { free: 1 << 20, inodes };
    let disk = Box::new(DiskFull { root: PathBuf::from("/var/lib/docker"), space, need });
    let cause = message("write /var/lib/docker/tmp/x: no space left on device");
    failure(&PullError::DiskFull { image: image(), disk, cause })
}

fn outage() -> Failure {
    Failure {
        link: Link::Secret,
        class: Class::Unavailable,
        resource: Printable::new("arn:aws:secretsmanager:eu-west-1:111122223333:secret:app"),
        message: Printable::new("Secrets Manager is unavailable"),
        caused_by: vec![Printable::new("connection refused")],
        hint: None,
    }
}

fn missing_behind_a_rule() -> Failure {
    let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    let image = ImageReference::parse(&format!("{host}/docker-hub/team/app:1")).unwrap();
    let Ok(RegistryKind::Ecr(registry)) = RegistryKind::from_image(&image) else { panic!("{image} is in ECR") };
    let need = Need::Ecr { registry, identity: Identity::Host };
    let cause = message("manifest unknown: manifest unknown");
    let absent = failure(&PullError::Engine {
        image: image.clone(),
        context: Box::new(PullContext::with_login(SentLogin::unremarkable())),
        cause,
    });
    let rule = PlannedPull { image, need, platform: None, pull_through: None };
    fallback::add_rule_hint(absent, &rule, &ImageReference::parse("team/app:1").unwrap())
}

#[test]
fn errors_read_well() {
    let limit = Duration::from_secs(90);
    let timed_out = |stage, last| failure(&PullError::TimedOut { image: image(), limit, stage, last });
    let last = PullError::Engine {
        image: image(),
        context: Box::new(PullContext::with_login(SentLogin::unremarkable())),
        cause: message("503 Service Unavailable"),
    };
    let unverified = |local: &[&str]| {
        let local = local.iter().map(|digest| (*digest).to_owned()).collect();
        failure(&PullError::Unverified { image: image(), digest: "sha256:aa".to_owned(), local })
    };
    let wrong_platform =
        PullError::WrongPlatform { image: image(), requested: "linux/arm64".into(), found: "linux/amd64".into() };
    let missing_platform = PullError::MissingPlatform {
        image: image(),
        requested: Some("linux/amd64".into()),
        available: vec!["linux/arm64".to_owned(), "linux/arm/v7".to_owned()],
        cause: message("no matching manifest for linux/amd64 in the manifest list entries"),
    };
    let name = Box::new(ImageReference::parse("team/app:1").unwrap());
    let tag_failed = PullError::TagFailed { image: image(), name, cause: message("no such image") };
    let cancelled = |reason| failure(&PullError::Cancelled { image: image(), reason });
    let refusal = || from_engine(false, message("unauthorized: authentication required"));
    let garbled = EngineError::UnexpectedResponse {
        host: "unix:///var/run/docker.sock".to_owned(),
        detail: "cut off".to_owned(),
    };
    let gone = EngineError::Unreachable {
        host: "unix:///var/run/docker.sock".to_owned(),
        reason: UnreachableReason::ConnectionRefused,
    };
    let errors = catalogue::render([
        ("refused by the registry", refusal()),
        ("refused without credentials", from_engine(true, message("unauthorized: authentication required"))),
        ("engine message that no rule knows", from_engine(false, message("the flux capacitor is empty"))),
        ("engine gone", from_engine(false, gone)),
        ("unreadable pull stream", from_engine(false, garbled)),
        ("not enough space", shortage(None, 0)),
        ("not enough space with concurrent pulls", shortage(Some(7), 1 << 20)),
        ("no inodes", shortage(Some(0), 0)),
        ("disk full", disk_full(None, None)),
        ("disk full, need known", disk_full(Some(9), Some(3 << 30))),
        ("disk full, no inodes", disk_full(Some(0), None)),
        ("no answer", failure(&PullError::NoAnswer { image: image(), limit })),
        ("stalled", failure(&PullError::Stalled { image: image(), limit })),
        ("timed out without an answer", timed_out(PullStage::Silent, None)),
        ("timed out while layers came", timed_out(PullStage::Layers, None)),
        ("timed out after failed attempts", timed_out(PullStage::Silent, Some(Box::new(last)))),
        ("no build for the platform", failure(&missing_platform)),
        ("another local image", unverified(&["sha256:bb"])),
        ("another local image without a digest", unverified(&[])),
        ("wrong platform", failure(&wrong_platform)),
        ("tag failed", failure(&tag_failed)),
        ("interrupted", cancelled(CancelReason::Interrupt)),
        ("cancelled by --fail-fast", cancelled(CancelReason::FailFast)),
        ("pull-through cache without the image", missing_behind_a_rule()),
        ("provisional refusal", PullFailure::provisional(refusal(), &outage()).into_failure()),
        ("quarantined credential", PullFailure::credential_quarantined(&image(), &outage()).into_failure()),
    ]);
    insta::assert_snapshot!(errors);
}
