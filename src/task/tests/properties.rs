//! Properties that hold for every input of the parsers.

use proptest::prelude::*;

use crate::task::{
    CredentialsParameter, Field, ImageReference, ImageVersion, KeyArn, Platform, Region, RegistryHost, RoleArn,
    SecretArn, Slip, TaskDefinition, minimal_definition, pin_images,
};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A valid image reference with all its optional parts.
fn image() -> impl Strategy<Value = String> {
    (
        prop::option::of("[a-zA-Z0-9]{1,8}(\\.[a-z0-9]{1,8}){1,2}(:[1-9][0-9]{0,3})?|localhost|\\[::1\\]:5000"),
        "[a-z0-9]{1,6}",
        prop::collection::vec("[a-z0-9]{1,6}(([._]|__|-{1,3})[a-z0-9]{1,6}){0,2}", 0..3),
        prop::option::of("[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,12}"),
        any::<bool>(),
    )
        .prop_map(|(registry, first, rest, tag, has_digest)| {
            let registry = registry.map(|registry| registry + "/").unwrap_or_default();
            let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = if has_digest { format!("@{DIGEST}") } else { String::new() };
            let path = [vec![first], rest].concat().join("/");
            format!("{registry}{path}{tag}{digest}")
        })
}

fn region() -> impl Strategy<Value = String> {
    "[a-z]{2,4}(-[a-z]{1,9}){1,3}-[0-9]{1,2}"
}

fn arn(service: &'static str, region: BoxedStrategy<String>, resource: &'static str) -> impl Strategy<Value = String> {
    ("aws(-[a-z]{1,5}){0,2}", region, "[0-9]{12}", resource).prop_map(move |(partition, region, account, resource)| {
        let partition = Region::parse(&region).map_or(&*partition, |region| region.partition()).to_owned();
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    })
}

