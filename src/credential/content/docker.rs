//! Docker's own forms of a login: `auths` of a `config.json` (and the Kubernetes secret
//! around it), and a credential helper's answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::json::{Node, Notes, Object};
use super::{ContentFault, text_of};
use crate::credential::Login;
use crate::credential::basic_auth::decoded;
use crate::credential::scope::Scope;
use crate::secret::Secret;
use crate::task::ImageReference;

/// A Docker configuration under a key of its own, as Kubernetes keeps it: JSON as text,
/// its base64, or the object itself.
pub(super) fn kubernetes(
    node: &Node,
    key: &'static str,
    image: &ImageReference,
    notes: &mut Notes,
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

/// The entry for this image: the one that names most of its path.
pub(super) fn auths(config: &Object, image: &ImageReference, notes: &mut Notes) -> Result<Login, ContentFault> {
    let entries = match config.get("auths", notes)? {
        Some(Node::Object(entries)) => entries,
        Some(_) => return Err(ContentFault::NoObject("auths")),
        None => return Err(ContentFault::Missing("auths")),
    };
    let known = || entries.entries().filter_map(|(address, node)| Some((Scope::parse(address)?.covers(image)?, node)));
    let Some(best) = known().map(|(named, _)| named).max() else {
        return Err(ContentFault::NoEntry(image.name()));
    };
    let mut chosen = known().filter(|(named, _)| *named == best).map(|(_, node)| node);
    match (chosen.next(), chosen.next()) {
        (_, Some(_)) => Err(ContentFault::TwoEntries(image.name())),
        (Some(Node::Object(entry)), None) => login_of(entry, image, notes),
        (Some(_), None) => Err(ContentFault::EntryIsNoObject(image.name())),
        (None, None) => Err(ContentFault::NoEntry(image.name())),
    }
}

/// Docker lets an identity token stand beside the user name it was given for, and takes
/// the token.
fn login_of(entry: &Object, image: &ImageReference, notes: &mut Notes) -> Result<Login, ContentFault> {
    let mut given = |key| entry.text(key, notes).map(|text| text.filter(|text| !text.is_empty()));
    let token = given("identitytoken")?.cloned();
    let auth = given("auth")?.cloned();
    let (username, password) = (given("username")?.cloned(), given("password")?.cloned());
    if let Some(token) = token {
        return Ok(Login::IdentityToken(token));
    }
    let Some(auth) = auth else {
        return match (username, password) {
            (Some(username), Some(password)) => Ok(Login::Password { username, password }),
            (Some(_), None) => Err(ContentFault::Missing("password")),
            (None, Some(_)) => Err(ContentFault::Missing("username")),
            (None, None) => Err(ContentFault::EmptyEntry(image.name())),
        };
    };
    let login = decoded(&auth).map_err(|_| ContentFault::BadAuth)?;
    let Login::Password { username: named, password: secret } = &login else { return Ok(login) };
    let differs = |given: Option<Secret>, other: &Secret| given.is_some_and(|given| text_of(&given) != text_of(other));
    if differs(username, named) || differs(password, secret) {
        return Err(ContentFault::Contradiction);
    }
    Ok(login)
}

/// What `docker-credential-…  get` answers.
pub(super) fn helper(answer: &Object, image: &ImageReference, notes: &mut Notes) -> Result<Login, ContentFault> {
    let server = answer.needed("ServerURL", notes)?;
    let username = answer.needed("Username", notes)?;
    let password = answer.needed("Secret", notes)?;
    if Scope::parse(text_of(&server)).and_then(|scope| scope.covers(image)).is_none() {
        return Err(ContentFault::WrongServer(image.name()));
    }
    Ok(Login::of_helper(username, password))
}
