//! The names that an explanation and a hint are filled with: host, Region, repository, bucket.

use crate::answers::answer::Answer;
use crate::answers::sent_login::SentLogin;
use crate::plan::{EcrRegistry, RegistryKind};
use crate::task::{ImageReference, ImageVersion};

/// The name of the host at which engines ask for Docker Hub's images.
const DOCKER_HUB_HOST: &str = "registry-1.docker.io";

/// The prefixes that ECR's console proposes for pull-through cache rules, with their upstreams.
const UPSTREAMS: [(&str, &str); 6] = [
    ("docker-hub", "registry-1.docker.io"),
    ("ecr-public", "public.ecr.aws"),
    ("quay", "quay.io"),
    ("kubernetes", "registry.k8s.io"),
    ("github", "ghcr.io"),
    ("gitlab", "registry.gitlab.com"),
];

/// The names in an explanation or a hint. A template contains each as `{name}`.
pub(crate) struct Facts {
    names: Vec<(&'static str, String)>,
    /// The registry of the image, if it is in ECR.
    pub(crate) ecr: Option<EcrRegistry>,
}

/// All names that a template may contain.
const NAMES: &[&str] = &[
    "image",
    "repository",
    "host",
    "server",
    "address",
    "name",
    "status",
    "for_whom",
    "account",
    "region",
    "prefix",
    "upstream",
    "bucket",
    "bucket_arn",
    "bucket_host",
];

impl Facts {
    /// The names of an answer about an image.
    pub(crate) fn new(answer: &Answer, image: &ImageReference, login: &SentLogin) -> Self {
        let ecr = match RegistryKind::from_image(image) {
            Ok(RegistryKind::Ecr(ecr)) => Some(ecr),
            _ => None,
        };
        let host = if image.registry() == ImageReference::DOCKER_HUB { DOCKER_HUB_HOST } else { image.registry() };
        let server = answer.host.as_deref().unwrap_or(host);
        let (name, port) = split_port(server);
        let for_whom = match login {
            SentLogin::Anonymous => "for this address, from which pulls come without a login,",
            SentLogin::Login { .. } => "of this account",
        };
        let mut names = vec![
            ("image", full_name(image)),
            ("repository", image.repository().to_owned()),
            ("host", host.to_owned()),
            ("server", server.to_owned()),
            ("address", format!("{name}:{port}")),
            ("name", name.trim_matches(['[', ']']).to_owned()),
            ("for_whom", for_whom.to_owned()),
        ];
        names.extend(answer.status.map(|status| ("status", status.to_string())));
        if let Some(ecr) = &ecr {
            names.extend(ecr_names(ecr, image));
        }
        Self { names, ecr }
    }

    /// Fills a template. A name that is not known stays as a placeholder in capitals.
    pub(crate) fn fill(&self, template: &'static str) -> String {
        let known = self.names.iter().map(|(name, value)| (*name, value.clone()));
        let placeholders = NAMES.iter().map(|name| (*name, name.to_uppercase()));
        known.chain(placeholders).fold(template.to_owned(), |text, (name, value)| {
            let mark = format!("{{{name}}}");
            if text.contains(&mark) { text.replace(&mark, &value) } else { text }
        })
    }
}

/// Fills a template with placeholders, for the reference.
pub(crate) fn with_placeholders(template: &'static str) -> String {
    Facts { names: vec![("for_whom", "of an account or an address".to_owned())], ecr: None }.fill(template)
}

fn ecr_names(ecr: &EcrRegistry, image: &ImageReference) -> Vec<(&'static str, String)> {
    let (region, partition) = (ecr.region.as_str(), ecr.region.partition());
    let bucket = format!("prod-{region}-starport-layer-bucket");
    let domain = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
    let prefix = image.repository().split('/').next().unwrap_or_default();
    let upstream = UPSTREAMS.iter().find(|(usual, _)| *usual == prefix);
    let mut names = vec![
        ("account", ecr.account.clone()),
        ("region", region.to_owned()),
        ("prefix", prefix.to_owned()),
        ("bucket_arn", format!("arn:{partition}:s3:::{bucket}")),
        ("bucket_host", format!("{bucket}.s3.{region}.{domain}")),
        ("bucket", bucket),
    ];
    names.extend(upstream.map(|(_, host)| ("upstream", (*host).to_owned())));
    names
}

fn full_name(image: &ImageReference) -> String {
    let separator = if matches!(image.version(), ImageVersion::Digest(_)) { '@' } else { ':' };
    format!("{}{separator}{}", image.name(), image.version().as_str())
}

/// Splits `host[:port]`; without a port it is that of HTTPS. The colons within the brackets of an
/// IPv6 address are not a port.
fn split_port(host: &str) -> (&str, &str) {
    match host.rsplit_once(':') {
        Some((name, port)) if !host.ends_with(']') => (name, port),
        _ => (host, "443"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, SentLogin, with_placeholders};
    use crate::answers::answer::Answer;
    use crate::answers::answer_source::AnswerSource;
    use crate::task::ImageReference;

    fn fill(image: &str, host: Option<&str>, template: &'static str) -> String {
        let mut answer = Answer::from_response(AnswerSource::Engine, 500, b"");
        answer.host = host.map(str::to_owned);
        Facts::new(&answer, &ImageReference::parse(image).unwrap(), &SentLogin::Anonymous).fill(template)
    }

    #[test]
    fn commands_name_the_host_that_was_asked() {
        let connect = "openssl s_client -connect {address} -servername {name}";
        assert_eq!(
            fill("r.example:5000/a", None, connect),
            "openssl s_client -connect r.example:5000 -servername r.example"
        );
        assert_eq!(fill("nginx", None, "{address}"), "registry-1.docker.io:443");
        assert_eq!(
            fill("nginx", Some("auth.docker.io"), "{address} {host}"),
            "auth.docker.io:443 registry-1.docker.io"
        );
        assert_eq!(fill("[2600::1]:5000/a", None, "{address} {name}"), "[2600::1]:5000 2600::1");
    }

    #[test]
    fn the_bucket_is_that_of_the_partition() {
        for (host, arn, bucket_host) in [
            (
                "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
                "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket",
                "prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com",
            ),
            (
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket",
                "prod-cn-north-1-starport-layer-bucket.s3.cn-north-1.amazonaws.com.cn",
            ),
            (
                "111122223333.dkr.ecr.us-gov-west-1.amazonaws.com",
                "arn:aws-us-gov:s3:::prod-us-gov-west-1-starport-layer-bucket",
                "prod-us-gov-west-1-starport-layer-bucket.s3.us-gov-west-1.amazonaws.com",
            ),
        ] {
            assert_eq!(fill(&format!("{host}/a"), None, "{bucket_arn} {bucket_host}"), format!("{arn} {bucket_host}"));
        }
    }

    #[test]
    fn an_unknown_name_stays_a_placeholder() {
        assert_eq!(with_placeholders("--region {region} '{{.HTTPProxy}}'"), "--region REGION '{{.HTTPProxy}}'");
    }
}
