//! `[[rewrite]]`: which upstream images are pulled through a rule of ECR's pull-through cache,
//! and under which name the rule has them.
//!
//! Registries are compared as whole hosts, paths by whole segments; the longest path that covers
//! an image says where it is, and is replaced as a whole. A rewrite leads from what is no private
//! ECR registry to one that is, so none leads on to another.

use super::registry::{EcrHostFault, Registry, canonical};
use crate::config::RewriteEntry;
use crate::error::{Class, Explain, Link};
use crate::task::{ImageReference, ImageReferenceError, RegistryHost};

/// The rewrites of one host; what each of them covers stands there once at most.
#[derive(Clone, Debug, Default)]
pub struct Rewrites(Vec<Rewrite>);

/// One of them.
#[derive(Clone, Debug)]
struct Rewrite {
    /// The upstream's registry, in the one spelling that its names have here.
    registry: String,
    /// The path in it, empty for all of it.
    path: String,
    /// What takes their place: a host and the rule's prefix, if it has one.
    to: String,
}

/// An entry of `rewrite` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// Not a registry, or not a path in one.
    #[error("rewrite: from `{0}` is not a registry's host, or that and the beginning of a repository's name")]
    From(String),
    /// An image in ECR needs no rule.
    #[error("rewrite: from `{0}` is a private ECR registry, and not an upstream of one")]
    FromEcr(String),
    /// The same a second time.
    #[error("rewrite: from `{0}` stands there twice")]
    Twice(String),
    /// Not a registry with a prefix.
    #[error("rewrite: to `{to}` of `{from}` is not an ECR registry's host, or that and a rule's prefix")]
    To {
        /// The upstream.
        from: String,
        /// The text.
        to: String,
    },
    /// A host that is written like ECR's and is none.
    #[error("rewrite: to `{to}` of `{from}` is not an ECR registry's host")]
    Host {
        /// The upstream.
        from: String,
        /// The text.
        to: String,
        /// What is wrong with it.
        source: EcrHostFault,
    },
}

impl Explain for RewriteError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "rewrite".to_owned()
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::From(_) => {
                "write the host: `docker.io`, `ghcr.io`, `docker.io/library`; without tag and slash at its end"
            }
            Self::FromEcr(_) => "name the registry that the rule pulls from: `docker.io`, `ghcr.io`",
            Self::Twice(_) => "one upstream has one rule; Docker Hub has several names and is one upstream",
            Self::To { .. } | Self::Host { .. } => {
                "it is `ACCOUNT.dkr.ecr.REGION.amazonaws.com/PREFIX`, without a prefix for a rule with ROOT: `aws ecr describe-pull-through-cache-rules` prints the prefixes"
            }
        };
        Some(hint.to_owned())
    }
}

/// The rule's name for an image is no name.
#[derive(Debug, thiserror::Error)]
#[error("image {image}: `[[rewrite]]` makes `{name}` of it, which is no image reference")]
pub struct RewrittenError {
    image: String,
    name: String,
    source: ImageReferenceError,
}

impl Explain for RewrittenError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        self.image.clone()
    }

    fn hint(&self) -> Option<String> {
        Some("what `from` says is replaced by what `to` says: see that the rest is a repository's name".to_owned())
    }
}

impl Rewrites {
    /// The rewrites of these entries.
    ///
    /// # Errors
    /// [`RewriteError`], naming the upstream.
    pub fn new(entries: &[RewriteEntry]) -> Result<Self, RewriteError> {
        let mut rewrites: Vec<Rewrite> = Vec::new();
        for RewriteEntry { from, to } in entries {
            let rewrite = Rewrite::new(from, to)?;
            if rewrites.iter().any(|other| (&other.registry, &other.path) == (&rewrite.registry, &rewrite.path)) {
                return Err(RewriteError::Twice(from.clone()));
            }
            rewrites.push(rewrite);
        }
        rewrites.sort_by_key(|rewrite| std::cmp::Reverse(rewrite.path.len()));
        Ok(Self(rewrites))
    }

