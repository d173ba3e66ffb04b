//! The addresses of web pages that people paste in place of an image, a secret or a role.

use super::field::Field;
use crate::task::region::Region;

/// The page of an image, a secret or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebPage {
    /// The name of the web site.
    pub site: &'static str,
    /// What to write in place of the address.
    pub hint: String,
}

/// The parts of an address.
struct Address<'a> {
    host: String,
    segments: Vec<&'a str>,
    query: &'a str,
    fragment: &'a str,
}

impl WebPage {
    /// Finds the page that an address leads to, with or without a scheme.
    pub(super) fn find(field: Field, text: &str) -> Option<Self> {
        let has_scheme = text.contains("://");
        // A secret may be named after a site: `gitlab.com/deploy-token`.
        if !field.is_image() && (!has_scheme || text.starts_with("arn:")) {
            return None;
        }
        let address = Address::parse(text);
        let segments = &address.segments[..];
        let page = |site, image: Option<String>, form: &str| {
            let hint = match image.filter(|image| is_plain_image(image)) {
                Some(image) => format!("write the image: `{image}`"),
                None => format!("write the image as `{form}`"),
            };
            Some(Self { site, hint })
        };
        let host = address.host.strip_prefix("www.").unwrap_or(&address.host);
        match host {
            "hub.docker.com" | "docker.com" | "app.docker.com" | "cloud.docker.com" => {
                page("Docker Hub", docker_hub(segments), "docker.io/NAMESPACE/NAME:TAG")
            }
            "gallery.ecr.aws" => {
                page("ECR Public", joined("public.ecr.aws", segments, 2), "public.ecr.aws/ALIAS/NAME:TAG")
            }
            "github.com" => page("GitHub", github(segments), "ghcr.io/OWNER/NAME:TAG"),
            "quay.io" if segments.first() == Some(&"repository") => {
                page("Quay", joined("quay.io", &segments[1..], 2), "quay.io/NAMESPACE/NAME:TAG")
            }
            "gitlab.com" => page("GitLab", gitlab(segments), "registry.gitlab.com/GROUP/PROJECT:TAG"),
            "console.cloud.google.com" => {
                page("Google Cloud", google(segments), "LOCATION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG")
            }
            "portal.azure.com" => page("Azure", None, "REGISTRY.azurecr.io/NAME:TAG"),
            "catalog.ngc.nvidia.com" => page("NVIDIA NGC", nvidia(segments), "nvcr.io/nvidia/NAME:TAG"),
            "mcr.microsoft.com" if segments.len() > 2 && segments[1] == "product" => {
                let path = segments[2..].split(|part| ["about", "tags"].contains(part)).next().unwrap_or_default();
                page("Microsoft", joined("mcr.microsoft.com", path, path.len()), "mcr.microsoft.com/NAME:TAG")
            }
            "images.chainguard.dev" => {
                let name = segments.iter().skip_while(|part| **part != "image").nth(1);
                page("Chainguard", name.map(|name| format!("cgr.dev/chainguard/{name}")), "cgr.dev/chainguard/NAME:TAG")
            }
            _ if is_aws_console(host) => Some(Self { site: "AWS", hint: address.aws_hint() }),
            _ if has_scheme && segments.starts_with(&["harbor", "projects"]) => {
                page("Harbor", None, "HOST/PROJECT/NAME:TAG")
            }
            _ if has_scheme && (segments.starts_with(&["ui", "repos"]) || segments.starts_with(&["ui", "native"])) => {
                page("Artifactory", None, "HOST/REPOSITORY/NAME:TAG")
            }
            _ if !field.is_image() => Some(Self { site: "an unknown site", hint: format!("write {field}") }),
            _ => None,
        }
    }
}

impl<'a> Address<'a> {
    fn parse(text: &'a str) -> Self {
        let text = ["https://", "http://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, path) = path.split_once('/').unwrap_or((path, ""));
        let segments = path.split('/').filter(|segment| !segment.is_empty()).collect();
        Self { host: host.to_ascii_lowercase(), segments, query, fragment }
    }

    /// The value of a key in the query, or in the query of the fragment.
    fn value(&self, key: &str) -> Option<String> {
        let queries = [self.query, self.fragment.split_once('?').map_or("", |(_, query)| query)];
        let mut pairs = queries.into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(name, _)| *name == key)?.1;
        Some(value.replace("%2F", "/").replace("%2f", "/").replace("%40", "@").replace("%2B", "+"))
    }

    /// The Region of a page of the AWS console.
    fn region(&self) -> Option<Region> {
        let label = self.host.split('.').next().unwrap_or_default();
        Region::parse(label).ok().or_else(|| Region::parse(&self.value("region")?).ok())
    }

