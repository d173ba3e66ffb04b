//! The settings of the host that a plan depends on.

use super::{need::HostLogin, rewrites::Rewrites};
use crate::config::RoleUse;
use crate::identity::AccountRoles;
use crate::task::{ImageReference, Platform};

/// The settings of the host that a plan depends on.
#[derive(Clone, Copy)]
pub struct PlanContext<'a> {
    /// Whether the execution roles of the tasks are assumed.
    pub roles: RoleUse,
    /// The roles that read the secrets of other accounts.
    pub accounts: &'a AccountRoles,
    /// The upstream registries that are pulled through a rule of ECR's pull-through cache.
    pub rewrites: &'a Rewrites,
    /// The platform of every pull, whatever the tasks specify; `None` leaves it to them.
    pub platform: Option<&'a Platform>,
    /// Finds the host's own login for an image.
    pub host_login: &'a dyn Fn(&ImageReference) -> Option<HostLogin>,
}
