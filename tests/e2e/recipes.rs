//! Runs the recipes of `docs/registries.md` as the document prints them, on both engines. The lab
//! answers for the host names of the public registries.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::support::leak::Canary;
use crate::support::world::lab::{Lab, LabEngine, root};

/// Returns the `sh` code blocks of the section with the recipes.
fn recipes() -> Vec<String> {
    let page = fs::read_to_string(root().join("docs/registries.md")).unwrap();
    let (_, section) = page.split_once("\n## Recipes\n").expect("the section with the recipes");
    let section = section.split("\n## ").next().unwrap();
    section.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
}

/// Deletes the secret that a recipe created, if it created one.
fn delete(lab: &Lab, recipe: &str) {
    if let Some((_, rest)) = recipe.split_once("--name ") {
        let parameters = json!({ "SecretId": rest.split(' ').next(), "ForceDeleteWithoutRecovery": true });
        lab.aws("secretsmanager", "delete_secret", &parameters);
    }
}

/// The engines run one after the other because their recipes create the same secrets.
#[test]
fn every_documented_recipe_works_on_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let token = fs::read_to_string(root().join("target/lab/seed/upstream.password")).unwrap();
    fs::write(folder.path().join("token.txt"), format!("{token}\n")).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_taskpull")).parent().unwrap();
    let recipes = recipes();
    assert_eq!(recipes.len(), 9, "the document has one recipe for each registry");
    for engine in [LabEngine::Docker, LabEngine::Podman] {
        let lab = Lab::with(engine);
        for recipe in &recipes {
            let script = format!("set -eu; cd '{}'\n{recipe}\n", folder.path().display());
            let run = lab.with_registry_names(["sh", "-c", &script]);
            let ended = run.env("PATH", format!("{}:/usr/bin:/bin", program.display())).output();
            assert_eq!(ended.code, 0, "{engine:?}: {recipe}\n{ended:?}");
            let definition: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(folder.path().join("task.json")).unwrap()).unwrap();
            let image = definition["containerDefinitions"][0]["image"].as_str().unwrap();
            // `docker image ls` shortens the names of Docker Hub's images, so the test inspects the image.
            let image_id = lab.docker(&["image", "inspect", "--format", "{{.Id}}", image]);
            assert_ne!(image_id, "", "{engine:?}: {image}");
            let output = format!("{}{}", ended.stdout, ended.stderr);
            assert_eq!(Canary::new("token.txt", &token).find_in_bytes("output", output.as_bytes()), []);
            delete(&lab, recipe);
        }
    }
}
