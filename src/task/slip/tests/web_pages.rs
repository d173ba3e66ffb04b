//! The addresses of web pages, and what they show.

use super::helpers::{assert_slips, slip};
use crate::task::slip::Field;

#[test]
fn a_web_page_gives_the_image_that_it_shows() {
    for (address, image) in [
        ("hub.docker.com/r/team/app", "team/app"),
        ("https://hub.docker.com/r/team/app/tags?page=1", "team/app"),
        ("https://hub.docker.com/_/nginx", "nginx"),
        ("https://hub.docker.com/repository/docker/team/app/general", "team/app"),
        ("https://hub.docker.com/layers/team/app/1.0/images/sha256-0", "team/app:1.0"),
        ("https://gallery.ecr.aws/docker/library/nginx", "public.ecr.aws/docker/library"),
        ("gallery.ecr.aws/nginx/nginx", "public.ecr.aws/nginx/nginx"),
        ("https://github.com/Owner/repo/pkgs/container/App", "ghcr.io/owner/app"),
        ("https://github.com/orgs/owner/packages/container/package/app%2Fweb", "ghcr.io/owner/app/web"),
        ("https://quay.io/repository/team/app?tab=tags", "quay.io/team/app"),
        ("https://gitlab.com/group/project/container_registry/12", "registry.gitlab.com/group/project"),
        ("https://gitlab.com/group/sub/project/-/container_registry", "registry.gitlab.com/group/sub/project"),
        ("gitlab.com/group/project", "registry.gitlab.com/group/project"),
        ("https://console.cloud.google.com/gcr/images/project/global/app", "gcr.io/project/app"),
        (
            "https://console.cloud.google.com/artifacts/docker/project/europe-west1/repository/app?project=project",
            "europe-west1-docker.pkg.dev/project/repository/app",
        ),
        (
            "https://us-east-1.console.aws.amazon.com/ecr/repositories/private/111122223333/team/app?region=us-east-1",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app",
        ),
        (
            "console.aws.amazon.com/ecr/repositories/private/111122223333/app/_/image/sha256:0/details?region=eu-west-1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app",
        ),
        ("https://catalog.ngc.nvidia.com/orgs/nvidia/containers/cuda", "nvcr.io/nvidia/cuda"),
        ("https://mcr.microsoft.com/en-us/product/dotnet/aspnet/about", "mcr.microsoft.com/dotnet/aspnet"),
        ("https://images.chainguard.dev/directory/image/nginx/overview", "cgr.dev/chainguard/nginx"),
    ] {
        let found = slip(Field::Image, address);
        assert!(found.starts_with("it is the address of a web page"), "{address}: {found}");
        assert!(found.contains(&format!("write the image: `{image}")), "{address}: {found}");
    }
    for address in [
        "https://portal.azure.com/#view/x",
        "https://github.com/owner/repo",
        "https://hub.docker.com/search?q=nginx",
        "https://harbor.example/harbor/projects/1/repositories/app",
    ] {
        assert_slips(Field::Image, "write the image as `", &[address]);
    }
}

#[test]
fn a_console_page_gives_the_command_that_prints_the_arn() {
    for (field, address, hint) in [
        (
            Field::Secret,
            "https://us-east-1.console.aws.amazon.com/secretsmanager/secret?name=team%2Fregistry",
            "`aws secretsmanager describe-secret --region us-east-1 --secret-id team/registry --query ARN --output text`",
        ),
        (
            Field::Secret,
            "https://console.aws.amazon.com/secretsmanager/secret?name=hub&region=eu-west-1",
            "`aws secretsmanager describe-secret --region eu-west-1 --secret-id hub --query ARN --output text`",
        ),
        (
            Field::Secret,
            "https://console.aws.amazon.com/secretsmanager/home?region=eu-west-1#!/secret?name=hub",
            "`aws secretsmanager describe-secret --region eu-west-1 --secret-id hub --query ARN --output text`",
        ),
        (
            Field::Role,
            "https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1#/roles/details/exec?section=permissions",
            "`aws iam get-role --role-name exec --query Role.Arn --output text`",
        ),
        (Field::Role, "https://console.aws.amazon.com/iam/home#/roles/exec", "`aws iam get-role --role-name exec"),
        (
            Field::Cluster,
            "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/web/services?region=eu-west-1",
            "write the cluster's name: `web`",
        ),
        (Field::Secret, "https://us-east-1.console.aws.amazon.com/systems-manager/parameters/a", "Parameter Store"),
        (Field::Secret, "https://vault.example/secret/registry", "write the ARN or the name of a secret"),
    ] {
        assert_slips(field, hint, &[address]);
    }
}
