//! The settings that accept one of a few words, each as an enum.
//!
//! The modules that act on a choice take these types: a word is parsed once, here, and an unknown
//! one never leaves the configuration.

use super::parse_value::ParseValue;
use super::value_kind::ValueKind;

/// Defines an enum with the word of each variant.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])+ $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$doc])+ $variant,)+ }

        impl $name {
            /// The words that the setting accepts, one for each variant.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
        }

        impl ParseValue for $name {
            fn parse_value(text: &str, _: &ValueKind) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

choice! {
    /// The kind of this host (`host.kind`), which decides where its AWS credentials come from.
    HostKind {
        /// Unknown: every source of credentials is tried.
        #[default]
        Auto = "auto",
        /// An EC2 instance: the instance metadata service has the role's credentials.
        Ec2 = "ec2",
        /// A Fargate task: the container credentials endpoint has the role's credentials.
        Fargate = "fargate",
        /// A host outside AWS (ECS Anywhere). It has no metadata service, and another service that
        /// answers at that address must not be asked.
        External = "external",
    }
}

impl HostKind {
    /// Whether the instance metadata service may be asked, for anything at all.
    #[must_use]
    pub fn has_metadata_service(self) -> bool {
        matches!(self, Self::Auto | Self::Ec2)
    }

    /// Whether the container credentials endpoint may be asked. On an EC2 instance it would return
    /// the role of the task that taskpull runs in, not the role of the instance.
    #[must_use]
    pub fn has_container_credentials(self) -> bool {
        !matches!(self, Self::Ec2)
    }
}

choice! {
    /// Whether a task's execution role is assumed to read its secrets and to get its tokens.
    RoleUse {
        /// The role is assumed from the host's identity, as ECS does.
        #[default]
        Assume = "assume",
        /// Every secret is read as the host.
        Ignore = "ignore",
    }
}

choice! {
    /// Whether secrets that are needed at the same time are read in one call.
    Batching {
        /// Each secret is read by `GetSecretValue`, the only permission needed.
        #[default]
        Never = "never",
        /// Secrets are read by `BatchGetSecretValue` where the identity also has that permission.
        Try = "try",
    }
}

choice! {
    /// Whether a direct pull accepts a secret in the format of the pull-through cache.
    AccessTokens {
        /// The secret is refused, with an explanation (A9).
        #[default]
        Refuse = "refuse",
        /// `accessToken` is the password of the direct pull (C15).
        Accept = "accept",
    }
}

choice! {
    /// The format of `ECS_ENGINE_AUTH_DATA`. The parser recognizes both formats by their content;
    /// the setting must be present, as for the ECS agent.
    InstanceAuthType {
        /// A map from a registry to its `auth`, as in `.dockercfg`.
        #[default]
        Dockercfg = "dockercfg",
        /// A map from a registry to its user name and password.
        Docker = "docker",
    }
}

choice! {
    /// When a cached image may be used in place of a pull.
    Behavior {
        /// The image is pulled; a cached image is used when the registry is unavailable.
        #[default]
        Default = "default",
        /// The image is pulled; a cached image is never used.
        Always = "always",
        /// A cached image that came from a registry is used; else the image is pulled.
        Once = "once",
        /// Any cached image is used; else the image is pulled.
        PreferCached = "prefer-cached",
    }
}

choice! {
    /// Whether the registry must accept the task's own credential before a cached image is used.
    VerifyAccess {
        /// Under `once` and `prefer-cached`, for an image with a credential.
        #[default]
        Auto = "auto",
        /// For every image.
        Always = "always",
        /// For no image.
        Never = "never",
    }
}

choice! {
    /// What happens under [`Behavior::Default`] when the registry refuses the pull.
    RefusalAction {
        /// The pull fails.
        #[default]
        Fail = "fail",
        /// The cached image is used, as the ECS agent does.
        UseCached = "use-cached",
    }
}

choice! {
    /// What happens when an image needs more disk space than is free.
    DiskCheck {
        /// The image is pulled, and a warning is reported.
        #[default]
        Warn = "warn",
        /// The pull fails before it starts.
        Refuse = "refuse",
        /// Disk space is not checked.
        Off = "off",
    }
}

choice! {
    /// The launch type of the tasks that ECS places on this host.
    HostLaunchType {
        /// `EXTERNAL` where the host's kind is external, else `EC2`.
        #[default]
        Auto = "auto",
        /// The launch type `EC2`.
        Ec2 = "ec2",
        /// The launch type `EXTERNAL` (ECS Anywhere).
        External = "external",
    }
}
