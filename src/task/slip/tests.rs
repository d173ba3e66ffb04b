use proptest::prelude::*;

use super::{Field, Slip};

/// The cause and the hint of the slip in a value, in one line.
fn slip(field: Field, value: &str) -> String {
    match Slip::find(field, value) {
        Some(slip) => format!("{slip} | {}", slip.hint()),
        None => "none".to_owned(),
    }
}

fn assert_slips(field: Field, cause: &str, values: &[&str]) {
    for value in values {
        let found = slip(field, value);
        assert!(found.contains(cause), "{value}: {found}");
    }
}

#[test]
fn a_placeholder_in_an_image_is_named() {
    let values = [
        "<IMAGE1_NAME>",
        "<image>",
        "<your image here>",
        "${IMAGE}",
        "$IMAGE",
        "{{image}}",
        "{{ image }}",
        "%IMAGE%",
        "@@IMAGE@@",
        "__IMAGE_URI__",
        "[IMAGE]",
        "IMAGE",
        "IMAGE_URI",
        "REPLACE_ME",
        "YOUR_REGISTRY/app:1.0",
        "REGISTRY/IMAGE:TAG",
        "registry.example/YOUR_IMAGE:1.0",
        "registry.example/app:TAG",
        "registry.example/app:IMAGE_TAG",
        "registry.example/app:<tag>",
        "registry.example/app:$CI_COMMIT_SHA",
        "registry.example/app:$(Build.BuildId)",
        "ACCOUNT.dkr.ecr.REGION.amazonaws.com/app:1",
        "AWS_ACCOUNT_ID.dkr.ecr.us-east-1.amazonaws.com/team/app:1",
        "aws_account_id.dkr.ecr.region.amazonaws.com/app",
        "account-id.dkr.ecr.us-east-1.amazonaws.com/app",
        "111122223333.dkr.ecr.region.amazonaws.com/app",
        "111122223333.dkr.ecr.REGION.amazonaws.com/app",
        "111122223333.dkr.ecr-fips.your-region.amazonaws.com/app",
        "xxxxxxxxxxxx.dkr.ecr.us-east-1.amazonaws.com/app",
        "<account>.dkr.ecr.us-east-1.amazonaws.com/app",
        "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/app",
        "!Ref Image",
        "PLACEHOLDER",
    ];
    assert_slips(Field::Image, "looks like a placeholder that was not filled in", &values);
}

#[test]
fn a_placeholder_in_a_name_is_named() {
    let values = [
        "<secret>",
        "${docker_hub_credentials_arn}",
        "REPLACE_ME",
        "REPLACE_ME_ECS_ROLE_ARN",
        "YOUR_SECRET_ARN",
        "CHANGE_ME",
        "CHANGEME",
        "TODO",
        "SECRET_NAME",
        "SECRET_ARN",
        "xxxxxxxxxxxx",
        "arn:aws:iam::<account>:role/exec",
        "arn:aws:secretsmanager:us-east-1:${AWS_ACCOUNT_ID}:secret:hub-AbCdEf",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-XXXXXX",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:YOUR-SECRET-AbCdEf",
        "arn:aws:secretsmanager:...",
        "data.aws_secretsmanager_secret.hub.arn",
        "!GetAtt Secret.Arn",
    ];
    for field in [Field::Secret, Field::Role] {
        assert_slips(field, "looks like a placeholder that was not filled in", &values);
    }
    assert_slips(Field::ContainerName, "`<APP_NAME>` looks like a placeholder", &["<APP_NAME>", "web-<APP_NAME>"]);
}

#[test]
fn white_space_is_named_by_its_place() {
    for (value, cause) in [
        ("registry.example/app:1\n", "it ends with a line end (`\\n`)"),
        ("registry.example/app:1\r\n", "it ends with a line end (`\\n`)"),
        ("registry.example/app:1\r", "it ends with a carriage return (`\\r`)"),
        ("registry.example/app:1 ", "it ends with a space"),
        (" registry.example/app:1", "it begins with a space"),
        ("\tregistry.example/app:1", "it begins with a tab (`\\t`)"),
        ("registry.example/app:1\u{a0}", "it ends with a no-break space (U+00A0)"),
        ("\u{feff}registry.example/app:1", "it begins with a byte order mark (U+FEFF)"),
        ("registry.example/app:1\u{200b}", "it ends with the invisible character U+200B"),
        ("registry.example/app: 1", "it has a space in the middle"),
        ("registry.example/\napp:1", "it has a line end (`\\n`) in the middle"),
        ("registry.example/a\u{ad}pp:1", "it has the invisible character U+00AD in the middle"),
    ] {
        assert_slips(Field::Image, cause, &[value]);
    }
    assert_eq!(
        slip(Field::Image, " registry.example/app:1\n"),
        "it ends with a line end (`\\n`) | write it without white space and invisible characters at its ends: `registry.example/app:1`"
    );
    assert_slips(Field::Secret, "it ends with a line end", &["team/registry\n", "arn:aws:s3:::x\n"]);
    assert_slips(Field::ContainerName, "it has a space in the middle", &["my app"]);
}