/// A JSON value of any type, biased towards the keys of a task definition.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[ -~]{0,12}".prop_map(Into::into),
        image().prop_map(Into::into),
    ];
    let key = prop_oneof![
        Just("containerDefinitions".to_owned()),
        Just("taskDefinition".to_owned()),
        Just("image".to_owned()),
        Just("repositoryCredentials".to_owned()),
        "[a-z]{1,6}",
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_valid_image_reference_survives_printing_and_parsing(text in image()) {
        prop_assume!(Slip::find(Field::Image, &text).is_none());
        let image = ImageReference::parse(&text).unwrap();
        prop_assert_eq!(ImageReference::parse(&image.to_string()), Ok(image.clone()));
        prop_assert_eq!(matches!(image.version(), ImageVersion::Digest(_)), text.contains('@'));
        prop_assert_eq!(image.with_name(&image.name()), Ok(image));
    }

    #[test]
    fn an_accepted_image_reference_has_no_character_that_splits_a_url(text in "[a-zA-Z0-9.:/@_\\[\\]?#&% -]{0,40}|\\PC{0,40}") {
        if let Ok(image) = ImageReference::parse(&text) {
            let name = image.name();
            prop_assert!(name.len() <= 255 && name.is_ascii());
            prop_assert!(!name.contains(['?', '#', '&', '%', '@', ' ']));
            prop_assert!(!image.repository().split('/').any(|part| part.is_empty() || part.chars().all(|c| c == '.')));
            prop_assert_eq!(ImageReference::parse(&image.to_string()), Ok(image));
        }
    }

    #[test]
    fn a_region_is_parsed_and_printed_unchanged(text in region()) {
        let region = Region::parse(&text).unwrap();
        prop_assert_eq!(region.as_str(), &text);
        prop_assert!(region.partition().starts_with("aws"));
    }

    #[test]
    fn an_accepted_region_is_one_label_of_a_host_name(text in "[a-z0-9-]{0,20}|\\PC{0,20}") {
        if let Ok(region) = Region::parse(&text) {
            prop_assert!(region.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(!region.as_str().starts_with('-') && !region.as_str().ends_with('-'));
        }
    }

    #[test]
    fn a_secret_arn_keeps_its_parts(text in arn("secretsmanager", region().boxed(), "secret:[a-zA-Z0-9/+.-]{1,40}")) {
        prop_assume!(Slip::find(Field::Secret, &text).is_none());
        let arn = SecretArn::parse(&text).unwrap();
        let (partition, region, account, name) = (arn.partition(), arn.region(), arn.account(), arn.name());
        prop_assert_eq!(format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}"), text.clone());
        prop_assert_eq!(CredentialsParameter::parse(&text), Ok(CredentialsParameter::Arn(arn)));
    }

    #[test]
    fn role_and_key_arns_keep_their_text(
        role in arn("iam", Just(String::new()).boxed(), "role/([a-z]{1,8}/)?[a-zA-Z0-9+,.-]{1,20}"),
        key in arn("kms", region().boxed(), "(key|alias)/[a-zA-Z0-9/_-]{1,20}"),
    ) {
        prop_assume!(Slip::find(Field::Role, &role).is_none() && Slip::find(Field::Key, &key).is_none());
        prop_assert_eq!(RoleArn::parse(&role).unwrap().to_string(), role.clone());
        prop_assert_eq!(KeyArn::parse(&key).unwrap().to_string(), key.clone());
        prop_assert!(RoleArn::parse(&key).is_err() && KeyArn::parse(&role).is_err());
        prop_assert!(SecretArn::parse(&key).is_err() && SecretArn::parse(&role).is_err());
    }

    #[test]
    fn no_text_makes_an_arn_parser_panic(text in "arn:(aws|aws-cn)?:[a-z]{0,4}:\\PC{0,40}|\\PC{0,60}") {
        let _ = (SecretArn::parse(&text), RoleArn::parse(&text), KeyArn::parse(&text));
        if let Ok(parameter) = CredentialsParameter::parse(&text) {
            prop_assert_eq!(parameter.as_str(), &text);
            let has_json = text.contains([' ', '"', '{', '#', '?']);
            prop_assert!(!has_json);
        }
    }

    #[test]
    fn an_address_gives_the_host_that_it_names(
        scheme in "(https?://|HTTP://)?",
        host in "[a-zA-Z0-9-]{1,8}(\\.[a-z0-9]{1,8}){0,2}(:[0-9]{1,5})?",
        path in "(/[a-z0-9/]{0,8})?",
    ) {
        let address = format!("{scheme}{host}{path}");
        let (parsed, rest) = RegistryHost::parse_address(&address).unwrap();
        prop_assert_eq!(RegistryHost::parse(parsed.as_str()), Some(parsed.clone()));
        prop_assert_eq!(Some(parsed), RegistryHost::parse(&host));
        prop_assert_eq!(rest, path.strip_prefix('/').unwrap_or_default());
    }

    #[test]
    fn an_accepted_host_contains_no_login_and_no_path(text in "[a-zA-Z0-9.:@/\\[\\]-]{0,20}|\\PC{0,30}") {
        if let Some(host) = RegistryHost::parse(&text) {
            prop_assert!(!host.as_str().contains(['@', '/', ' ']));
            if let Some(image) = host.example_image() {
                prop_assert_eq!(RegistryHost::from_image(&image), host);
            }
        }
    }

    #[test]
    fn a_platform_survives_printing_and_parsing(text in "[a-zA-Z0-9._-]{1,8}(/[a-zA-Z0-9._-]{1,8}){0,2}") {
        let platform = Platform::parse(&text).unwrap();
        prop_assert_eq!(Platform::parse(&platform.to_string()), Ok(platform.clone()));
        prop_assert!(platform.is_satisfied_by(&platform));
    }

    #[test]
    fn an_accepted_platform_has_no_character_that_splits_a_query(text in "[a-z0-9/&=?_-]{0,16}|\\PC{0,20}") {
        if let Ok(platform) = Platform::parse(&text) {
            prop_assert!(platform.to_string().bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b)));
        }
    }

    #[test]
    fn no_bytes_make_the_definition_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let _ = TaskDefinition::parse("-", &bytes);
        prop_assert!(minimal_definition(&bytes).is_none() || serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
    }

    #[test]
    fn a_minimal_definition_parses_to_the_same_value(document in json()) {
        let text = document.to_string();
        let parse = |text: &str| TaskDefinition::parse("-", text.as_bytes());
        if let Ok(task) = parse(&text) {
            let minimal = minimal_definition(text.as_bytes()).unwrap();
            prop_assert_eq!(format!("{task:?}"), format!("{:?}", parse(&minimal).unwrap()));
            prop_assert_eq!(minimal_definition(minimal.as_bytes()), Some(minimal));
        }
    }

    #[test]
    fn pinning_changes_every_image_to_its_digest(
        images in prop::collection::vec(image(), 1..4),
        value in "[ -~]{0,12}",
    ) {
        prop_assume!(images.iter().all(|image| Slip::find(Field::Image, image).is_none()));
        let containers: Vec<_> = images.iter().map(|image| serde_json::json!({"image": image, "x": value})).collect();
        let text = serde_json::json!({"containerDefinitions": containers, "y": value}).to_string();
        let pinned = pin_images(text.as_bytes(), &vec![DIGEST; images.len()]).unwrap();
        let task = TaskDefinition::parse("-", &pinned).unwrap();
        for (container, image) in task.containers.iter().zip(&images) {
            let pinned = &container.as_ref().unwrap().image;
            prop_assert_eq!(pinned, &ImageReference::parse(image).unwrap().with_digest(DIGEST));
        }
    }
}
