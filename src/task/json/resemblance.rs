//! Whether a key is another spelling of a key that taskpull reads.

use crate::task::edit_distance::edit_distance;

/// The longest key that is compared; no key of ECS is half as long.
pub(super) const LONGEST_KEY: usize = 64;

/// The shortest abbreviation of a word, as in `execRoleArn`.
const SHORTEST_ABBREVIATION: usize = 3;

/// A key in lower case, without `_`, `-`, white space and whatever else is no letter or digit.
pub(in crate::task) fn normalize(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether `key` is a different spelling of `known`: in another case, with separators, with some wrong
/// letters, or abbreviated. A key is no spelling of itself. The known key is in camel case.
pub(super) fn resembles(key: &str, known: &str) -> bool {
    if key.len() > LONGEST_KEY || key == known {
        return false;
    }
    // In a short word, one letter more or less often makes another word.
    let errors = match known.len() {
        ..5 => 0,
        5..10 => 1,
        length => length / 4,
    };
    // A definition has many thousand keys, nearly all of which differ in length and beginning.
    let letters = || key.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    let is_near = letters().count().abs_diff(known.len()) <= errors;
    let begins_alike = letters().take(SHORTEST_ABBREVIATION).eq(known.bytes().take(SHORTEST_ABBREVIATION));
    if !is_near && !begins_alike {
        return false;
    }
    let (key, wanted) = (normalize(key), normalize(known));
    (is_near && edit_distance(&key, &wanted) <= errors) || (begins_alike && is_abbreviation(&key, &words(known), 0))
}

/// The words of a key in camel case, in lower case.
fn words(key: &str) -> Vec<String> {
    let is_start = |(at, letter): &(usize, char)| *at > 0 && letter.is_ascii_uppercase();
    let starts = key.char_indices().filter(is_start).map(|(at, _)| at);
    let bounds: Vec<usize> = std::iter::once(0).chain(starts).chain([key.len()]).collect();
    bounds.windows(2).map(|bound| key[bound[0]..bound[1]].to_ascii_lowercase()).collect()
}

/// Whether the key consists of the beginnings of these words in their order, such as `repoCreds`. The
/// last words may be missing if two are there.
fn is_abbreviation(key: &str, words: &[String], matched: usize) -> bool {
    let Some((word, rest)) = words.split_first() else { return key.is_empty() && matched > 1 };
    if key.is_empty() {
        return matched > 1;
    }
    (SHORTEST_ABBREVIATION..=word.len()).any(|length| {
        let Some(tail) = key.strip_prefix(&word[..length]) else { return false };
        let plural = tail.strip_prefix('s').filter(|_| length < word.len());
        is_abbreviation(tail, rest, matched + 1) || plural.is_some_and(|tail| is_abbreviation(tail, rest, matched + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::resembles;

    /// Every key of a container and of a task definition, and of what `describe-task-definition` adds
    /// (the ECS API of June 2025).
    const KEYS_OF_ECS: [&str; 66] = [
        "name",
        "image",
        "repositoryCredentials",
        "cpu",
        "memory",
        "memoryReservation",
        "links",
        "portMappings",
        "essential",
        "restartPolicy",
        "entryPoint",
        "command",
        "environment",
        "environmentFiles",
        "mountPoints",
        "volumesFrom",
        "linuxParameters",
        "secrets",
        "dependsOn",
        "startTimeout",
        "stopTimeout",
        "versionConsistency",
        "hostname",
        "user",
        "workingDirectory",
        "disableNetworking",
        "privileged",
        "readonlyRootFilesystem",
        "dnsServers",
        "dnsSearchDomains",
        "extraHosts",
        "dockerSecurityOptions",
        "interactive",
        "pseudoTerminal",
        "dockerLabels",
        "ulimits",
        "logConfiguration",
        "healthCheck",
        "systemControls",
        "resourceRequirements",
        "firelensConfiguration",
        "credentialSpecs",
        "taskDefinitionArn",
        "containerDefinitions",
        "family",
        "taskRoleArn",
        "executionRoleArn",
        "networkMode",
        "revision",
        "volumes",
        "status",
        "requiresAttributes",
        "placementConstraints",
        "compatibilities",
        "runtimePlatform",
        "requiresCompatibilities",
        "inferenceAccelerators",
        "pidMode",
        "ipcMode",
        "proxyConfiguration",
        "registeredAt",
        "deregisteredAt",
        "registeredBy",
        "ephemeralStorage",
        "enableFaultInjection",
        "tags",
    ];

    #[test]
    fn no_key_of_ecs_resembles_another_one() {
        for known in super::super::known_keys::KNOWN_KEYS {
            for key in KEYS_OF_ECS {
                assert!(!resembles(key, known.name), "{key} resembles {}", known.name);
            }
        }
    }

    #[test]
    fn other_spellings_resemble_the_key() {
        let spellings = [
            (
                "repositoryCredentials",
                "repository_credentials RepositoryCredentials repositorycredentials REPOSITORY_CREDENTIALS repository-credentials repositoryCredential repositoryCredentails repositoryCreds repoCredentials repoCreds repositryCredentials registryCredentials imageRepositoryCredentials repository_credential",
            ),
            (
                "credentialsParameter",
                "credentials_parameter CredentialsParameter credentialsparameter credentialParameter credentialsParam credentialParam credentials-parameter credsParameter credentialsParamater",
            ),
            (
                "executionRoleArn",
                "ExecutionRoleArn execution_role_arn executionRole executionRoleARN executionrolearn taskExecutionRoleArn execRoleArn exeuctionRoleArn",
            ),
            (
                "containerDefinitions",
                "ContainerDefinitions container_definitions containerDefinition containerDefs containerdefinitions container-definitions containersDefinitions",
            ),
            ("runtimePlatform", "RuntimePlatform runtime_platform runtimeplatform runtimePlatforms runtimePlatfrom"),
            ("image", "Image IMAGE images iamge imgae"),
            ("name", "Name NAME"),
        ];
        for (known, keys) in spellings {
            for key in keys.split(' ') {
                assert!(resembles(key, known), "{key} does not resemble {known}");
            }
            assert!(!resembles(known, known));
        }
        assert!(resembles("repositoryCredentials ", "repositoryCredentials"), "a space at the end");
        assert!(!resembles(&"repositoryCredentials".repeat(4), "repositoryCredentials"));
    }
}
