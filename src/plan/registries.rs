//! The operator's map of registries: whose login is given to a program that pulls by itself
//! (Docker with its credential helper, a kubelet) and can name no task.
//!
//! ECR's hosts are ours without an entry; any other only with one. What is not ours has no
//! need, which is not the same as to need nothing.

use std::collections::BTreeMap;

use super::asker::{Asker, PARTITION_OF_ECR_PUBLIC};
use super::need::Need;
use super::registry::{EcrHostError, EcrHostFault, Registry, canonical};
use crate::config::RegistryEntry;
use crate::error::{Class, Explain, Failure, Link};
use crate::identity::{AccountRoles, SessionName};
use crate::task::{ArnError, CredentialsParameter, ImageReference, RegistryHost, RoleArn};

/// Which login is given for which host; a host stands there once at most.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    /// By the one spelling of the registry's name.
    entries: BTreeMap<String, (RegistryHost, Entry)>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// None where the registry is ECR's.
    secret: Option<CredentialsParameter>,
    role: Option<RoleArn>,
}

/// An entry of `registry` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// No image can name it.
    #[error("registry: `{0}` is not a registry's host")]
    Host(String),
    /// The same host a second time.
    #[error("registry: {0} stands there twice")]
    Twice(String),
    /// It is written like ECR's.
    #[error("registry: {host} is not an ECR registry's host")]
    EcrHost {
        /// The host.
        host: String,
        /// What is wrong with it.
        source: EcrHostFault,
    },
    /// ECR takes its own tokens only (A10).
    #[error("registry: {0} is ECR's, which takes its own tokens: it has a role at most, and no secret")]
    SecretForEcr(String),
    /// There would be no login.
    #[error("registry: {0} has no secret, and only ECR's registries go without one")]
    NoSecret(String),
    /// Neither an ARN nor a name.
    #[error("registry: the secret of {host} is no secret's ARN or name")]
    Secret {
        /// The host.
        host: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// Not a role's ARN.
    #[error("registry: the role of {host} is not a role's ARN")]
    Role {
        /// The host.
        host: String,
        /// What is wrong with it.
        source: ArnError,
    },
    /// Partitions share no identities.
    #[error("registry: the role of {host} is not in the partition {partition}, where that registry and its secret are")]
    Partition {
        /// The host.
        host: String,
        /// Where it is.
        partition: String,
    },
}

impl Explain for RegistriesError {
    fn link(&self) -> Link {
        Link::Configuration
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "registry".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Host(_) => {
                "write `host` or `host:port`, as it stands before the first slash of an image; Docker Hub is docker.io"
                    .to_owned()
            }
            Self::Secret { source, .. } | Self::Role { source, .. } => {
                source.hint().unwrap_or_else(|| "docs/credential-helper.md has an example".to_owned())
            }
            _ => "docs/credential-helper.md has an example".to_owned(),
        })
    }
}

impl Registries {
    /// The map of these entries.
    ///
    /// # Errors
    /// [`RegistriesError`], naming the host.
    pub fn new(entries: &[RegistryEntry]) -> Result<Self, RegistriesError> {
        let mut map = BTreeMap::new();
        for entry in entries {
            let (host, entry) = read(entry)?;
            let name = canonical(host.as_str());
            if map.contains_key(&name) {
                return Err(RegistriesError::Twice(host.as_str().to_owned()));
            }
            map.insert(name, (host, entry));
        }
        Ok(Self { entries: map })
    }

