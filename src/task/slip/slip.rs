//! A value that is in the wrong form or in the wrong field.

use super::blank_word::{is_blank, is_certain_blank, is_unnumbered};
use super::{field::Field, web_page::WebPage, white_space::WhiteSpace};
use crate::error::{Excerpt, InputText, find_placeholder};
use crate::task::region::Region;

/// A value that is in the wrong form or in the wrong field, and what was meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Slip {
    /// The value is in quotes; the value without them is given.
    #[error("it is in quotes, which are not a part of the value")]
    Quotes(Excerpt),
    /// The value is JSON, or has JSON within.
    #[error("it contains JSON, and should be {0}")]
    Json(Field),
    /// The value is a login or a token, or has one within.
    #[error("it looks like a login or contains one, and should be {0}")]
    Login(Field),
    /// A part of a template or of a document was not replaced by a value.
    #[error("`{0}` looks like a placeholder that was not filled in")]
    Placeholder(Excerpt),
    /// The value is the address of a web page, not what the page is about.
    #[error("it is the address of a web page ({}), and should be {}", .0.site, .1)]
    WebPage(Box<WebPage>, Field),
    /// The value is a command or has a prefix of one; the value without it is given.
    #[error("it is a command or begins like one, and should be {0}")]
    Command(Field, Option<Excerpt>),
    /// The value is the ARN of another resource: its service, and the image that it means if it is a repository.
    #[error("it is an ARN of the service `{service}`, and should be an image")]
    ArnForImage {
        /// The service of the ARN.
        service: Excerpt,
        /// The image in the repository that the ARN names.
        image: Option<Excerpt>,
    },
    /// The value is an image, and should be something else.
    #[error("it looks like an image, and should be {0}")]
    ImageFor(Field),
    /// The value has white space or invisible characters; the value without those at its ends is given.
    #[error("{0}")]
    WhiteSpace(WhiteSpace, Excerpt),
    /// The value begins with a character that separates parts, and no part is in front of it.
    #[error("it begins with `{0}`, and nothing is in front of it")]
    Leading(Excerpt),
    /// The value ends with a character that separates parts, and no part is behind it.
    #[error("it ends with `{0}`, and nothing follows it")]
    Trailing(Excerpt),
    /// The value has a wildcard, as in a policy.
    #[error("it has the wildcard `{0}`, and should be {1}")]
    Wildcard(char, Field),
}

impl Slip {
    /// Finds the slip in the value of a field; `None` for a value that a parser can judge.
    #[must_use]
    pub fn find(field: Field, value: &str) -> Option<Self> {
        let input = field.text(value);
        let trimmed = WhiteSpace::trim(value);
        if trimmed.is_empty() {
            return None;
        }
        find_quotes(&input, trimmed)
            .or_else(|| is_json(trimmed).then_some(Self::Json(field)))
            .or_else(|| input.holds_login().then_some(Self::Login(field)))
            .or_else(|| find_blank(field, trimmed).map(|blank| Self::Placeholder(input.part(blank))))
            .or_else(|| WebPage::find(field, trimmed).map(|page| Self::WebPage(Box::new(page), field)))
            .or_else(|| find_command(field, trimmed, &input))
            .or_else(|| find_foreign_kind(field, trimmed, &input))
            .or_else(|| WhiteSpace::find(value).map(|found| Self::WhiteSpace(found, input.part(trimmed))))
            .or_else(|| find_separator(field, trimmed, &input))
            .or_else(|| {
                value.find(['*', '?']).and_then(|at| value[at..].chars().next()).map(|c| Self::Wildcard(c, field))
            })
    }