    /// The image as a rule has it, where one covers it.
    ///
    /// # Errors
    /// [`RewrittenError`], where that would be no image.
    pub fn of(&self, image: &ImageReference) -> Result<Option<ImageReference>, RewrittenError> {
        let registry = canonical(image.registry());
        let mut of_registry = self.0.iter().filter(|rewrite| rewrite.registry == registry);
        let Some(name) = of_registry.find_map(|rewrite| rewrite.name(image.repository())) else {
            return Ok(None);
        };
        let rewritten = image.with_name(&name);
        rewritten.map(Some).map_err(|source| RewrittenError { image: image.to_string(), name, source })
    }
}

impl Rewrite {
    fn new(from: &str, to: &str) -> Result<Self, RewriteError> {
        let wrong_from = || RewriteError::From(RegistryHost::redact(from));
        let (upstream, path) = parts(from).ok_or_else(wrong_from)?;
        // One that is written like ECR's and is none is nobody's upstream either.
        if !matches!(Registry::of(&upstream), Ok(registry) if !matches!(registry, Registry::Ecr(_))) {
            return Err(RewriteError::FromEcr(from.to_owned()));
        }
        let (from, to) = (from.to_owned(), to.to_owned());
        let Some((rule, _)) = parts(&to) else {
            return Err(RewriteError::To { from, to: RegistryHost::redact(&to) });
        };
        match Registry::of(&rule) {
            Ok(Registry::Ecr(_)) => Ok(Self { registry: canonical(upstream.registry()), path, to }),
            Ok(_) => Err(RewriteError::To { from, to }),
            Err(source) => Err(RewriteError::Host { from, to, source }),
        }
    }

    /// `registry/repository` behind the rule, if this covers the repository.
    fn name(&self, repository: &str) -> Option<String> {
        let Self { path, to, .. } = self;
        let rest = repository.strip_prefix(path.as_str())?;
        match rest.strip_prefix('/') {
            _ if path.is_empty() => Some(format!("{to}/{rest}")),
            Some(rest) => Some(format!("{to}/{rest}")),
            None => rest.is_empty().then(|| to.clone()),
        }
    }
}