#[test]
fn quotes_json_and_logins_are_named() {
    assert_eq!(
        slip(Field::Image, "\"nginx:1.25\""),
        "it is in quotes, which are not a part of the value | write it without quotes: `nginx:1.25`"
    );
    assert_slips(
        Field::Secret,
        "it is in quotes",
        &["'team/registry'", "“team/registry”", "`team/registry`", "team/registry\""],
    );
    let json = [
        r#"{"username":"alice","password":"hunter2"}"#,
        r#"{ "auths": {} }"#,
        r#"[{"name":"app"}]"#,
        r#"r.example/x:{"p":"s3cr3t"}"#,
        "{'username': 'alice'}",
        "{\n  \"username\": \"alice\"\n}",
        r#"{\"username\":\"alice\"}"#,
        r#""{"username": "alice"}""#,
        "{}",
        r#"["a", "b"]"#,
    ];
    for field in [Field::Image, Field::Secret, Field::Role, Field::ContainerName] {
        assert_slips(field, "it contains JSON", &json);
    }
    assert_slips(
        Field::Image,
        "it looks like a login or contains one, and should be an image",
        &[
            "alice:hunter2@shared.example/app:1",
            "https://alice:hunter2@registry.example/app",
            "IMAGE_TOKEN=hunter2",
            "docker login -u a -p b",
        ],
    );
    assert_slips(
        Field::Secret,
        "it looks like a login or contains one",
        &[
            "alice:hunter2",
            "username=alice,password=hunter2",
            "YWxpY2U6aHVudGVyMg==",
            "ghp_0123456789abcdef0123",
            "password=hunter2",
        ],
    );
}

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

#[test]
fn a_value_of_another_kind_is_named() {
    for (value, hint) in [
        ("docker pull nginx:1.25", "write only the image: `nginx:1.25`"),
        ("docker pull --platform linux/amd64 registry.example/app:1", "write only the image: `registry.example/app:1`"),
        ("podman pull quay.io/team/app", "write only the image: `quay.io/team/app`"),
        ("sudo docker run -it nginx", "write only the image: `nginx`"),
        ("docker://nginx:1.25", "write only the image: `nginx:1.25`"),
        ("oci://registry.example/app", "write only the image: `registry.example/app`"),
        ("image: nginx:1.25", "write only the image: `nginx:1.25`"),
        ("image=nginx:1.25", "write only the image: `nginx:1.25`"),
        (
            "arn:aws:ecr:us-east-1:111122223333:repository/team/app",
            "write the image: `111122223333.dkr.ecr.us-east-1.amazonaws.com/team/app`",
        ),
        (
            "arn:aws-cn:ecr:cn-north-1:111122223333:repository/app",
            "write the image: `111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app`",
        ),
        ("arn:aws:secretsmanager:us-east-1:111122223333:secret:registry-AbCdEf", "credentialsParameter"),
        ("arn:aws:iam::111122223333:role/exec", "credentialsParameter"),
    ] {
        assert_slips(Field::Image, hint, &[value]);
    }
    assert_slips(
        Field::Secret,
        "it looks like an image, and should be the ARN or the name of a secret",
        &[
            "registry.example/team/app:1.0",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/app:1",
            "ghcr.io/owner/app@sha256:12",
        ],
    );
    assert_slips(Field::Role, "it looks like an image, and should be the ARN of a role", &["ghcr.io/owner/app:1"]);
}

#[test]
fn separators_and_wildcards_are_named() {
    for (value, separator) in [
        ("registry.example/app:", ":"),
        ("registry.example/app@", "@"),
        ("registry.example/", "/"),
        ("registry.example/team/", "/"),
        ("registry.example/app,", ","),
        ("111122223333.dkr.ecr.us-east-1.amazonaws.com/", "/"),
        ("app|", "[withheld]"),
    ] {
        assert_slips(Field::Image, &format!("it ends with `{separator}`, and nothing follows it"), &[value]);
    }
    assert_slips(Field::Image, "and nothing is in front of it", &["/team/app", ":latest", "@sha256:12"]);
    assert_slips(
        Field::Secret,
        "it ends with `,`",
        &["team/registry,", "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf,"],
    );
    assert_slips(
        Field::Secret,
        "it has the wildcard",
        &[
            "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-??????",
            "arn:aws:secretsmanager:us-east-1:*:secret:a",
            "team/*",
        ],
    );
    assert_slips(Field::Image, "it has the wildcard", &["registry.example/app:*", "registry.example/*"]);
}

