//! Selects the credential of a container: its need, and the identity that fetches it.

use super::registry::{ECR_PUBLIC_PARTITION, EcrReferenceError, EcrRegistry, RegistryKind};
use super::{need::HostLogin, need::Need, planned_pull::PlannedPull, rewrites::Rewrites};
use crate::error::{Failure, Warning, WarningId};
use crate::identity::{AccountRoles, SessionName};
use crate::task::{
    CredentialsParameter, ExecutionRoleError, ImageReference, ImageVersion, Platform, Region, RoleParameter,
};

/// The warning about a container that names a secret for an image in ECR (A10).
const SECRET_IGNORED: &str = "ECR accepts only its own authorization tokens, so one is used, and the secret in repositoryCredentials is not read: remove it from the container";

/// The warning about an image with a digest that a rewrite would cover.
const DIGEST_NOT_REWRITTEN: &str = "`[[rewrite]]` is not applied to an image that is named by its digest, because engines cannot give such an image a different name: it is pulled from its own registry";

/// Selects the credentials of one task's containers.
pub(super) struct CredentialSelector<'a> {
    pub accounts: &'a AccountRoles,
    pub host_login: &'a dyn Fn(&ImageReference) -> Option<HostLogin>,
    pub execution_role: Result<Option<RoleParameter>, ExecutionRoleError>,
    pub session: SessionName,
}

impl CredentialSelector<'_> {
    /// Plans the pull of a container with this image and these credentials, and adds warnings.
    ///
    /// The route through a pull-through cache rule has its own need; the credentials of the
    /// container are for the upstream registry.
    pub(super) fn plan_pull(
        &self,
        rewrites: &Rewrites,
        image: ImageReference,
        platform: Option<Platform>,
        credentials: Option<CredentialsParameter>,
        warnings: &mut Vec<Warning>,
    ) -> Result<PlannedPull, Failure> {
        let need = self.select_need(&image, credentials, warnings)?;
        let pull_through = match (rewrites.rewrite(&image)?, image.version()) {
            (Some(_), ImageVersion::Digest(_)) => {
                warnings.push(Warning::new(WarningId::DigestNotRewritten, DIGEST_NOT_REWRITTEN));
                None
            }
            (Some(image), ImageVersion::Tag(_)) => {
                let need = self.select_need(&image, None, warnings)?;
                Some(Box::new(PlannedPull { image, need, platform: platform.clone(), pull_through: None }))
            }
            (None, _) => None,
        };
        Ok(PlannedPull { image, need, platform, pull_through })
    }

    /// Selects the need of a container with this image and these credentials, and adds warnings.
    /// ECR accepts only its own tokens (A10). For other registries, the task's credentials precede
    /// the host's login, and that precedes an anonymous pull (B3).
    pub(super) fn select_need(
        &self,
        image: &ImageReference,
        credentials: Option<CredentialsParameter>,
        warnings: &mut Vec<Warning>,
    ) -> Result<Need, Failure> {
        let kind = RegistryKind::from_image(image)
            .map_err(|error| EcrReferenceError::Image { image: image.to_string(), error })?;
        if credentials.is_some() && matches!(kind, RegistryKind::Ecr(_) | RegistryKind::EcrPublic) {
            warnings.push(Warning::new(WarningId::UnusedSecret, SECRET_IGNORED));
        }
        match (kind, credentials) {
            (RegistryKind::Ecr(registry), _) => {
                warnings.extend(unknown_region(&registry.region));
                self.ecr_need(registry)
            }
            (RegistryKind::EcrPublic, _) => Ok(self.ecr_public_need()),
            (_, Some(parameter)) => {
                warnings.extend(parameter.region().and_then(unknown_region));
                self.secret_need(parameter)
            }
            (_, None) => Ok((self.host_login)(image).map_or(Need::Anonymous, Need::HostLogin)),
        }
    }

    fn secret_need(&self, parameter: CredentialsParameter) -> Result<Need, Failure> {
        let identity = self.accounts.identity_for_secret(&parameter, self.execution_role()?, &self.session)?;
        Ok(Need::Secret { parameter, identity })
    }

    fn ecr_need(&self, registry: EcrRegistry) -> Result<Need, Failure> {
        let (account, partition) = (Some(&*registry.account), registry.region.partition());
        let role = self.execution_role()?;
        let identity = self.accounts.identity_for_ecr(&registry, account, partition, role, &self.session)?;
        Ok(Need::Ecr { registry, identity })
    }

    /// The images of ECR Public are public, so a task that can get no token pulls without one.
    fn ecr_public_need(&self) -> Need {
        let Ok(role) = self.execution_role.as_ref() else { return Need::Anonymous };
        let (accounts, session) = (self.accounts, &self.session);
        let identity = accounts.identity_for_ecr(&"ECR Public", None, ECR_PUBLIC_PARTITION, role.as_ref(), session);
        identity.map_or(Need::Anonymous, |identity| Need::EcrPublic { identity })
    }

    fn execution_role(&self) -> Result<Option<&RoleParameter>, ExecutionRoleError> {
        self.execution_role.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }
}

/// The warning about a Region that this version does not know.
fn unknown_region(region: &Region) -> Option<Warning> {
    region.unknown_warning().map(|message| Warning::new(WarningId::UnknownRegion, &message))
}
