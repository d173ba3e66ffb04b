use super::{EcrHostError, RegistryKind};
use crate::task::ImageReference;

/// The kind of an image's registry in one line; `invalid: …` for an error.
fn kind(image: &str) -> String {
    let Ok(image) = ImageReference::parse(image) else { return "no reference".to_owned() };
    match RegistryKind::from_image(&image) {
        Ok(RegistryKind::Ecr(ecr)) => {
            let fips = if ecr.fips { " fips" } else { "" };
            let dual_stack = if ecr.dual_stack { " dual-stack" } else { "" };
            format!("{} {} {}{fips}{dual_stack}", ecr.region.partition(), ecr.account, ecr.region)
        }
        Ok(other) => format!("{other:?}"),
        Err(error) => {
            let part = match error {
                EcrHostError::Account(_) => "account",
                EcrHostError::Region(_) => "Region",
                EcrHostError::Partition { .. } => "partition",
                EcrHostError::Form => "form",
            };
            format!("invalid: {part}")
        }
    }
}

const REFERENCES: &[(&str, &str)] = &[
    // Every partition.
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:1", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.us-east-1.amazonaws.com/app", "aws 111122223333 us-east-1"),
    ("000000000000.dkr.ecr.ap-southeast-7.amazonaws.com/app", "aws 000000000000 ap-southeast-7"),
    ("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com/app", "aws-us-gov 111122223333 us-gov-west-1"),
    ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app", "aws-cn 111122223333 cn-north-1"),
    ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.eu/app", "aws-eusc 111122223333 eusc-de-east-1"),
    ("111122223333.dkr.ecr.us-iso-east-1.c2s.ic.gov/app", "aws-iso 111122223333 us-iso-east-1"),
    ("111122223333.dkr.ecr.us-isob-east-1.sc2s.sgov.gov/app", "aws-iso-b 111122223333 us-isob-east-1"),
    ("111122223333.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk/app", "aws-iso-e 111122223333 eu-isoe-west-1"),
    ("111122223333.dkr.ecr.us-isof-south-1.csp.hci.ic.gov/app", "aws-iso-f 111122223333 us-isof-south-1"),
    // FIPS and dual-stack.
    ("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/app", "aws 111122223333 us-east-1 fips"),
    ("111122223333.dkr.ecr-fips.us-gov-east-1.amazonaws.com/app", "aws-us-gov 111122223333 us-gov-east-1 fips"),
    ("111122223333.dkr-ecr.eu-west-1.on.aws/app", "aws 111122223333 eu-west-1 dual-stack"),
    ("111122223333.dkr-ecr.us-gov-west-1.on.aws/app", "aws-us-gov 111122223333 us-gov-west-1 dual-stack"),
    ("111122223333.dkr-ecr-fips.us-west-2.on.aws/app", "aws 111122223333 us-west-2 fips dual-stack"),
    (
        "111122223333.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn/app",
        "aws-cn 111122223333 cn-northwest-1 dual-stack",
    ),
    // Upper case, with a port, by digest, with a deep path, behind a pull-through rule.
    ("111122223333.DKR.ECR.EU-WEST-1.AMAZONAWS.COM/app", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.eu-west-1.AmazonAWS.com/app:V1", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com:443/app", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com:8443/app", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/a/b/c/d:e", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx:1", "aws 111122223333 eu-west-1"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com/github/owner/app:1", "aws 111122223333 eu-west-1"),
    (
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "aws 111122223333 eu-west-1",
    ),
    // Hosts that look like ECR and are not.
    ("11112222333.dkr.ecr.eu-west-1.amazonaws.com/app", "invalid: account"),
    ("1111222233334.dkr.ecr.eu-west-1.amazonaws.com/app", "invalid: account"),
    ("aws-account-id.dkr.ecr.eu-west-1.amazonaws.com/app", "no reference"),
    ("11112222333x.dkr.ecr.eu-west-1.amazonaws.com/app", "invalid: account"),
    ("11112222333.dkr-ecr.eu-west-1.on.aws/app", "invalid: account"),
    ("111122223333.dkr.ecr.region.amazonaws.com/app", "no reference"),
    ("111122223333.dkr.ecr.us-east-1a.amazonaws.com/app", "invalid: Region"),
    ("111122223333.dkr.ecr.eu-west.amazonaws.com/app", "invalid: Region"),
    ("111122223333.dkr.ecr.us-west-2-lax-1a.amazonaws.com/app", "invalid: Region"),
    ("111122223333.dkr.ecr.cn-north-1.amazonaws.com/app", "invalid: partition"),
    ("111122223333.dkr.ecr.us-east-1.amazonaws.com.cn/app", "invalid: partition"),
    ("111122223333.dkr.ecr.us-gov-west-1.amazonaws.com.cn/app", "invalid: partition"),
    ("111122223333.dkr.ecr.eusc-de-east-1.amazonaws.com/app", "invalid: partition"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.eu/app", "invalid: partition"),
    ("111122223333.dkr.ecr.us-iso-east-1.sc2s.sgov.gov/app", "invalid: partition"),
    ("111122223333.dkr-ecr.cn-north-1.on.aws/app", "invalid: partition"),
    ("111122223333.dkr.ecr.amazonaws.com/app", "invalid: form"),
    ("dkr.ecr.eu-west-1.amazonaws.com/app", "invalid: form"),
    ("x.111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "invalid: form"),
    ("111122223333.dkr.ecr.eu-west-1.x.amazonaws.com/app", "invalid: form"),
    ("111122223333.dkr.ecr-fip.eu-west-1.amazonaws.com/app", "invalid: form"),
    ("111122223333.dkr.ecr.eu-west-1.on.aws/app", "invalid: form"),
    ("111122223333.dkr-ecr.eu-west-1.amazonaws.com/app", "invalid: form"),
    ("vpce-0a1b-2c3d.dkr.ecr.eu-west-1.vpce.amazonaws.com/app", "invalid: form"),
    // Look-alikes under domains that are not of AWS.
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com.example.io/app", "Other"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com.example.io:443/app", "Other"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com.cn.example/app", "Other"),
    ("111122223333.dkr.ecr.eu-west-1.evilamazonaws.com/app", "Other"),
    ("111122223333.dkr.ecr.eu-west-1-amazonaws.com/app", "Other"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.org/app", "Other"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.co/app", "Other"),
    ("111122223333.dkr-ecr.eu-west-1.on.aws.example/app", "Other"),
    ("111122223333.dkr-ecr.eu-west-1.son.aws/app", "Other"),
    ("example.io/111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "Other"),
    ("localhost:5000/111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "Other"),
    ("library/111122223333.dkr.ecr.eu-west-1.amazonaws.com", "DockerHub"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com", "no reference"),
    ("api.ecr.eu-west-1.amazonaws.com/app", "Other"),
    ("s3.amazonaws.com/app", "Other"),
    ("amazonaws.com/app", "Other"),
    // Texts that are not image references.
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com./app", "no reference"),
    (".dkr.ecr.eu-west-1.amazonaws.com/app", "no reference"),
    ("111122223333.dkr.ecr..amazonaws.com/app", "no reference"),
    ("https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "no reference"),
    ("user@111122223333.dkr.ecr.eu-west-1.amazonaws.com/app", "no reference"),
    ("111122223333.dkr.ecr.eu-west-1.amazonaws.com\u{2024}example/app", "no reference"),
    // ECR Public.
    ("public.ecr.aws/docker/library/nginx:1", "EcrPublic"),
    ("Public.ECR.aws/alias/app", "EcrPublic"),
    ("public.ecr.aws:443/alias/app", "EcrPublic"),
    ("ecr-public.aws.com/alias/app", "EcrPublic"),
    ("public.ecr.aws.example/alias/app", "Other"),
    ("xpublic.ecr.aws/alias/app", "Other"),
    ("a.public.ecr.aws/alias/app", "Other"),
    ("public.ecr.amazonaws.com/alias/app", "Other"),
    // Docker Hub in all its spellings.
    ("nginx", "DockerHub"),
    ("nginx:1.27", "DockerHub"),
    ("library/nginx", "DockerHub"),
    ("private-repo/private-image", "DockerHub"),
    ("docker.io/nginx", "DockerHub"),
    ("docker.io/library/nginx", "DockerHub"),
    ("Docker.io/team/app", "DockerHub"),
    ("index.docker.io/team/app", "DockerHub"),
    ("Index.Docker.io/team/app", "DockerHub"),
    ("registry-1.docker.io/team/app", "DockerHub"),
    ("docker.io.example/team/app", "Other"),
    ("mydocker.io/team/app", "Other"),
    // Other registries.
    ("ghcr.io/owner/app", "Ghcr"),
    ("GHCR.io/owner/app:1", "Ghcr"),
    ("ghcr.io.example/owner/app", "Other"),
    ("team.azurecr.io/app", "Acr"),
    ("team-a1b2.azurecr.io/app", "Acr"),
    ("team.azurecr.cn/app", "Acr"),
    ("team.azurecr.us:443/app", "Acr"),
    ("azurecr.io/app", "Other"),
    ("team.eastus.data.azurecr.io/app", "Other"),
    ("team.azurecr.io.example/app", "Other"),
    ("registry.gitlab.com/group/project/app", "GitLab"),
    ("registry.gitlab.com:443/group/project/app", "GitLab"),
    ("gitlab.com/group/project", "no reference"),
    ("registry.gitlab.example:5050/group/app", "Other"),
    ("registry.example/app", "Other"),
    ("registry.example:5000/app", "Other"),
    ("localhost/app", "Other"),
    ("localhost:5000/app", "Other"),
    ("127.0.0.1:5000/app", "Other"),
    ("[::1]/app", "Other"),
    ("[2001:db8::1]:5000/app", "Other"),
    ("quay.io/org/app", "Other"),
    ("registry.k8s.io/pause:3", "Other"),
];

#[test]
fn every_image_gets_the_kind_of_its_registry() {
    assert!(REFERENCES.len() >= 80, "{}", REFERENCES.len());
    for (image, expected) in REFERENCES {
        assert_eq!(kind(image), *expected, "{image}");
    }
}