/// Some image of a registry, and the path in the registry that the text names.
fn parts(text: &str) -> Option<(ImageReference, String)> {
    let (host, path) = match text.split_once('/') {
        Some((_, "")) => return None,
        Some((host, path)) => (host, path),
        None => (text, ""),
    };
    // Two segments, to which Docker Hub adds none, tell a host from the beginning of a path.
    let image = ImageReference::parse(&format!("{host}/x/x")).ok().filter(|image| image.repository() == "x/x")?;
    let is_path = path.is_empty() || ImageReference::parse(&format!("{host}/{path}/x")).is_ok();
    is_path.then(|| (image, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{RewriteError, Rewrites};
    use crate::config::RewriteEntry;
    use crate::task::ImageReference;

    const RULE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    /// The rewrites of these pairs: from an upstream, to a rule.
    fn rewrites(pairs: &[(&str, &str)]) -> Result<Rewrites, RewriteError> {
        let entry = |(from, to): &(&str, &str)| RewriteEntry { from: (*from).to_owned(), to: (*to).to_owned() };
        Rewrites::new(&pairs.iter().map(entry).collect::<Vec<_>>())
    }

    fn rewritten(entries: &[(&str, &str)], image: &str) -> String {
        let rewrites = rewrites(entries).unwrap();
        let rewritten = rewrites.of(&ImageReference::parse(image).unwrap()).unwrap();
        rewritten.map_or_else(|| "-".to_owned(), |image| image.to_string().replace(RULE, "RULE"))
    }

    #[test]
    fn each_image_has_the_name_that_its_rule_gives_it() {
        let to = |prefix: &str| format!("{RULE}{prefix}");
        let (hub, official, team, ghcr) = (to("/docker-hub"), to("/official"), to("/hub/team"), to("/ghcr"));
        let (root, quay, port) = (to(""), to("/quay"), to("/own"));
        let entries = [
            ("docker.io", &*hub),
            ("docker.io/library", &official),
            ("docker.io/team", &team),
            ("ghcr.io/owner", &ghcr),
            ("public.ecr.aws", &root),
            ("quay.io/org/app", &quay),
            ("registry.example:5000", &port),
        ];
        let table = [
            // Docker Hub in all its spellings, official images in their own place.
            ("nginx", "RULE/official/nginx:latest"),
            ("library/nginx:1", "RULE/official/nginx:1"),
            ("docker.io/library/nginx:1", "RULE/official/nginx:1"),
            ("docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("index.docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("Index.Docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("registry-1.docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("docker.io:443/other/app:1", "RULE/docker-hub/other/app:1"),
            // The longest path wins, by whole segments.
            ("team/app:1", "RULE/hub/team/app:1"),
            ("team/deep/app:1", "RULE/hub/team/deep/app:1"),
            ("teamwork/app:1", "RULE/docker-hub/teamwork/app:1"),
            ("librarynginx", "RULE/official/librarynginx:latest"),
            // A path in a registry whose rest is not covered.
            ("ghcr.io/owner/app:1", "RULE/ghcr/app:1"),
            ("GHCR.io/owner/app:1", "RULE/ghcr/app:1"),
            ("ghcr.io/owners/app:1", "-"),
            ("ghcr.io/other/owner/app:1", "-"),
            // ROOT, one repository, a port that is another registry's.
            ("public.ecr.aws/docker/library/nginx:1", "RULE/docker/library/nginx:1"),
            ("ecr-public.aws.com/docker/library/nginx:1", "RULE/docker/library/nginx:1"),
            ("quay.io/org/app:1", "RULE/quay:1"),
            ("quay.io/org/app/sub:1", "RULE/quay/sub:1"),
            ("quay.io/org/apple:1", "-"),
            ("registry.example:5000/a:1", "RULE/own/a:1"),
            ("registry.example/a:1", "-"),
            ("registry.example:5001/a:1", "-"),
            // A host is compared as a whole, and what is behind a rule stays where it is.
            ("docker.io.example/team/app:1", "-"),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1", "-"),
        ];
        for (image, name) in table {
            assert_eq!(rewritten(&entries, image), name, "{image}");
        }
    }

    #[test]
    fn every_name_of_docker_hub_is_one_upstream() {
        for from in ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.io", "docker.io:443"] {
            assert_eq!(rewritten(&[(from, RULE)], "nginx:1"), "RULE/library/nginx:1", "{from}");
            let error = rewrites(&[("docker.io", RULE), (from, RULE)]).unwrap_err();
            assert!(matches!(error, RewriteError::Twice(_)), "{from}");
        }
    }

    #[test]
    fn a_digest_stays_what_it_is() {
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(
            rewritten(&[("docker.io", RULE)], &format!("nginx@{digest}")),
            format!("RULE/library/nginx@{digest}")
        );
    }

    #[test]
    fn a_slip_in_an_entry_is_named() {
        let wrong = |from: &str, to: &str| rewrites(&[(from, to)]).unwrap_err();
        for from in ["", "docker.io/", "docker.io//team", "nginx", "team/app", "https://docker.io", "docker.io/Team"] {
            assert!(matches!(wrong(from, RULE), RewriteError::From(_)), "{from}");
        }
        for from in ["docker.io/team:1", "docker.io/team@sha256:0", "docker.io/team/", " docker.io"] {
            assert!(matches!(wrong(from, RULE), RewriteError::From(_)), "{from}");
        }
        for from in
            [RULE, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub", "1.dkr.ecr.eu-west-1.amazonaws.com"]
        {
            assert!(matches!(wrong(from, RULE), RewriteError::FromEcr(_)), "{from}");
        }
        for to in
            ["", "docker-hub", "ghcr.io/x", "public.ecr.aws/x", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:1"]
        {
            assert!(matches!(wrong("docker.io", to), RewriteError::To { .. }), "{to}");
        }
        for (from, to) in [("me:hunter2@docker.io", RULE), ("docker.io", "me:hunter2@111122223333.dkr")] {
            assert!(!wrong(from, to).to_string().contains("hunter2"), "{from}");
        }
        let twelve = wrong("docker.io", "1111.dkr.ecr.eu-west-1.amazonaws.com/docker-hub");
        assert!(matches!(twelve, RewriteError::Host { .. }), "{twelve}");
    }

    #[test]
    fn a_name_that_a_rule_makes_too_long_is_an_error_and_no_other_image() {
        let rewrites = rewrites(&[("docker.io", RULE), ("quay.io/org/app", RULE)]).unwrap();
        let image = |text: &str| ImageReference::parse(text).unwrap();
        assert!(rewrites.of(&image(&format!("team/{}", "a".repeat(220)))).is_err());
        assert!(rewrites.of(&image("quay.io/org/app:1")).is_err(), "nothing is left for a repository's name");
    }
}