    /// What to do about the slip.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Quotes(rest) => format!("write it without quotes: `{rest}`"),
            Self::Json(Field::RegistryHost) | Self::Login(Field::RegistryHost) => "write the host alone; the login belongs in a secret".to_owned(),
            Self::Json(_) | Self::Login(_) => "put the login into a secret, and name that secret in `repositoryCredentials`; change the password or token if this text was stored or shared".to_owned(),
            Self::Placeholder(_) => "replace it with the real value; if a template or a script should do that, check that it ran and knows the value".to_owned(),
            Self::WebPage(page, _) => page.hint.clone(),
            Self::Command(_, Some(rest)) => format!("write only the image: `{rest}`"),
            Self::Command(field, None) => format!("write {field} alone"),
            Self::ArnForImage { image: Some(image), .. } => format!("write the image: `{image}`, and `:` with a tag behind it"),
            Self::ArnForImage { image: None, .. } => "an image is `[registry[:port]/]repository[:tag][@digest]`; the ARN of a secret belongs in `repositoryCredentials.credentialsParameter`".to_owned(),
            Self::ImageFor(Field::Role) => "an image belongs in `image`; this field has the ARN of a role".to_owned(),
            Self::ImageFor(_) => "an image belongs in `image`; this field names the secret with the login of its registry".to_owned(),
            Self::WhiteSpace(found, rest) if found.is_at_end() => {
                format!("write it without white space and invisible characters at its ends: `{rest}`")
            }
            Self::WhiteSpace(..) => "remove it: the field has one value without white space".to_owned(),
            Self::Leading(separator) | Self::Trailing(separator) => {
                format!("remove the `{separator}`, or add the part that is missing")
            }
            Self::Wildcard(_, field) => format!("wildcards are for policies: write {field}, one and in full"),
        }
    }
}

const QUOTES: [char; 7] = ['"', '\'', '`', '“', '”', '‘', '’'];

fn find_quotes(input: &InputText<'_>, trimmed: &str) -> Option<Slip> {
    let rest = trimmed.trim_matches(QUOTES);
    let is_quoted = rest.len() < trimmed.len() && !is_json(rest) && !trimmed.contains(['{', '[']);
    (is_quoted && !input.holds_login()).then(|| Slip::Quotes(input.part(rest)))
}

/// Whether a value is JSON or has a JSON object within; a template has no quotes behind its braces.
fn is_json(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    ["{\"", "{'", "[\"", "[{", "{\\\""].iter().any(|start| compact.contains(start)) || compact == "{}"
}

/// The part of a value that was not filled in.
fn find_blank(field: Field, text: &str) -> Option<&str> {
    if let Some(range) = find_placeholder(text) {
        return Some(&text[range]);
    }
    match field {
        Field::Image | Field::RegistryHost => find_blank_of_image(text),
        Field::ContainerName => None,
        _ => text.split([':', '/']).find_map(|part| {
            let suffix = part.rsplit('-').next().unwrap_or(part);
            let stem = part.strip_suffix(suffix).and_then(|stem| stem.strip_suffix('-')).unwrap_or(part);
            [part, suffix, stem].into_iter().find(|part| is_certain_blank(part))
        }),
    }
}

/// A blank in a part of an image that has no upper-case letters, or in its tag.
fn find_blank_of_image(text: &str) -> Option<&str> {
    let (name, tag) = match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    };
    let (host, path) = name.split_once('/').map_or(("", name), |(host, path)| (host, path));
    if let Some(blank) = find_blank_of_ecr_host(host) {
        return Some(blank);
    }
    let is_upper_host = host.contains('.') && !host.bytes().any(|b| b.is_ascii_lowercase());
    let labels = host.split(['.', ':']).filter(|_| !is_upper_host);
    let is_blank_tag = |tag: &&str| is_certain_blank(tag) || ["TAG", "IMAGE_TAG", "IMAGETAG"].contains(tag);
    labels.chain(path.split('/')).find(|part| is_blank(part)).or(tag.filter(is_blank_tag))
}

