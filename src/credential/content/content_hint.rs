//! What to do about content that is not a login, with commands that work as they are printed.

use super::binary_form::BinaryForm;
use super::commands;
use super::content_fault::{ContentFault, EntryFault};
use super::key_fault::KeyFault;
use crate::credential::scope::{REGISTRY_KEY_HINT, SAME_REGISTRY_HINT};

const DUPLICATE_KEY_HINT: &str = "remove one of them, and use the documented spelling";

/// What to do about the content of the secret with this ARN.
pub(crate) fn content_hint(fault: &ContentFault, arn: &str) -> String {
    let hint = match fault {
        ContentFault::AccessToken => {
            "put the token under `password` in a second secret, or set secrets.access_token = \"accept\" to use the token as the password of this image's registry"
        }
        ContentFault::LoginKeys(faults) if faults.has_wrong_type() => {
            return format!("quote it: {}; {}", commands::FORM, commands::write_login(arn));
        }
        ContentFault::Key(KeyFault::Duplicate(_)) => DUPLICATE_KEY_HINT,
        ContentFault::LoginKeys(faults) if faults.has_duplicate() => DUPLICATE_KEY_HINT,
        ContentFault::LoginKeys(faults) => {
            let rewrite = commands::rewrite(arn);
            return faults.renaming().map_or(rewrite.clone(), |renaming| format!("{renaming}, or {rewrite}"));
        }
        ContentFault::Ambiguous(..) => "put each kind of login into a secret of its own",
        ContentFault::NoEntry(registry) => {
            return format!(
                "add an entry for the host of {registry}, or give the container the secret of that registry"
            );
        }
        ContentFault::DuplicateEntry { .. } => SAME_REGISTRY_HINT,
        ContentFault::EmptyEntry(_) => {
            "the login is in a credential store of the machine where the file was written: add `auth`, or `username` and `password`, to the entry"
        }
        ContentFault::OtherRegistry(_) => "give the container the secret of its own registry",
        ContentFault::NotARegistry(_) => REGISTRY_KEY_HINT,
        ContentFault::InvalidEntry(_, EntryFault::RegistryToken) => {
            "use a user name and a password, or an identity token"
        }
        ContentFault::InvalidEntry(..) | ContentFault::NotDockerConfig(_) => {
            "create it again: `kubectl create secret docker-registry --dry-run=client -o json` writes a complete one"
        }
        ContentFault::EnvelopeVersion
        | ContentFault::EnvelopeKey
        | ContentFault::KeyArn
        | ContentFault::Ciphertext
        | ContentFault::EncryptionContext
        | ContentFault::NestedEnvelope => {
            "seal the login itself, once: `taskpull secret seal --key ARN`; docs/credentials-envelope.md describes the format"
        }
        ContentFault::Binary(form) => return binary_hint(*form, arn),
        ContentFault::NotCiphertext { .. } => return not_ciphertext_hint(arn),
        ContentFault::NotJson { form: Some(form), .. }
        | ContentFault::NotAnObject(Some(form))
        | ContentFault::OtherForm(form) => {
            return form.fix(arn);
        }
        _ => return commands::rewrite(arn),
    };
    hint.to_owned()
}

fn binary_hint(form: BinaryForm, arn: &str) -> String {
    let again = |filter, file| commands::get_binary(arn, filter, file);
    match form {
        BinaryForm::Json => format!(
            "store the same content as text (`SecretString`): {}, then {}",
            again("", "login.json"),
            commands::put_text(arn, "login.json")
        ),
        BinaryForm::Utf16 => format!(
            "store it as text (`SecretString`): {}, then {}",
            again(" | iconv --from-code UTF-16 --to-code UTF-8", "login.json"),
            commands::put_text(arn, "login.json")
        ),
        BinaryForm::Base64Ciphertext => format!(
            "decode it once more: {}, then {}",
            again(" | base64 --decode", "sealed.bin"),
            commands::put_binary(arn, "sealed.bin")
        ),
        _ => format!("a login is text (`SecretString`): {}", commands::rewrite(arn)),
    }
}

fn not_ciphertext_hint(arn: &str) -> String {
    format!(
        "if it is no ciphertext, store {} as text (`SecretString`): {}; if it was sealed, seal the login again with `taskpull secret seal --key ARN` and store the output with {}",
        commands::FORM,
        commands::write_login(arn),
        commands::put_text(arn, "sealed.json")
    )
}
