//! Keys in another spelling or in another place, and empty credentials.

use serde_json::{Value, json};

use crate::support::names::{ROLE, SECRET};
use crate::support::run::{Run, RunOutput, dry_run};
use crate::support::world::{IMAGE, container, open_container, task};

/// The message and the hint for the first container.
fn failure(ended: &RunOutput) -> String {
    let failure = &ended.container(0)["failure"];
    format!("{} -> {}", failure["message"].as_str().unwrap_or_default(), failure["hint"].as_str().unwrap_or_default())
}

/// The ids and messages of the warnings about the first task.
fn warnings(ended: &RunOutput) -> Vec<(String, String)> {
    let report = ended.report();
    let text = |warning: &Value, key: &str| warning[key].as_str().unwrap_or_default().to_owned();
    let warnings = report["warnings"].as_array().cloned().unwrap_or_default();
    warnings.iter().map(|warning| (text(warning, "id"), text(warning, "message"))).collect()
}

/// A definition with a role and one container with these keys beside its name and its image.
fn with_container(keys: &Value) -> Value {
    let mut container = open_container("app", IMAGE);
    container.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    json!({ "family": "web", "executionRoleArn": ROLE, "containerDefinitions": [container] })
}

#[test]
fn credentials_under_another_key_are_refused() {
    let outer = [
        "repository_credentials",
        "RepositoryCredentials",
        "repositorycredentials",
        "repositoryCredential",
        "REPOSITORY_CREDENTIALS",
        "repository-credentials",
        "repositoryCredentails",
        "repositryCredentials",
        "repoCredentials",
        "repoCreds",
        "registryCredentials",
        "repositoryCredentials ",
        "imageRepositoryCredentials",
    ];
    for key in outer {
        let ended = dry_run(with_container(&json!({ key: { "credentialsParameter": SECRET } })).to_string());
        let text = failure(&ended);
        assert_eq!((ended.code, ended.failure(0)), (4, "definition invalid".to_owned()), "{key}: {ended:?}");
        assert!(
            text.contains(&format!("`{}` is not a key of ECS: the key is `repositoryCredentials`", key.trim_end())),
            "{text}"
        );
        assert!(text.contains(r#"`"repositoryCredentials": {"credentialsParameter": "ARN"}`"#), "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
    let inner = [
        "credentials_parameter",
        "CredentialsParameter",
        "credentialsparameter",
        "credentialParameter",
        "CREDENTIALS_PARAMETER",
        "credentials-parameter",
        "credentialsParam",
        "credentialsArn",
        "secretArn",
        "valueFrom",
        "credentialsParamater",
        "secret",
    ];
    for key in inner {
        let ended = dry_run(with_container(&json!({ "repositoryCredentials": { key: SECRET } })).to_string());
        let text = failure(&ended);
        assert_eq!(ended.code, 4, "{key}: {ended:?}");
        assert!(text.contains(&format!("`{key}` is not a key of ECS: the key is `credentialsParameter`")), "{text}");
    }
}

#[test]
fn credentials_in_another_place_are_refused() {
    let login = json!({ "credentialsParameter": SECRET });
    let table = [
        (
            json!({ "credentialsParameter": SECRET }),
            "`credentialsParameter` has no effect there: it belongs in `repositoryCredentials`",
        ),
        (
            json!({ "credentials_parameter": SECRET }),
            "`credentials_parameter` is not a key of ECS: the key is `credentialsParameter`, in `repositoryCredentials`",
        ),
        (
            json!({ "secrets": [{ "name": "x", "repositoryCredentials": login }] }),
            "`repositoryCredentials` in `secrets` has no effect there",
        ),
        (
            json!({ "secrets": { "credentialsParameter": SECRET } }),
            "`credentialsParameter` in `secrets` has no effect there",
        ),
        (json!({ "secrets": { "repositoryCredentials": login } }), "`repositoryCredentials` in `secrets`"),
        (json!({ "environment": [{ "credentialsParameter": SECRET }] }), "`credentialsParameter` in `environment`"),
        (
            json!({ "image_config": { "auth": [[{ "RepositoryCredentials": login }]] } }),
            "`RepositoryCredentials` in `image_config` is not a key of ECS",
        ),
        (
            json!({ "linuxParameters": { "repositoryCredentials": login } }),
            "`repositoryCredentials` in `linuxParameters`",
        ),
        (
            json!({ "logConfiguration": { "logDriver": "awslogs", "credentialsParameter": SECRET } }),
            "in `logConfiguration`",
        ),
        (json!({ "firelensConfiguration": { "x": { "credentialsParameter": SECRET } } }), "in `firelensConfiguration`"),
        (
            json!({ "repositoryCredentials": null, "portMappings": [{ "credentialsparameter": SECRET }] }),
            "in `portMappings`",
        ),
    ];
    for (keys, expected) in table {
        let ended = dry_run(with_container(&keys).to_string());
        let text = failure(&ended);
        assert_eq!(ended.code, 4, "{keys}: {ended:?}");
        assert!(text.contains(expected), "{keys}: {text}");
    }
    for key in ["repositoryCredentials", "repository_credentials", "credentialsParameter", "RepositoryCredentials"] {
        let mut definition = task(&[open_container("app", IMAGE), container("own", IMAGE, SECRET)]);
        definition[key] = login.clone();
        let ended = dry_run(definition.to_string());
        assert_eq!(ended.code, 4, "{key}: {ended:?}");
        assert!(failure(&ended).contains(&format!("`{key}`")), "{ended:?}");
        assert_eq!(ended.container(1)["result"], "planned", "a container with its own credentials");
    }
}

#[test]
fn keys_that_users_choose_are_no_mistakes() {
    for keys in [
        json!({ "dockerLabels": { "repositoryCredentials": "x", "image": "y" } }),
        json!({ "logConfiguration": { "options": { "Name": "x", "credentialsParameter": "y" } } }),
        json!({ "environment": [{ "name": "repositoryCredentials", "value": "credentialsParameter" }] }),
        json!({ "credentialSpecs": ["credentialspec:x"], "hostname": "Name", "volumesFrom": [] }),
        json!({ "versionConsistency": "enabled", "restartPolicy": { "enabled": true }, "aKeyOfNextYear": { "image": "x" } }),
    ] {
        let ended = dry_run(with_container(&keys).to_string());
        assert_eq!((ended.code, warnings(&ended)), (0, Vec::new()), "{keys}");
    }
    let mut definition = with_container(&json!({}));
    definition["volumes"] = json!([{ "name": "data", "fsxWindowsFileServerVolumeConfiguration":
        { "authorizationConfig": { "credentialsParameter": SECRET, "domain": "files.example" } } }]);
    let ended = dry_run(definition.to_string());
    assert_eq!((ended.code, warnings(&ended)), (0, Vec::new()), "{ended:?}");
}

#[test]
fn other_keys_in_another_spelling_cause_a_warning() {
    let table = [
        ("execution_role_arn", json!(ROLE), "executionRoleArn"),
        ("ExecutionRoleArn", json!(ROLE), "executionRoleArn"),
        ("executionRole", json!(ROLE), "executionRoleArn"),
        ("executionRoleARN", json!(ROLE), "executionRoleArn"),
        ("taskExecutionRoleArn", json!(ROLE), "executionRoleArn"),
        ("execRoleArn", json!(ROLE), "executionRoleArn"),
        ("runtime_platform", json!({ "cpu_architecture": "ARM64" }), "runtimePlatform"),
        ("RuntimePlatform", json!({ "CpuArchitecture": "ARM64" }), "runtimePlatform"),
        ("runtimePlatfrom", json!({}), "runtimePlatform"),
        ("cpuArchitecture", json!("ARM64"), "cpuArchitecture"),
        ("Family", json!("web"), "family"),
        ("container_definitions", json!([]), "containerDefinitions"),
    ];
    for (key, value, meant) in table {
        let mut definition = json!({ "containerDefinitions": [open_container("app", IMAGE)] });
        definition[key] = value;
        let ended = dry_run(definition.to_string());
        let warnings = warnings(&ended);
        assert_eq!(ended.code, 0, "{key}: {ended:?}");
        let [(id, message)] = &*warnings else { panic!("{key}: {warnings:?}") };
        assert!(
            id == "unknown-key" && message.contains(&format!("`{key}`")) && message.contains(&format!("`{meant}`"))
                || key == meant,
            "{message}"
        );
    }
    let mut definition = with_container(&json!({ "executionRoleArn": ROLE, "Name": "x" }));
    definition["runtimePlatform"] = json!({ "cpu_architecture": "ARM64", "operatingSystem": "LINUX" });
    let ended = dry_run(definition.to_string());
    let found = warnings(&ended);
    assert_eq!((ended.code, found.len()), (0, 4), "{found:?}");
    assert!(found.iter().all(|(id, _)| id == "unknown-key"));
}

#[test]
fn an_image_under_another_key_is_named() {
    for key in ["Image", "IMAGE", "images", "iamge", "imgae"] {
        let definition = json!([{ "name": "app", key: IMAGE }, open_container("good", IMAGE)]);
        let ended = dry_run(definition.to_string());
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(failure(&ended).contains(&format!("`{key}` is not a key of ECS: the key is `image`")), "{ended:?}");
        assert_eq!(ended.container(1)["result"], "planned");
    }
}

#[test]
fn credentials_of_a_wrong_type_are_explained() {
    for (credentials, path, hint) in [
        (
            json!(SECRET),
            "containerDefinitions[0].repositoryCredentials: invalid type: string, expected an object",
            r#"{"credentialsParameter": "ARN"}"#,
        ),
        (
            json!([{ "credentialsParameter": SECRET }]),
            "repositoryCredentials: invalid type: sequence, expected an object",
            r#"{"credentialsParameter": "ARN"}"#,
        ),
        (json!(true), "repositoryCredentials: invalid type: boolean", r#"{"credentialsParameter": "ARN"}"#),
        (
            json!({ "credentialsParameter": [SECRET] }),
            "credentialsParameter: invalid type: sequence, expected a string",
            "write `credentialsParameter` as a text in quotes",
        ),
        (
            json!({ "credentialsParameter": { "Ref": "Secret" } }),
            "credentialsParameter: invalid type: map, expected a string",
            "the function of a template must be resolved first",
        ),
        (
            json!({ "credentialsParameter": { "Fn::GetAtt": ["Secret", "Arn"] } }),
            "credentialsParameter: invalid type: map",
            "must be resolved first",
        ),
        (
            json!({ "credentialsParameter": 5 }),
            "credentialsParameter: invalid type: integer `5`",
            "as a text in quotes",
        ),
        (
            json!({ "credentialsParameter": false }),
            "credentialsParameter: invalid type: boolean",
            "as a text in quotes",
        ),
    ] {
        let ended = dry_run(with_container(&json!({ "repositoryCredentials": credentials })).to_string());
        let failure = &ended.report()["invalidInputs"][0];
        let [message, next] = ["message", "hint"].map(|key| failure[key].as_str().unwrap_or_default());
        assert_eq!(ended.code, 4, "{credentials}");
        assert!(message.contains(path) && next.contains(hint), "{message} -> {next}");
    }
}

#[test]
fn empty_credentials_are_none() {
    for credentials in
        [json!(null), json!({}), json!({ "credentialsParameter": "" }), json!({ "credentialsParameter": null })]
    {
        let definition = json!({ "family": "web", "executionRoleArn": null, "taskRoleArn": "", "inferenceAccelerators": [],
            "containerDefinitions": [{ "name": "app", "image": IMAGE, "repositoryCredentials": credentials, "environment": null,
                "secrets": null, "ulimits": null, "dependsOn": null }], "runtimePlatform": null, "tags": [] });
        let ended = dry_run(definition.to_string());
        assert_eq!((ended.code, warnings(&ended)), (0, Vec::new()), "{credentials}: {ended:?}");
        assert_eq!(ended.container(0)["result"], "planned");
        assert!(
            ended.container(0).get("credential").is_none_or(|credential| !credential.to_string().contains("secret")),
            "{ended:?}"
        );
    }
}

#[test]
fn credentials_without_an_execution_role_cause_a_warning() {
    let containers = json!([container("app", IMAGE, SECRET), container("proxy", IMAGE, SECRET)]);
    for role in [json!(null), json!("")] {
        let definition = json!({ "containerDefinitions": containers, "executionRoleArn": role });
        let ended = dry_run(definition.to_string());
        let warnings = warnings(&ended);
        let [(id, message)] = &*warnings else { panic!("{warnings:?}") };
        assert_eq!((ended.code, &**id), (0, "no-execution-role"));
        assert!(message.contains("`app`") && message.contains("`executionRoleArn`"), "{message}");
    }
    let quiet = [
        json!({ "containerDefinitions": containers, "executionRoleArn": ROLE }),
        json!({ "containerDefinitions": [open_container("app", IMAGE)] }),
        json!({ "taskDefinition": { "containerDefinitions": containers, "executionRoleArn": ROLE } }),
        containers.clone(),
    ];
    for definition in quiet {
        let ended = dry_run(definition.to_string());
        assert_eq!((ended.code, warnings(&ended)), (0, Vec::new()), "{definition}");
    }
    let ended =
        Run::new(["pull", "--dry-run", "-"]).stdin(json!({ "containerDefinitions": containers }).to_string()).output();
    assert!(ended.stderr.contains("warning: -: ") && ended.stderr.contains("[no-execution-role]"), "{ended:?}");
}

#[test]
fn a_name_that_ecs_refuses_is_shown() {
    let long = "n".repeat(256);
    for name in
        ["<APP_NAME>", "${NAME}", "{{ name }}", "my app", "web.1", "web/1", "caf\u{e9}", "", "a\u{1b}[2J", &long]
    {
        let ended = dry_run(json!([{ "name": name, "image": IMAGE }]).to_string());
        let shown = name.replace('\u{1b}', "\\u{1b}");
        assert_eq!(ended.code, 4, "{name}");
        assert!(failure(&ended).contains(&format!("`{shown}`")), "{name}: {}", failure(&ended));
    }
    let ended = dry_run(json!([{ "name": "{\"password\": \"hunter2\"}", "image": IMAGE }]).to_string());
    assert!(!ended.stdout.contains("hunter2"), "{ended:?}");
}

#[test]
fn a_definition_as_an_argument_is_not_shown() {
    let text = r#"[{"image": "a", "environment": [{"name": "PASSWORD", "value": "hunter2"}]}]"#;
    for arguments in [vec!["pull", "--output", "json", text], vec!["pull", text]] {
        let ended = Run::new(arguments).output();
        assert_eq!(ended.code, 4, "{ended:?}");
        assert!(
            ended.stdout.contains("not the path of a file") && !format!("{ended:?}").contains("hunter2"),
            "{ended:?}"
        );
    }
}