/// An account or a Region without a digit in the host of an ECR registry, in upper or lower case.
fn find_blank_of_ecr_host(host: &str) -> Option<&str> {
    let labels: Vec<&str> = host.split('.').collect();
    let is_ecr = |label: &&str| label.to_ascii_lowercase().starts_with("dkr-ecr") || label.eq_ignore_ascii_case("dkr");
    let is_amazon = labels.iter().any(|label| label.to_ascii_lowercase().starts_with("amazon"));
    if !is_amazon && !host.to_ascii_lowercase().ends_with(".on.aws") {
        return None;
    }
    let ecr = labels.iter().position(is_ecr)?;
    let is_part = |label: &&str| ["ecr", "amazonaws"].iter().any(|part| label.to_ascii_lowercase().starts_with(part));
    let region = labels[ecr + 1..].iter().find(|label| !is_part(label)).filter(|label| **label != "com");
    let account = labels[..ecr].last().filter(|label| is_unnumbered(label));
    account
        .or_else(|| {
            region.filter(|label| is_unnumbered(label) && Region::parse(label).is_err_and(|e| e.meant.is_none()))
        })
        .copied()
}

/// The programs whose command lines name an image.
const PROGRAMS: [&str; 8] = ["docker", "podman", "nerdctl", "finch", "crane", "skopeo", "sudo", "image:"];

/// The prefixes with which other programs name an image.
const TRANSPORTS: [&str; 6] =
    ["docker://", "docker-image://", "oci://", "docker-daemon:", "containers-storage:", "image="];

fn find_command(field: Field, text: &str, input: &InputText<'_>) -> Option<Slip> {
    let is_plain = |word: &&str| {
        !word.starts_with('-') && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b))
    };
    let rest = |word: &str| Some(word).filter(is_plain).map(|word| input.part(word));
    let mut words = text.split_whitespace();
    let first = words.next()?;
    match words.next_back() {
        Some(last) if PROGRAMS.contains(&first) => Some(Slip::Command(field, rest(last))),
        None if field.is_image() => {
            let transport = TRANSPORTS.iter().find_map(|transport| text.strip_prefix(transport));
            transport.map(|image| Slip::Command(field, rest(image)))
        }
        _ => None,
    }
}

/// An ARN in the place of an image, or an image in the place of a name.
fn find_foreign_kind(field: Field, text: &str, input: &InputText<'_>) -> Option<Slip> {
    if field.is_image() {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", _, service, region, account, resource] = parts[..] else { return None };
        let repository = resource.strip_prefix("repository/").filter(|_| service == "ecr");
        let name = repository.map(|name| name.split(':').next().unwrap_or(name));
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let image = name.map(|name| format!("{account}.dkr.ecr.{region}.{domain}/{name}"));
        let image = image.map(|image| if input.holds_login() { input.whole() } else { field.text(&image).whole() });
        return Some(Slip::ArnForImage { service: input.part(service), image });
    }
    if field.service().is_none() || text.starts_with("arn:") {
        return None;
    }
    let (host, path) = text.split_once('/')?;
    let is_image = host.contains('.') && path.contains([':', '@']) && !path.ends_with("::") && !text.contains("://");
    is_image.then_some(Slip::ImageFor(field))
}

/// A separator at the beginning or end of a value.
fn find_separator(field: Field, text: &str, input: &InputText<'_>) -> Option<Slip> {
    let separators: &[char] = match field {
        Field::Image | Field::RegistryHost => &[':', '@', '/', ',', ';', '\\', '|'],
        Field::ContainerName => return None,
        // The name of a role may end with a comma.
        Field::Role => &[';', '\\', '|'],
        // An ARN has empty parts, and a JSON key behind it too.
        _ if text.starts_with("arn:") || text.matches(':').count() > 2 => &[',', ';', '\\', '|'],
        _ => &[':', ',', ';', '\\', '|'],
    };
    let part = |c: char| input.part(c.encode_utf8(&mut [0; 4]));
    let is_separator = |c: &char| separators.contains(c);
    let first = text.chars().next().filter(is_separator).map(|c| Slip::Leading(part(c)));
    first.or_else(|| text.chars().next_back().filter(is_separator).map(|c| Slip::Trailing(part(c))))
}