    /// The need of an image, where its registry is ours: the token of an ECR registry, or the
    /// secret of one in the map. The entry's role asks; without one, the role of the account's
    /// map, else the host.
    ///
    /// # Errors
    /// A [`Failure`], for a host that is written like ECR's and is none, and for a role of
    /// another partition.
    pub fn need(&self, image: &ImageReference, accounts: &AccountRoles) -> Result<Option<Need>, Failure> {
        let host = RegistryHost::from_image(image);
        // Whoever asks has named a host, and the image stands for it.
        let wrong = |fault| Failure::from(EcrHostError::Host { host: host.as_str().to_owned(), fault });
        Registry::of(image).map_err(wrong)?;
        let entry = self.entries.get(&canonical(host.as_str())).map(|(_, entry)| entry);
        let role = entry.and_then(|entry| entry.role.clone());
        let nobody = AccountRoles::default();
        let asker = Asker {
            accounts: if role.is_some() { &nobody } else { accounts },
            instance: &|_| None,
            execution_role: Ok(role),
            name: SessionName::of_family(None),
        };
        let (need, _) = asker.need(image, entry.and_then(|entry| entry.secret.clone()))?;
        Ok(Some(need).filter(|need| *need != Need::Anonymous))
    }

    /// The hosts of the map, and whether they are ECR's.
    pub fn hosts(&self) -> impl Iterator<Item = (&RegistryHost, bool)> {
        self.entries.values().map(|(host, entry)| (host, entry.secret.is_none()))
    }
}

fn read(entry: &RegistryEntry) -> Result<(RegistryHost, Entry), RegistriesError> {
    let RegistryEntry { host: written, secret, role } = entry;
    let host = RegistryHost::parse(written.trim());
    let host = host.and_then(|host| host.example_image().map(|image| (host, image)));
    let (host, image) = host.ok_or_else(|| RegistriesError::Host(RegistryHost::redact(written)))?;
    let name = || host.as_str().to_owned();
    let registry = Registry::of(&image).map_err(|source| RegistriesError::EcrHost { host: name(), source })?;
    let secret = secret.as_deref().map(CredentialsParameter::parse).transpose();
    let secret = secret.map_err(|source| RegistriesError::Secret { host: name(), source })?;
    let role = role.as_deref().map(RoleArn::parse).transpose();
    let role = role.map_err(|source| RegistriesError::Role { host: name(), source })?;
    let partition = match (&registry, &secret) {
        (Registry::Ecr(_) | Registry::EcrPublic, Some(_)) => return Err(RegistriesError::SecretForEcr(name())),
        (Registry::Ecr(ecr), None) => Some(ecr.region.partition()),
        (Registry::EcrPublic, None) => Some(PARTITION_OF_ECR_PUBLIC),
        (_, None) => return Err(RegistriesError::NoSecret(name())),
        (_, Some(secret)) => secret.partition(),
    };
    if let (Some(partition), Some(role)) = (partition, &role)
        && role.partition() != partition
    {
        return Err(RegistriesError::Partition { host: name(), partition: partition.to_owned() });
    }
    Ok((host, Entry { secret, role }))
}

#[cfg(test)]
mod tests {
    use super::{Registries, RegistriesError as Wrong};
    use crate::config::RegistryEntry;
    use crate::identity::{AccountRoles, Identity};
    use crate::plan::Need;
    use crate::task::ImageReference;

    const ROLE: &str = "arn:aws:iam::111122223333:role/reader";
    const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

    fn entry(host: &str, secret: Option<&str>, role: Option<&str>) -> RegistryEntry {
        RegistryEntry { host: host.to_owned(), secret: secret.map(str::to_owned), role: role.map(str::to_owned) }
    }

    fn need(map: &[RegistryEntry], image: &str) -> Option<Need> {
        let image = ImageReference::parse(image).unwrap();
        Registries::new(map).unwrap().need(&image, &AccountRoles::default()).unwrap()
    }

