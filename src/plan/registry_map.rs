//! `[[registry]]`: the logins for other programs that pull images (Docker with its credential
//! helper, a kubelet) and name no task.
//!
//! ECR registries need no entry; any other registry does. "No entry" is different from "needs no
//! credential": the caller must not turn it into an anonymous login.

use std::collections::BTreeMap;

use super::registry::{ECR_PUBLIC_PARTITION, EcrReferenceError, RegistryKind, canonical_name};
use super::{credential_selection::CredentialSelector, need::Need, registry_map_error::RegistryMapError};
use crate::config::RegistryEntry;
use crate::error::Failure;
use crate::identity::{AccountRoles, SessionName};
use crate::task::{CredentialsParameter, Field, ImageReference, RegistryHost, RoleArn, RoleParameter, Slip};

/// The credential of each registry; a registry has at most one entry.
#[derive(Clone, Debug, Default)]
pub struct RegistryMap {
    /// The entries by canonical name.
    entries: BTreeMap<String, RegistryMapEntry>,
}

/// A checked entry of the map.
#[derive(Clone, Debug)]
pub struct RegistryMapEntry {
    host: RegistryHost,
    secret: Option<CredentialsParameter>,
    role: Option<RoleArn>,
}

impl RegistryMapEntry {
    /// The host of the registry.
    #[must_use]
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// Whether the registry is ECR's; the entry of every other registry has a secret.
    #[must_use]
    pub fn is_ecr(&self) -> bool {
        self.secret.is_none()
    }

    fn parse(entry: &RegistryEntry) -> Result<Self, RegistryMapError> {
        let RegistryEntry { host: text, secret, role } = entry;
        let excerpt = || Field::RegistryHost.text(text).whole();
        if let Some(slip) = Slip::find(Field::RegistryHost, text.trim()) {
            return Err(RegistryMapError::Slip { host: excerpt(), slip });
        }
        let host_error = || RegistryMapError::Host(excerpt());
        let host = RegistryHost::parse(text.trim()).ok_or_else(host_error)?;
        let image = host.example_image().ok_or_else(host_error)?;
        let name = || host.as_str().to_owned();
        let kind = RegistryKind::from_image(&image);
        let kind = kind.map_err(|source| RegistryMapError::EcrHost { host: name(), source })?;
        let secret = secret.as_deref().map(CredentialsParameter::parse).transpose();
        let secret = secret.map_err(|source| RegistryMapError::Secret { host: name(), source })?;
        let role = role.as_deref().map(RoleArn::parse).transpose();
        let role = role.map_err(|source| RegistryMapError::Role { host: name(), source })?;
        let partition = match (&kind, &secret) {
            (RegistryKind::Ecr(_) | RegistryKind::EcrPublic, Some(_)) => {
                return Err(RegistryMapError::SecretForEcr(name()));
            }
            (RegistryKind::Ecr(ecr), None) => Some(ecr.region.partition()),
            (RegistryKind::EcrPublic, None) => Some(ECR_PUBLIC_PARTITION),
            (_, None) => return Err(RegistryMapError::NoSecret(name())),
            (_, Some(secret)) => secret.partition(),
        };
        if let (Some(partition), Some(role)) = (partition, &role)
            && role.partition() != partition
        {
            return Err(RegistryMapError::Partition { host: name(), partition: partition.to_owned() });
        }
        Ok(Self { host, secret, role })
    }
}

impl RegistryMap {
    /// Checks the entries of the configuration.
    ///
    /// # Errors
    /// [`RegistryMapError`], naming the host.
    pub fn new(entries: &[RegistryEntry]) -> Result<Self, RegistryMapError> {
        let mut map = BTreeMap::new();
        for entry in entries {
            let entry = RegistryMapEntry::parse(entry)?;
            let name = canonical_name(entry.host.as_str());
            if map.contains_key(&name) {
                return Err(RegistryMapError::Duplicate(entry.host.as_str().to_owned()));
            }
            map.insert(name, entry);
        }
        Ok(Self { entries: map })
    }

    /// The need of an image: the token of an ECR registry, or the secret of the registry's entry.
    /// The role of the entry fetches it; without one, the configured role of the account or the
    /// host. `None` for a registry without an entry that is not ECR's.
    ///
    /// # Errors
    /// A [`Failure`] for a host that looks like an ECR registry and is not one, and for a role of a
    /// different partition.
    pub fn need(&self, image: &ImageReference, accounts: &AccountRoles) -> Result<Option<Need>, Failure> {
        let host = RegistryHost::from_image(image);
        // The caller has named a host, not an image, so the error is about the host.
        RegistryKind::from_image(image)
            .map_err(|error| EcrReferenceError::Host { host: host.as_str().to_owned(), error })?;
        let entry = self.entries.get(&canonical_name(host.as_str()));
        let role = entry.and_then(|entry| entry.role.clone());
        let no_accounts = AccountRoles::default();
        let selector = CredentialSelector {
            accounts: if role.is_some() { &no_accounts } else { accounts },
            host_login: &|_| None,
            execution_role: Ok(role.map(RoleParameter::from)),
            session: SessionName::from_family(None),
        };
        let secret = entry.and_then(|entry| entry.secret.clone());
        let need = selector.select_need(image, secret, &mut Vec::new())?;
        Ok(Some(need).filter(|need| *need != Need::Anonymous))
    }

    /// The entries of the map, ordered by canonical name.
    pub fn entries(&self) -> impl Iterator<Item = &RegistryMapEntry> {
        self.entries.values()
    }
}

#[cfg(test)]
mod tests {
    use super::{RegistryMap, RegistryMapError};
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
        RegistryMap::new(map).unwrap().need(&image, &AccountRoles::default()).unwrap()
    }

    #[test]
    fn an_entry_applies_to_every_name_of_its_registry() {
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
    fn an_ecr_registry_needs_no_entry_but_uses_its_role() {
        let image = format!("{ECR}/app");
        assert!(matches!(need(&[], &image), Some(Need::Ecr { identity: Identity::Host, .. })));
        assert!(matches!(need(&[], "public.ecr.aws/x/app"), Some(Need::EcrPublic { .. })));
        let Some(Need::Ecr { identity, .. }) = need(&[entry(ECR, None, Some(ROLE))], &image) else { panic!() };
        assert_eq!(identity.name(), ROLE);
        assert_eq!(need(&[], "nginx"), None);
    }

    #[test]
    fn the_role_of_an_entry_applies_to_every_name() {
        let map = [entry("public.ecr.aws", None, Some(ROLE)), entry(ECR, None, Some(ROLE))];
        for host in ["ecr-public.aws.com", "Public.ECR.aws", "public.ecr.aws:443", &format!("{ECR}:443")] {
            let need = need(&map, &format!("{host}/x/app"));
            let Some(Need::Ecr { identity, .. } | Need::EcrPublic { identity }) = need else { panic!("{host}") };
            assert_eq!(identity.name(), ROLE, "{host}");
        }
        let map = [entry("reg.example:443", Some("a"), None)];
        assert!(matches!(need(&map, "reg.example/app"), Some(Need::Secret { .. })));
        let twice = [entry("public.ecr.aws", None, Some(ROLE)), entry("ecr-public.aws.com", None, None)];
        assert!(matches!(RegistryMap::new(&twice), Err(RegistryMapError::Duplicate(_))));
    }
}
