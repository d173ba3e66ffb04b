//! Why an ECS cluster could not be looked at.

#[cfg(feature = "ecs")]
use crate::aws::KeyFault;
use crate::aws::secret_error::{FIND_HOST_IDENTITY, MEND_HOST_IDENTITY, SET_THE_CLOCK};
use crate::error::{Class, Explain, Link};

/// ECS said no, or nothing.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct ClusterError {
    /// The cluster, as the operator names it.
    pub cluster: String,
    /// What was asked, such as `ecs:DescribeServices`.
    pub action: &'static str,
    /// What went wrong.
    pub fault: ClusterFault,
    /// The service's own words: code, message, request id.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The ways in which asking ECS fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterFault {
    /// There is no such cluster in the Region.
    Absent,
    /// The cluster has no such container instance.
    NoInstance,
    /// The identity policy does not allow it.
    Denied,
    /// Nobody said which Region the cluster is in.
    NoRegion,
    /// No place of the host's has anybody to ask as.
    NoIdentity,
    /// Somebody was found, and could not be had.
    IdentityFailed,
    /// The caller's access key or session is not accepted.
    IdentityRejected,
    /// The host's clock is wrong.
    ClockSkew,
    /// Too many requests.
    Throttled,
    /// No answer, or a server error.
    Unavailable,
    /// The deadline passed.
    TimedOut,
    /// Something else; the service's words say what.
    Other,
}

#[cfg(feature = "ecs")]
impl ClusterFault {
    /// The host could not be had to ask as.
    pub(crate) fn of_host(fault: KeyFault) -> Self {
        match fault {
            KeyFault::NoIdentity => Self::NoIdentity,
            KeyFault::ClockSkew => Self::ClockSkew,
            KeyFault::IdentityRejected => Self::IdentityRejected,
            _ => Self::IdentityFailed,
        }
    }
}

impl ClusterError {
    fn sentence(&self) -> String {
        let Self { cluster, action, .. } = self;
        let because = match self.fault {
            ClusterFault::Absent => "there is no such cluster".to_owned(),
            ClusterFault::NoInstance => "it has no such container instance".to_owned(),
            ClusterFault::Denied => format!("the host is not allowed {action}"),
            ClusterFault::NoRegion => "nobody said which Region it is in".to_owned(),
            ClusterFault::NoIdentity => "no AWS credentials were found on this host to ask with".to_owned(),
            ClusterFault::IdentityFailed => "the host's AWS credentials could not be had".to_owned(),
            ClusterFault::IdentityRejected => "ECS does not accept the host's credentials".to_owned(),
            ClusterFault::ClockSkew => "ECS refused the signature because of its time".to_owned(),
            ClusterFault::Throttled => format!("ECS is throttling {action}"),
            ClusterFault::Unavailable => format!("ECS did not answer {action} properly"),
            ClusterFault::TimedOut => format!("ECS did not answer {action} in time"),
            ClusterFault::Other => format!("ECS refused {action}"),
        };
        format!("ECS cluster {cluster}: {because}")
    }
}

impl Explain for ClusterError {
    fn link(&self) -> Link {
        match self.fault {
            ClusterFault::Absent | ClusterFault::NoInstance | ClusterFault::NoRegion => Link::Configuration,
            _ => Link::HostIdentity,
        }
    }

    fn class(&self) -> Class {
        match self.fault {
            ClusterFault::Absent | ClusterFault::NoInstance | ClusterFault::NoIdentity => Class::Absent,
            ClusterFault::NoRegion => Class::Invalid,
            ClusterFault::Denied | ClusterFault::IdentityRejected | ClusterFault::ClockSkew => Class::Refused,
            ClusterFault::Throttled => Class::Throttled,
            ClusterFault::IdentityFailed | ClusterFault::Unavailable => Class::Unavailable,
            ClusterFault::TimedOut => Class::TimedOut,
            ClusterFault::Other => Class::Unknown,
        }
    }

    fn thing(&self) -> String {
        self.cluster.clone()
    }

    fn hint(&self) -> Option<String> {
        Some(match self.fault {
            ClusterFault::Absent => {
                "name it, or give its ARN, in `ecs.cluster`: `aws ecs list-clusters` shows those of a Region".to_owned()
            }
            ClusterFault::NoInstance => {
                "set `ecs.container_instance` to what the ECS agent on this host says it is: `curl -s http://localhost:51678/v1/metadata`".to_owned()
            }
            ClusterFault::NoRegion => "set AWS_REGION, or give the cluster's ARN in `ecs.cluster`".to_owned(),
            ClusterFault::Denied => format!(
                "allow {} in the policy of the host's identity (docs/agent.md has all that is asked)",
                self.action
            ),
            ClusterFault::NoIdentity => FIND_HOST_IDENTITY.to_owned(),
            ClusterFault::IdentityFailed | ClusterFault::IdentityRejected => MEND_HOST_IDENTITY.to_owned(),
            ClusterFault::ClockSkew => SET_THE_CLOCK.to_owned(),
            _ => return None,
        })
    }
}