#[test]
fn a_value_that_is_right_has_no_slip() {
    for image in [
        "nginx",
        "nginx:1.27",
        "private-repo/private-image",
        "your-company/app:1",
        "Registry.Example:443/team/app",
        "REGISTRY.EXAMPLE:5000/app",
        "GHCR.io/owner/app:1",
        "111122223333.DKR.ECR.EU-WEST-1.AMAZONAWS.COM/app",
        "11112222333.dkr.ecr.eu-west-1.amazonaws.com/app",
        "[::1]:5000/app",
        "registry.example/app:LATEST",
        "registry.example/app:V1_RELEASE",
        "registry.example/a/b/c/d__e.f--g",
        "registry.example/tag/name/account/region:1",
        "registry.example/auth-token/user:password",
        "docker/library/nginx",
        "quay.io/team/app",
        "registry.example/harbor/projects/app",
        "registry.example/ui/repos/app:1",
        "module.example/app",
        "team.dkr.example:5000/app",
        "registry.dkr.ecr.local/app",
        "registry.example/npm_registry_proxy_service:1",
        "registry.gitlab.com/group/project",
        "public.ecr.aws/docker/library/nginx:1",
    ] {
        assert_eq!(slip(Field::Image, image), "none", "{image}");
    }
    for name in [
        "team/registry",
        "registry",
        "ghcr.io/owner/app",
        "gitlab.com/deploy-token",
        "github.com",
        "DOCKERHUB_CREDENTIALS",
        "PROD/REGISTRY_NAME",
        "DockerHubLogin",
        "secret_name",
        "my-secret",
        "a@b.example",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:team/registry-AbCdEf",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:password-AbCdEf",
        "ecr-pullthroughcache/docker-hub",
        "pypi-mirror-cache-server",
        "ECS/REGISTRY_URI",
        "team/user=alice",
    ] {
        assert_eq!(slip(Field::Secret, name), "none", "{name}");
    }
    for role in ["ecsTaskExecutionRole", "/service/exec", "arn:aws:iam::111122223333:role/a+b=c,d.e@f-g_h"] {
        assert_eq!(slip(Field::Role, role), "none", "{role}");
    }
}

/// A login, and a text that has it in one of the places where people put it.
fn misplaced_login() -> impl Strategy<Value = (String, String)> {
    let form = prop_oneof![
        Just("USER:PASS@registry.example/team/app:1"),
        Just("https://USER:PASS@registry.example/app"),
        Just("USER:PASS@registry.example:5000/app@sha256:12"),
        Just("USER%3APASS%40registry.example/app"),
        Just("{\"username\":\"USER\",\"password\":\"PASS\"}"),
        Just("registry.example/app:{\"password\":\"PASS\"}"),
        Just("registry.example/app?password=PASS"),
        Just("username=USER,password=PASS"),
        Just("REGISTRY_TOKEN=PASS"),
        Just("docker login -u USER -p PASS registry.example"),
        Just("<USER>:PASS@registry.example/app"),
        Just("\"USER:PASS@registry.example/app\""),
        Just(" USER:PASS@registry.example/app\n"),
        Just("Authorization: Bearer PASS"),
    ];
    (form, "[a-z]{3,8}", "[A-Za-z0-9]{4}[!#$&*A-Za-z0-9@/._~-]{4,12}[A-Z0-9]{3}")
        .prop_map(|(form, user, password)| (form.replace("USER", &user).replace("PASS", &password), password))
}

proptest! {
    #[test]
    fn no_slip_shows_a_misplaced_login((text, password) in misplaced_login()) {
        for field in [Field::Image, Field::Secret, Field::Role, Field::Key, Field::ContainerName, Field::RegistryHost] {
            let found = slip(field, &text);
            let shown = field.text(&text).whole();
            prop_assert!(!found.contains(&password), "{}", found);
            prop_assert!(!shown.as_str().contains(&password), "{}", shown);
        }
    }

    #[test]
    fn every_value_has_a_slip_or_none(value in "[<>${}\"':/@.*? A-Za-z0-9_-]{0,30}|\\PC{0,30}") {
        for field in [Field::Image, Field::Secret, Field::Role, Field::Cluster, Field::ContainerName] {
            let found = slip(field, &value);
            let is_one_line = !found.contains('\n');
            prop_assert!(is_one_line);
        }
    }
}
