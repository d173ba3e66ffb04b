//! Properties of every slip.

use proptest::prelude::*;

use super::helpers::slip;
use crate::task::slip::Field;

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
