//! What a search for an absent secret found, and what it means for the reader.

use crate::task::{CredentialsParameter, Region, SecretArn};

/// The search for a secret that does not exist where it was read. Names and ARNs only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretLookup {
    /// The Regions whose secrets were listed.
    pub searched: Vec<String>,
    /// Whether listing secrets is not allowed, or was not answered in time.
    pub is_incomplete: bool,
    /// The secrets with the name that was meant, in the order of the search.
    pub found: Vec<ListedSecret>,
}

/// A secret in the answer of `ListSecrets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSecret {
    /// The full ARN of the secret.
    pub arn: SecretArn,
    /// The name, without the suffix of the ARN.
    pub name: String,
    /// The Region of the primary secret, if the secret has replicas or is one.
    pub primary_region: Option<String>,
}

/// The names that a credentials parameter can mean.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeantNames<'a> {
    /// The name as it is written.
    pub whole: &'a str,
    /// The name without `-` and six characters, if it ends like a full ARN.
    pub stem: Option<&'a str>,
}

impl<'a> MeantNames<'a> {
    pub(super) fn of(secret: &'a CredentialsParameter) -> Self {
        let whole = match secret {
            CredentialsParameter::Arn(arn) => arn.name(),
            CredentialsParameter::Name(name) => name,
        };
        let stem = whole.rsplit_once('-').filter(|(stem, suffix)| {
            !stem.is_empty() && suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        Self { whole, stem: stem.map(|(stem, _)| stem) }
    }

    /// The beginning that all meant names share.
    pub(super) fn prefix(&self) -> &'a str {
        self.stem.unwrap_or(self.whole)
    }

    pub(super) fn include(&self, name: &str) -> bool {
        name == self.whole || self.stem == Some(name)
    }
}

impl SecretLookup {
    /// The end of the sentence that a secret is not in its Region; empty if nothing is known.
    pub(super) fn reason(&self, secret: &CredentialsParameter, region: &str) -> String {
        let others = || self.searched.iter().filter(|other| *other != region).map(String::as_str);
        match self.found.first() {
            Some(found) if found.arn.region().as_str() != region => {
                format!("; a secret named {} is in {}", found.name, found.arn.region())
            }
            Some(found) => {
                let names = MeantNames::of(secret);
                if names.stem.is_some() && found.name == names.whole {
                    format!(
                        "; its name ends like the suffix of a full ARN (a hyphen and six characters), so AWS takes `{secret}` for a full ARN"
                    )
                } else if matches!(secret, CredentialsParameter::Name(_)) {
                    format!("; `{}` is its name with the suffix of its ARN", names.whole)
                } else {
                    format!("; the secret named {} has another suffix there", found.name)
                }
            }
            None if self.is_incomplete => String::new(),
            None => {
                let others: String = others().map(|other| format!(" and none in {other}")).collect();
                format!("{others}; it may be in another Region, which taskpull has not searched")
            }
        }
    }

