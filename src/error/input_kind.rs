//! The kinds of texts that users write.

/// What a text should be; it decides what in it may be a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// An image, or the host of a registry.
    Image,
    /// The ARN or the name of a secret, a role, a key or a cluster.
    Name,
    /// A name without colons: a container's, a Region, a platform.
    Label,
    /// The path of a file, as the command line has it.
    Path,
    /// The value of a setting.
    Setting,
}
