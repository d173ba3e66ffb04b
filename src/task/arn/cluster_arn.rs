//! ECS clusters, by name or ARN.

use super::arn_error::{ArnError, CLUSTER_KIND, check_name, split};
use crate::task::slip::{Field, Slip};

/// The longest name of a cluster, in characters (`CreateCluster`).
const NAME_LIMIT: usize = 255;

/// Checks the name of a cluster or its ARN, `arn:<partition>:ecs:<region>:<account>:cluster/<name>`.
///
/// # Errors
/// [`ArnError`], naming the part that is wrong.
pub fn check_cluster(text: &str) -> Result<(), ArnError> {
    let input = Field::Cluster.text(text);
    if !text.starts_with("arn:") {
        if let Some(slip) = Slip::find(Field::Cluster, text) {
            return Err(slip.into());
        }
        return check_name(&input, text, "_-", NAME_LIMIT);
    }
    let parts = split(Field::Cluster, text, "ecs")?;
    let region = parts.checked_region(&input)?;
    let Some(name) = parts.resource.strip_prefix("cluster/") else {
        let found = input.part(parts.resource);
        return Err(ArnError::Kind { found, expected: CLUSTER_KIND, region: Some(region) });
    };
    check_name(&input, name, "_-", NAME_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::check_cluster;

    #[test]
    fn a_cluster_is_named_or_given_by_its_arn() {
        for text in ["web", "web_1-a", "default", "arn:aws:ecs:eu-west-1:111122223333:cluster/web"] {
            assert_eq!(check_cluster(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "web\n",
            "my web",
            "<cluster>",
            "${ECS_CLUSTER}",
            "YOUR_CLUSTER_ARN",
            "web.example",
            "alice:hunter2",
            "arn:aws:ecs:cn-north-1:111122223333:cluster/web",
            "arn:aws:ecs:eu-west-1a:111122223333:cluster/web",
            "arn:aws:ecs:eu-west-1:111122223333:service/web",
            "arn:aws:ecs:eu-west-1:1111:cluster/web",
            "arn:aws:eks:eu-west-1:111122223333:cluster/web",
            "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services",
        ] {
            let error = check_cluster(text).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{text}: {error}");
        }
    }
}
