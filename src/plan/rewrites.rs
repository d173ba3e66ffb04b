//! `[[rewrite]]`: the upstream images that are pulled through a rule of ECR's pull-through cache,
//! and their names behind the rule.
//!
//! Registries are compared as whole hosts, and paths by whole segments. The entry with the longest
//! matching path applies, and its path is replaced as a whole. An entry leads from a registry that
//! is not private ECR to one that is, so no entry applies to the result of another.

use super::{
    registry::RegistryKind, registry::canonical_name, rewrite_error::ImageRewriteError, rewrite_error::RewriteError,
};
use crate::config::RewriteEntry;
use crate::error::Excerpt;
use crate::task::{Field, ImageReference, Slip};

/// The rewrites of a host, longest path first; an upstream path has at most one.
#[derive(Clone, Debug, Default)]
pub struct Rewrites(Vec<Rewrite>);

#[derive(Clone, Debug)]
struct Rewrite {
    /// The canonical name of the upstream registry.
    registry: String,
    /// The path in the upstream registry; empty for the whole registry.
    path: String,
    /// The replacement: the host of the ECR registry, and the prefix of the rule if it has one.
    to: String,
}

impl Rewrites {
    /// Checks the entries of the configuration.
    ///
    /// # Errors
    /// [`RewriteError`], naming the upstream registry.
    pub fn new(entries: &[RewriteEntry]) -> Result<Self, RewriteError> {
        let mut rewrites: Vec<Rewrite> = Vec::new();
        for RewriteEntry { from, to } in entries {
            let rewrite = Rewrite::parse(from, to)?;
            if rewrites.iter().any(|other| (&other.registry, &other.path) == (&rewrite.registry, &rewrite.path)) {
                return Err(RewriteError::Duplicate(excerpt(from)));
            }
            rewrites.push(rewrite);
        }
        rewrites.sort_by_key(|rewrite| std::cmp::Reverse(rewrite.path.len()));
        Ok(Self(rewrites))
    }

    /// The image's name behind a rule; `None` if no entry applies to it.
    ///
    /// # Errors
    /// [`ImageRewriteError`] if the result is not an image reference.
    pub fn rewrite(&self, image: &ImageReference) -> Result<Option<ImageReference>, ImageRewriteError> {
        let registry = canonical_name(image.registry());
        let mut candidates = self.0.iter().filter(|rewrite| rewrite.registry == registry);
        let Some(name) = candidates.find_map(|rewrite| rewrite.apply(image.repository())) else {
            return Ok(None);
        };
        let rewritten = image.with_name(&name);
        rewritten.map(Some).map_err(|source| ImageRewriteError { image: image.to_string(), name, source })
    }
}

impl Rewrite {
    fn parse(from: &str, to: &str) -> Result<Self, RewriteError> {
        let slip = |text: &str| {
            Slip::find(Field::RegistryHost, text).map(|slip| RewriteError::Slip { text: excerpt(text), slip })
        };
        let from_error = || slip(from).unwrap_or_else(|| RewriteError::From(excerpt(from)));
        let (upstream, path) = parse_path(from).ok_or_else(from_error)?;
        // A host that only looks like ECR is not an upstream registry either.
        if matches!(RegistryKind::from_image(&upstream), Ok(RegistryKind::Ecr(_)) | Err(_)) {
            return Err(RewriteError::FromEcr(excerpt(from)));
        }
        let (from, shown) = (excerpt(from), excerpt(to));
        let Some((rule, _)) = parse_path(to) else {
            return Err(slip(to).unwrap_or(RewriteError::To { from, to: shown }));
        };
        match RegistryKind::from_image(&rule) {
            Ok(RegistryKind::Ecr(_)) => {
                Ok(Self { registry: canonical_name(upstream.registry()), path, to: to.to_owned() })
            }
            Ok(_) => Err(RewriteError::To { from, to: shown }),
            Err(source) => Err(RewriteError::Host { from, to: shown, source }),
        }
    }

    /// `registry/repository` behind the rule, if this entry covers the repository.
    fn apply(&self, repository: &str) -> Option<String> {
        let Self { path, to, .. } = self;
        let rest = repository.strip_prefix(path.as_str())?;
        match rest.strip_prefix('/') {
            _ if path.is_empty() => Some(format!("{to}/{rest}")),
            Some(rest) => Some(format!("{to}/{rest}")),
            None => rest.is_empty().then(|| to.clone()),
        }
    }
}

fn excerpt(text: &str) -> Excerpt {
    Field::RegistryHost.text(text).whole()
}

