//! Docker's own forms of a login: `auths` of a `config.json` (and the Kubernetes secret
//! around it), and a credential helper's answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::docker_auth_entry::login_of;
use super::json::{Node, Object, ParseWarnings};
use super::{ContentFault, text_of};
use crate::credential::Login;
use crate::credential::scope::{Scope, is_no_login};
use crate::task::ImageReference;

/// A Docker configuration under a key of its own, as Kubernetes keeps it: JSON as text,
/// its base64, or the object itself.
pub(crate) fn kubernetes(
    node: &Node,
    key: &'static str,
    image: &ImageReference,
    notes: &mut ParseWarnings,
) -> Result<Login, ContentFault> {
    let not_one = || ContentFault::NotDockerConfig(key);
    let text = match node {
        Node::Object(config) => return auths(config, image, notes),
        Node::Text(text) => text,
        _ => return Err(not_one()),
    };
    let text = text_of(text).trim();
    let decoded;
    let text = if text.starts_with('{') {
        text
    } else {
        let packed = Zeroizing::new(text.split_ascii_whitespace().collect::<String>());
        decoded = Zeroizing::new(STANDARD.decode(&*packed).map_err(|_| not_one())?);
        std::str::from_utf8(&decoded).map_err(|_| not_one())?
    };
    let config = Object::parse(text).map_err(|_| not_one())?;
    if !config.has("auths") {
        return Err(not_one());
    }
    auths(&config, image, notes)
}

/// The entry for this image: the one that names most of its path. An address that names no
/// registry is refused, whatever the image: it could have been meant for this one.
pub(crate) fn auths(config: &Object, image: &ImageReference, notes: &mut ParseWarnings) -> Result<Login, ContentFault> {
    let entries = match config.get("auths", notes)? {
        Some(Node::Object(entries)) => entries,
        Some(_) => return Err(ContentFault::NoObject("auths")),
        None => return Err(ContentFault::Missing("auths")),
    };
    let mut best: Option<(usize, &Node)> = None;
    let mut is_twice = false;
    let entries = entries.entries().enumerate().filter(|(_, (address, _))| !is_no_login(address));
    for (at, (address, node)) in entries {
        let scope = Scope::parse(address).ok_or(ContentFault::NoRegistry(at + 1))?;
        let Some(named) = scope.covers(image) else { continue };
        match best {
            Some((known, _)) if known > named => {}
            Some((known, _)) if known == named => is_twice = true,
            _ => (best, is_twice) = (Some((named, node)), false),
        }
    }
    match best {
        None => Err(ContentFault::NoEntry(image.name())),
        Some(_) if is_twice => Err(ContentFault::TwoEntries(image.name())),
        Some((_, node)) => login_of(node, notes)
            .map_err(|fault| ContentFault::Entry(image.name(), fault))?
            .ok_or_else(|| ContentFault::EmptyEntry(image.name())),
    }
}

/// What `docker-credential-…  get` answers.
pub(crate) fn helper(
    answer: &Object,
    image: &ImageReference,
    notes: &mut ParseWarnings,
) -> Result<Login, ContentFault> {
    let server = answer.needed("ServerURL", notes)?;
    let username = answer.needed("Username", notes)?;
    let password = answer.needed("Secret", notes)?;
    if Scope::parse(text_of(&server)).and_then(|scope| scope.covers(image)).is_none() {
        return Err(ContentFault::WrongServer(image.name()));
    }
    Ok(Login::of_helper(username, password))
}