    /// What to do about an absent secret.
    pub(super) fn hint(lookup: Option<&Self>, secret: &CredentialsParameter, region: &str) -> String {
        let found = lookup.and_then(|lookup| lookup.found.first());
        if let Some(found) = found {
            return found.hint(secret, region);
        }
        let names = MeantNames::of(secret);
        let mut hint = match secret {
            CredentialsParameter::Name(_) => "a bare name is looked up in the account and Region of the caller: set AWS_REGION to the secret's Region, or give the full ARN".to_owned(),
            CredentialsParameter::Arn(arn) => format!("compare the ARN with those of account {}; a partial ARN must match exactly one secret", arn.account()),
        };
        if let (Some(_), CredentialsParameter::Arn(_)) = (names.stem, secret) {
            hint += "; if the name itself ends in a hyphen and six characters, the full ARN is needed";
        }
        if lookup.is_some_and(|lookup| lookup.is_incomplete) {
            hint += "; taskpull may not list secrets (secretsmanager:ListSecrets), so look with an identity that may";
        }
        let name = names.prefix();
        format!(
            "{hint}: `aws secretsmanager list-secrets --region {region} --filters Key=name,Values={name}`, and in every Region: `{}`",
            in_every_region(region, name)
        )
    }
}

/// A command that lists the secrets with this name in all Regions of the account.
fn in_every_region(region: &str, name: &str) -> String {
    format!(
        "for region in $(aws ec2 describe-regions --region {region} --query 'Regions[].RegionName' --output text); do aws secretsmanager list-secrets --region $region --filters Key=name,Values={name} --query 'SecretList[].ARN' --output text; done"
    )
}

impl ListedSecret {
    fn hint(&self, secret: &CredentialsParameter, region: &str) -> String {
        let Self { arn, name, primary_region } = self;
        if arn.region().as_str() == region {
            return match secret {
                CredentialsParameter::Name(_) => format!("give its name, `{name}`, or its full ARN, `{arn}`"),
                CredentialsParameter::Arn(_) => format!("give its full ARN: `{arn}`"),
            };
        }
        let primary = primary_region.as_deref().filter(|region| Region::parse(region).is_ok());
        let primary = primary.unwrap_or(arn.region().as_str());
        format!(
            "give its full ARN, `{arn}`, or replicate it to {region}: `aws secretsmanager replicate-secret-to-regions --region {primary} --secret-id {name} --add-replica-regions Region={region}`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{ListedSecret, MeantNames, SecretLookup};
    use crate::task::{CredentialsParameter, SecretArn};

    fn parameter(text: &str) -> CredentialsParameter {
        CredentialsParameter::parse(text).unwrap()
    }

    fn arn(region: &str, name: &str) -> String {
        format!("arn:aws:secretsmanager:{region}:111122223333:secret:{name}")
    }

    fn found(region: &str, full_name: &str, name: &str) -> SecretLookup {
        let arn = SecretArn::parse(&arn(region, full_name)).unwrap();
        let secret = ListedSecret { arn, name: name.to_owned(), primary_region: None };
        SecretLookup { searched: vec![region.to_owned()], is_incomplete: false, found: vec![secret] }
    }

    #[test]
    fn a_name_that_ends_like_a_full_arn_can_mean_two_names() {
        for text in ["team/hub-shared".to_owned(), arn("eu-west-1", "team/hub-shared")] {
            let secret = parameter(&text);
            let names = MeantNames::of(&secret);
            assert!(names.include("team/hub-shared") && names.include("team/hub") && !names.include("team"));
            assert_eq!(names.prefix(), "team/hub");
        }
        let secret = parameter("team/hub-login");
        assert_eq!(MeantNames::of(&secret).prefix(), "team/hub-login");
    }

    #[test]
    fn each_place_where_a_secret_is_found_has_its_own_advice() {
        let table = [
            (
                arn("eu-west-1", "hub-Ab12Cd"),
                found("us-east-1", "hub-Qq11Zz", "hub"),
                "a secret named hub is in us-east-1",
                "us-east-1:111122223333:secret:hub-Qq11Zz`",
            ),
            (
                arn("eu-west-1", "hub-shared"),
                found("eu-west-1", "hub-shared-Qq11Zz", "hub-shared"),
                "six characters",
                "give its full ARN",
            ),
            (
                arn("eu-west-1", "hub-Ab12Cd"),
                found("eu-west-1", "hub-Qq11Zz", "hub"),
                "another suffix",
                "secret:hub-Qq11Zz`",
            ),
            (
                "hub-Ab12Cd".to_owned(),
                found("eu-west-1", "hub-Ab12Cd", "hub"),
                "with the suffix of its ARN",
                "give its name, `hub`",
            ),
        ];
        for (text, lookup, reason, hint) in table {
            let secret = parameter(&text);
            assert!(lookup.reason(&secret, "eu-west-1").contains(reason), "{}", lookup.reason(&secret, "eu-west-1"));
            let found = SecretLookup::hint(Some(&lookup), &secret, "eu-west-1");
            assert!(found.contains(hint), "{found}");
        }
    }

    #[test]
    fn an_open_search_prints_the_commands_and_what_was_not_looked_at() {
        let secret = parameter(&arn("eu-west-1", "team/hub-shared"));
        let denied = SecretLookup { is_incomplete: true, ..SecretLookup::default() };
        let hint = SecretLookup::hint(Some(&denied), &secret, "eu-west-1");
        for part in
            ["secretsmanager:ListSecrets", "--region eu-west-1 --filters Key=name,Values=team/hub`", "six characters"]
        {
            assert!(hint.contains(part), "{hint}");
        }
        let searched =
            SecretLookup { searched: vec!["eu-west-1".into(), "us-east-1".into()], ..SecretLookup::default() };
        assert_eq!(
            searched.reason(&secret, "eu-west-1"),
            " and none in us-east-1; it may be in another Region, which taskpull has not searched"
        );
        assert!(!SecretLookup::hint(Some(&searched), &secret, "eu-west-1").contains("ListSecrets"));
    }
}