/// Splits `host[/path]` into an example image of the registry and the path.
fn parse_path(text: &str) -> Option<(ImageReference, String)> {
    let (host, path) = match text.split_once('/') {
        Some((_, "")) => return None,
        Some((host, path)) => (host, path),
        None => (text, ""),
    };
    // With two segments, to which Docker Hub adds none, a text that is not a host becomes a part
    // of the repository.
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

    /// The rewrites of pairs of `from` and `to`.
    fn rewrites(pairs: &[(&str, &str)]) -> Result<Rewrites, RewriteError> {
        let entry = |(from, to): &(&str, &str)| RewriteEntry { from: (*from).to_owned(), to: (*to).to_owned() };
        Rewrites::new(&pairs.iter().map(entry).collect::<Vec<_>>())
    }

    fn rewritten(entries: &[(&str, &str)], image: &str) -> String {
        let rewrites = rewrites(entries).unwrap();
        let rewritten = rewrites.rewrite(&ImageReference::parse(image).unwrap()).unwrap();
        rewritten.map_or_else(|| "-".to_owned(), |image| image.to_string().replace(RULE, "RULE"))
    }

    #[test]
    fn each_image_gets_the_name_behind_its_rule() {
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
            // All names of Docker Hub; official images have their own rule.
            ("nginx", "RULE/official/nginx:latest"),
            ("library/nginx:1", "RULE/official/nginx:1"),
            ("docker.io/library/nginx:1", "RULE/official/nginx:1"),
            ("docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("index.docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("Index.Docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("registry-1.docker.io/other/app:1", "RULE/docker-hub/other/app:1"),
            ("docker.io:443/other/app:1", "RULE/docker-hub/other/app:1"),
            // The longest path applies, by whole segments.
            ("team/app:1", "RULE/hub/team/app:1"),
            ("team/deep/app:1", "RULE/hub/team/deep/app:1"),
            ("teamwork/app:1", "RULE/docker-hub/teamwork/app:1"),
            ("librarynginx", "RULE/official/librarynginx:latest"),
            // A path in a registry that is not covered otherwise.
            ("ghcr.io/owner/app:1", "RULE/ghcr/app:1"),
            ("GHCR.io/owner/app:1", "RULE/ghcr/app:1"),
            ("ghcr.io/owners/app:1", "-"),
            ("ghcr.io/other/owner/app:1", "-"),
            // ROOT, one repository, a port that makes a different registry.
            ("public.ecr.aws/docker/library/nginx:1", "RULE/docker/library/nginx:1"),
            ("ecr-public.aws.com/docker/library/nginx:1", "RULE/docker/library/nginx:1"),
            ("quay.io/org/app:1", "RULE/quay:1"),
            ("quay.io/org/app/sub:1", "RULE/quay/sub:1"),
            ("quay.io/org/apple:1", "-"),
            ("registry.example:5000/a:1", "RULE/own/a:1"),
            ("registry.example/a:1", "-"),
            ("registry.example:5001/a:1", "-"),
            // A host is compared as a whole, and an image in ECR is not rewritten.
            ("docker.io.example/team/app:1", "-"),
            ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1", "-"),
        ];
        for (image, name) in table {
            assert_eq!(rewritten(&entries, image), name, "{image}");
        }
    }

    #[test]
    fn all_names_of_docker_hub_are_one_upstream() {
        for from in ["docker.io", "index.docker.io", "registry-1.docker.io", "Docker.io", "docker.io:443"] {
            assert_eq!(rewritten(&[(from, RULE)], "nginx:1"), "RULE/library/nginx:1", "{from}");
            let error = rewrites(&[("docker.io", RULE), (from, RULE)]).unwrap_err();
            assert!(matches!(error, RewriteError::Duplicate(_)), "{from}");
        }
    }

    #[test]
    fn a_rewrite_keeps_the_digest() {
        let digest = format!("sha256:{}", "0".repeat(64));
        assert_eq!(
            rewritten(&[("docker.io", RULE)], &format!("nginx@{digest}")),
            format!("RULE/library/nginx@{digest}")
        );
    }

    #[test]
    fn a_wrong_entry_is_refused() {
        let error = |from: &str, to: &str| rewrites(&[(from, to)]).unwrap_err();
        for from in ["", "docker.io/", "docker.io//team", "nginx", "team/app", "https://docker.io", "docker.io/Team"] {
            assert!(matches!(error(from, RULE), RewriteError::From(_) | RewriteError::Slip { .. }), "{from}");
        }
        for from in ["docker.io/team:1", "docker.io/team@sha256:0", "docker.io/team/", " docker.io"] {
            assert!(matches!(error(from, RULE), RewriteError::From(_) | RewriteError::Slip { .. }), "{from}");
        }
        for from in
            [RULE, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub", "1.dkr.ecr.eu-west-1.amazonaws.com"]
        {
            assert!(matches!(error(from, RULE), RewriteError::FromEcr(_)), "{from}");
        }
        for to in
            ["", "docker-hub", "ghcr.io/x", "public.ecr.aws/x", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a:1"]
        {
            assert!(matches!(error("docker.io", to), RewriteError::To { .. }), "{to}");
        }
        for (from, to) in [("me:hunter2@docker.io", RULE), ("docker.io", "me:hunter2@111122223333.dkr")] {
            assert!(!error(from, to).to_string().contains("hunter2"), "{from}");
        }
        let host = error("docker.io", "1111.dkr.ecr.eu-west-1.amazonaws.com/docker-hub");
        assert!(matches!(host, RewriteError::Host { .. }), "{host}");
    }

    #[test]
    fn a_result_that_is_not_an_image_reference_is_an_error() {
        let rewrites = rewrites(&[("docker.io", RULE), ("quay.io/org/app", RULE)]).unwrap();
        let image = |text: &str| ImageReference::parse(text).unwrap();
        assert!(rewrites.rewrite(&image(&format!("team/{}", "a".repeat(220)))).is_err());
        assert!(rewrites.rewrite(&image("quay.io/org/app:1")).is_err(), "no repository name is left");
    }
}
