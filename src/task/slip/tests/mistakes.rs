//! Placeholders, white space and values of another kind.

use super::helpers::{assert_slips, slip};
use crate::task::slip::Field;

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