    /// What to write in place of the address of a page of the AWS console.
    fn aws_hint(&self) -> String {
        let region = self.region();
        let option = region.as_ref().map(|region| format!(" --region {region}")).unwrap_or_default();
        let fragment: Vec<&str> =
            self.fragment.split(['/', '?']).filter(|part| !part.is_empty() && *part != "!").collect();
        match (&self.segments[..], &fragment[..]) {
            (["ecr", "repositories", "private", account, name @ ..], _) if region.is_some() => {
                let name = name.split(|part| *part == "_").next().unwrap_or_default().join("/");
                let region = region.map(|region| region.to_string()).unwrap_or_default();
                let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                let image = format!("{account}.dkr.ecr.{region}.{domain}/{name}");
                if is_plain_image(&image) {
                    return format!("write the image: `{image}`");
                }
            }
            (["secretsmanager", ..], _) => {
                if let Some(name) = self.value("name").filter(|name| is_plain(name, "/_+=.@-")) {
                    return format!(
                        "write the secret's ARN: `aws secretsmanager describe-secret{option} --secret-id {name} --query ARN --output text` prints it"
                    );
                }
            }
            (["iam" | "iamv2", ..], ["roles", "details", name, ..] | ["roles", name, ..])
                if is_plain(name, "_+=,.@-") =>
            {
                return format!(
                    "write the role's ARN: `aws iam get-role --role-name {name} --query Role.Arn --output text` prints it"
                );
            }
            (["ecs", "v2", "clusters", name, ..], _) if is_plain(name, "_-") => {
                return format!("write the cluster's name: `{name}`");
            }
            (["systems-manager", ..], _) => {
                return "ECS does not accept Parameter Store here: put the credentials in a Secrets Manager secret"
                    .to_owned();
            }
            _ => {}
        }
        "write the ARN or the name that the page shows, not the address of the page".to_owned()
    }
}

fn is_aws_console(host: &str) -> bool {
    ["console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com", "console.aws.eu"]
        .iter()
        .any(|console| host.strip_suffix(console).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn docker_hub(segments: &[&str]) -> Option<String> {
    match segments {
        ["r", namespace, name, ..] | ["layers", namespace, name] | ["repository", "docker", namespace, name, ..] => {
            Some(format!("{namespace}/{name}"))
        }
        ["layers", namespace, name, tag, ..] => Some(format!("{namespace}/{name}:{tag}")),
        ["_", name, ..] => Some((*name).to_owned()),
        _ => None,
    }
}

fn github(segments: &[&str]) -> Option<String> {
    let ([owner, _, "pkgs", "container", name, ..]
    | ["orgs" | "users", owner, "packages", "container", "package", name, ..]) = segments
    else {
        return None;
    };
    Some(format!("ghcr.io/{}/{}", owner.to_lowercase(), name.replace("%2F", "/").to_lowercase()))
}

fn gitlab(segments: &[&str]) -> Option<String> {
    let end = segments.iter().position(|part| ["-", "container_registry"].contains(part)).unwrap_or(segments.len());
    (end > 1).then(|| format!("registry.gitlab.com/{}", segments[..end].join("/").to_lowercase()))
}

fn google(segments: &[&str]) -> Option<String> {
    match segments {
        ["gcr", "images", project, "global" | "GLOBAL", name @ ..] | ["gcr", "images", project, name @ ..] => {
            (!name.is_empty()).then(|| format!("gcr.io/{project}/{}", name.join("/")))
        }
        ["artifacts", "docker", project, location, repository, name, ..] => {
            Some(format!("{location}-docker.pkg.dev/{project}/{repository}/{name}"))
        }
        _ => None,
    }
}

fn nvidia(segments: &[&str]) -> Option<String> {
    match segments {
        ["orgs", organization, "containers", name, ..] => Some(format!("nvcr.io/{organization}/{name}")),
        ["orgs", organization, "teams", team, "containers", name, ..] => {
            Some(format!("nvcr.io/{organization}/{team}/{name}"))
        }
        _ => None,
    }
}

/// The first segments behind a registry's host, if there are so many.
fn joined(host: &str, segments: &[&str], count: usize) -> Option<String> {
    (segments.len() >= count && count > 0).then(|| format!("{host}/{}", segments[..count].join("/")))
}

fn is_plain_image(image: &str) -> bool {
    is_plain(image, "._-/:") && !image.bytes().any(|b| b.is_ascii_uppercase()) && !image.ends_with(['/', ':'])
}

fn is_plain(text: &str, punctuation: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || punctuation.contains(c))
}
