//! Who is to be shown what, for one container: its need, and who asks for it.

use super::PlannedPull;
use super::need::{InstanceLogin, Need};
use super::registry::{EcrHostError, EcrRegistry, Registry};
use super::rewrite::Rewrites;
use crate::error::{Class, Explain, Failure, Link};
use crate::identity::{AccountRoles, SessionName};
use crate::task::{ArnError, CredentialsParameter, ImageReference, ImageVersion, Platform, Region, RoleArn};

/// ECR Public gives its tokens in the partition `aws` only.
pub(super) const PARTITION_OF_ECR_PUBLIC: &str = "aws";

/// What is said where a container of an image in ECR names a secret (A10).
const NOT_THE_SECRET: &str = "the image is in ECR, which takes its own authorization tokens: one is used, and the secret in repositoryCredentials is not read; take it out";

/// What is said where a rewrite covers an image that is named by its digest.
const NOT_BY_DIGEST: &str = "`[[rewrite]]` covers the image, which is named by its digest: no engine gives an image another name with a digest, so it is pulled from its own registry";

/// The execution role is needed to ask as and cannot be one.
#[derive(Debug, thiserror::Error)]
#[error("executionRoleArn is not a role's ARN")]
struct ExecutionRoleError {
    source: ArnError,
}

impl Explain for ExecutionRoleError {
    fn link(&self) -> Link {
        Link::Definition
    }

    fn class(&self) -> Class {
        Class::Invalid
    }

    fn resource(&self) -> String {
        "executionRoleArn".to_owned()
    }

    fn hint(&self) -> Option<String> {
        Some("give the role's full ARN, as `aws iam get-role` prints it".to_owned())
    }
}

/// What decides who asks for the secrets and tokens of one task.
pub(super) struct Asker<'a> {
    pub accounts: &'a AccountRoles,
    pub instance: &'a dyn Fn(&ImageReference) -> Option<InstanceLogin>,
    pub execution_role: Result<Option<RoleArn>, ArnError>,
    pub name: SessionName,
}

impl Asker<'_> {
    /// The pull of a container with this image and these credentials, and what is odd about it.
    ///
    /// A rule's image has a need of its own, whatever the container names for its upstream.
    pub(super) fn pull(
        &self,
        rewrites: &Rewrites,
        image: ImageReference,
        platform: Option<Platform>,
        credentials: Option<CredentialsParameter>,
    ) -> Result<(PlannedPull, Vec<String>), Failure> {
        let (need, mut warnings) = self.need(&image, credentials)?;
        let rewritten = rewrites.of(&image)?;
        let through = match (rewritten, image.version()) {
            (Some(_), ImageVersion::Digest(_)) => {
                warnings.push(NOT_BY_DIGEST.to_owned());
                None
            }
            (Some(image), ImageVersion::Tag(_)) => {
                let (need, odd) = self.need(&image, None)?;
                warnings.extend(odd);
                Some(Box::new(PlannedPull { image, need, platform: platform.clone(), through: None }))
            }
            (None, _) => None,
        };
        Ok((PlannedPull { image, need, platform, through }, warnings))
    }

    /// The need of a container with this image and these credentials, and what is odd about
    /// it. ECR takes its own tokens only (A10); else the task's own comes before the host's,
    /// and the host's before none (B3).
    pub(super) fn need(
        &self,
        image: &ImageReference,
        credentials: Option<CredentialsParameter>,
    ) -> Result<(Need, Vec<String>), Failure> {
        let mut warnings: Vec<_> = credentials.as_ref().map(|_| NOT_THE_SECRET.to_owned()).into_iter().collect();
        let wrong = |fault| Failure::from(EcrHostError::Image { image: image.to_string(), fault });
        match (Registry::of(image).map_err(wrong)?, credentials) {
            (Registry::Ecr(registry), _) => {
                warnings.extend(registry.region.unknown_warning());
                Ok((self.ecr(registry)?, warnings))
            }
            (Registry::EcrPublic, _) => Ok((self.ecr_public(), warnings)),
            (_, Some(parameter)) => {
                let warnings = parameter.region().and_then(Region::unknown_warning).into_iter().collect();
                Ok((self.secret(parameter)?, warnings))
            }
            (_, None) => Ok(((self.instance)(image).map_or(Need::Anonymous, Need::Instance), Vec::new())),
        }
    }

    fn secret(&self, parameter: CredentialsParameter) -> Result<Need, Failure> {
        let identity = self.accounts.reader(&parameter, self.execution_role()?, &self.name);
        let identity = identity?;
        Ok(Need::Secret { parameter, identity })
    }

    fn ecr(&self, registry: EcrRegistry) -> Result<Need, Failure> {
        let asked = (&registry, Some(&*registry.account), registry.region.partition());
        let identity = self.accounts.puller(asked, self.execution_role()?, &self.name);
        let identity = identity?;
        Ok(Need::Ecr { registry, identity })
    }

    /// What is there is for everybody: whoever can have no token pulls without one.
    fn ecr_public(&self) -> Need {
        let Ok(role) = self.execution_role.as_ref() else { return Need::Anonymous };
        let asked = (&"ECR Public", None, PARTITION_OF_ECR_PUBLIC);
        let identity = self.accounts.puller(asked, role.as_ref(), &self.name);
        identity.map_or(Need::Anonymous, |identity| Need::EcrPublic { identity })
    }

    fn execution_role(&self) -> Result<Option<&RoleArn>, Failure> {
        let role = self.execution_role.as_ref();
        role.map(Option::as_ref).map_err(|error| Failure::from(ExecutionRoleError { source: error.clone() }))
    }
}