    #[test]
    fn a_host_of_the_map_needs_its_secret_under_each_of_its_names() {
        let map = [entry("Reg.Example:5000", Some("a"), None), entry("index.docker.io", Some("hub"), Some(ROLE))];
        let Some(Need::Secret { parameter, identity }) = need(&map, "reg.example:5000/app") else { panic!() };
        assert_eq!((parameter.as_str(), identity), ("a", Identity::Host));
        for image in ["nginx", "docker.io/team/app", "registry-1.docker.io/team/app"] {
            let Some(Need::Secret { parameter, identity }) = need(&map, image) else { panic!("{image}") };
            assert_eq!((parameter.as_str(), identity.name()), ("hub", ROLE));
        }
        for other in ["reg.example/app", "reg.example:5001/app", "other.example/reg.example/app"] {
            assert_eq!(need(&map, other), None, "{other}");
        }
    }

    #[test]
    fn ecr_is_ours_without_an_entry_and_an_entrys_role_asks() {
        let image = format!("{ECR}/app");
        assert!(matches!(need(&[], &image), Some(Need::Ecr { identity: Identity::Host, .. })));
        assert!(matches!(need(&[], "public.ecr.aws/x/app"), Some(Need::EcrPublic { .. })));
        let Some(Need::Ecr { identity, .. }) = need(&[entry(ECR, None, Some(ROLE))], &image) else { panic!() };
        assert_eq!(identity.name(), ROLE);
        assert_eq!(need(&[], "nginx"), None);
    }

    #[test]
    fn a_registry_has_the_role_of_its_entry_under_each_of_its_names() {
        let map = [entry("public.ecr.aws", None, Some(ROLE)), entry(ECR, None, Some(ROLE))];
        for host in ["ecr-public.aws.com", "Public.ECR.aws", "public.ecr.aws:443", &format!("{ECR}:443")] {
            let need = need(&map, &format!("{host}/x/app"));
            let Some(Need::Ecr { identity, .. } | Need::EcrPublic { identity }) = need else { panic!("{host}") };
            assert_eq!(identity.name(), ROLE, "{host}");
        }
        let map = [entry("reg.example:443", Some("a"), None)];
        assert!(matches!(need(&map, "reg.example/app"), Some(Need::Secret { .. })));
        let twice = [entry("public.ecr.aws", None, Some(ROLE)), entry("ecr-public.aws.com", None, None)];
        assert!(matches!(Registries::new(&twice), Err(Wrong::Twice(_))));
    }

    #[test]
    fn a_login_that_was_written_before_a_host_is_not_repeated() {
        let said = Registries::new(&[entry("me:hunter2@reg.example", Some("s"), None)]).unwrap_err().to_string();
        assert_eq!(said, "registry: `…@reg.example` is not a registry's host");
    }

    #[test]
    fn a_slip_in_an_entry_is_named() {
        let wrong = |entries: &[RegistryEntry]| Registries::new(entries).unwrap_err();
        for host in ["", "registry", "https://reg.example", "reg.example/team", "me:pw@reg.example"] {
            assert!(matches!(wrong(&[entry(host, Some("s"), None)]), Wrong::Host(_)), "{host}");
        }
        let twice = [entry("docker.io", Some("a"), None), entry("registry-1.docker.io", Some("b"), None)];
        assert!(matches!(wrong(&twice), Wrong::Twice(_)));
        assert!(matches!(wrong(&[entry(ECR, Some("s"), None)]), Wrong::SecretForEcr(_)));
        assert!(matches!(wrong(&[entry("12.dkr.ecr.eu-west-1.amazonaws.com", None, None)]), Wrong::EcrHost { .. }));
        assert!(matches!(wrong(&[entry("reg.example", None, Some(ROLE))]), Wrong::NoSecret(_)));
        assert!(matches!(wrong(&[entry("reg.example", Some("arn:aws:s3"), None)]), Wrong::Secret { .. }));
        assert!(matches!(wrong(&[entry("reg.example", Some("s"), Some("reader"))]), Wrong::Role { .. }));
        let cn = ROLE.replace("aws", "aws-cn");
        assert!(matches!(wrong(&[entry(ECR, None, Some(&cn))]), Wrong::Partition { .. }));
    }
}
