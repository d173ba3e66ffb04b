//! Pinning: replaces the tags of a definition's images by digests. Every other byte of the text is
//! unchanged, including the order of keys, white space and numbers.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{image_reference::ImageReference, image_reference::ImageVersion, json::SourceText};

/// The definition's text with each container's image as `name@digest`. The digests are in the order
/// of the containers. The text must be one that [`super::TaskDefinition::parse`] accepts; the result
/// is `None` if the number of digests differs from the number of images.
///
/// The spelling of the name does not change, and neither does an image that has the digest already. The
/// result has the encoding of the text. A text with bytes that no encoding has is not pinned.
#[must_use]
pub fn pin_images(text: &[u8], digests: &[&str]) -> Option<Vec<u8>> {
    let source = SourceText::decode(text);
    if !source.is_exact(text) {
        return None;
    }
    let text = source.whole();
    let images = find_images(source.content()).ok()?;
    if images.len() != digests.len() {
        return None;
    }
    let (mut result, mut copied) = (String::with_capacity(text.len()), 0);
    for (image, digest) in images.into_iter().zip(digests) {
        let image = image?;
        // A raw value is a slice of the text that it was parsed from.
        let start = image.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
        let name: String = serde_json::from_str(image.get()).ok()?;
        result += text.get(copied..start)?;
        result += &with_digest(&name, digest).map_or_else(|| image.get().to_owned(), quote);
        copied = start + image.get().len();
    }
    result += text.get(copied..)?;
    Some(source.encode(&result))
}

/// Finds the images of the containers in a text of any of the three forms of A1.
fn find_images(text: &str) -> serde_json::Result<Vec<Option<&RawValue>>> {
    #[derive(Deserialize)]
    struct Document<'a> {
        #[serde(borrow, rename = "taskDefinition")]
        inner: Option<&'a RawValue>,
        #[serde(borrow, rename = "containerDefinitions")]
        containers: Option<Vec<Container<'a>>>,
    }
    #[derive(Deserialize)]
    struct Container<'a> {
        #[serde(borrow)]
        image: Option<&'a RawValue>,
    }
    let containers = if text.trim_start().starts_with('[') {
        serde_json::from_str(text)?
    } else {
        let outer: Document<'_> = serde_json::from_str(text)?;
        let inner: Option<Document<'_>> = outer.inner.map(|inner| serde_json::from_str(inner.get())).transpose()?;
        inner.map_or(outer.containers, |inner| inner.containers).unwrap_or_default()
    };
    Ok(containers.into_iter().map(|container: Container<'_>| container.image).collect())
}

/// The image as `name@digest`; `None` if it has this digest already.
fn with_digest(image: &str, digest: &str) -> Option<String> {
    if let Ok(ImageVersion::Digest(current)) = ImageReference::parse(image).as_ref().map(ImageReference::version)
        && current == digest
    {
        return None;
    }
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let path = name.rfind('/').map_or(0, |slash| slash + 1);
    // A colon before the last slash belongs to a port.
    let end = name[path..].find(':').map_or(name.len(), |colon| path + colon);
    Some(format!("{}@{digest}", &name[..end]))
}

fn quote(text: String) -> String {
    serde_json::Value::String(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::pin_images;

    const ONE: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
    const TWO: &str = "sha256:2222222222222222222222222222222222222222222222222222222222222222";

    fn pin(text: &str, digests: &[&str]) -> Option<String> {
        pin_images(text.as_bytes(), digests).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn only_the_images_change() {
        let text = "\u{feff} {\r\n\t\"cpu\" :12345678901234567890123.50e+3, \"image\": \"not:this\",\n  \"containerDefinitions\":[ {\"\\u0069mage\" :  \"reg.example:5000\\/team\\/app:1.0\" , \"x\":{\"image\":\"nor:this\"},\"name\":\"a\"},\n{\"name\":\"\u{e9}\\ud83d\\ude00\",\"image\":\"nginx\"}],\"zz\":[1,1.0,-0],  \"family\":\"f\"}\n\n";
        let wanted = text
            .replace("\"reg.example:5000\\/team\\/app:1.0\"", &format!("\"reg.example:5000/team/app@{ONE}\""))
            .replace("\"nginx\"", &format!("\"nginx@{TWO}\""));
        assert_eq!(pin(text, &[ONE, TWO]), Some(wanted));
    }

    #[test]
    fn the_encoding_does_not_change() {
        let (from, to) = (r#"[{"image": "a/b:1"}]"#, format!(r#"[{{"image": "a/b@{ONE}"}}]"#));
        let encode =
            |text: &str| format!("\u{feff}{text}\r\n\0").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        assert_eq!(pin_images(&encode(from), &[ONE]), Some(encode(&to)));
        assert_eq!(pin_images(b"[{\"image\": \"a\", \"x\": \"caf\xe9\"}]", &[ONE]), None);
    }

    #[test]
    fn images_are_pinned_in_all_three_forms() {
        let array = |image: &str| format!(r#"[{{"image": "{image}"}}]"#);
        let definition = |image: &str| format!(r#"{{"containerDefinitions": {}, "cpu": "1"}}"#, array(image));
        let described = |image: &str| {
            format!(r#"{{"containerDefinitions": [], "taskDefinition": {}, "tags": []}}"#, definition(image))
        };
        let null = |image: &str| format!(r#"{{"taskDefinition": null, "containerDefinitions": {}}}"#, array(image));
        let by_digest = format!("a/b@{ONE}");
        assert_eq!(pin(&array("a/b:1"), &[ONE]), Some(array(&by_digest)));
        assert_eq!(pin(&definition("a/b"), &[ONE]), Some(definition(&by_digest)));
        assert_eq!(pin(&described("a/b:1"), &[ONE]), Some(described(&by_digest)));
        assert_eq!(pin(&null("a/b:1"), &[ONE]), Some(null(&by_digest)));
    }

    #[test]
    fn an_image_with_the_same_digest_does_not_change() {
        for image in [format!("a/b:1@{ONE}"), format!("a/b@{ONE}")] {
            let text = format!(r#"[{{"image": "{image}"}}]"#);
            assert_eq!(pin(&text, &[ONE]), Some(text.clone()));
            assert_eq!(pin(&text, &[TWO]), Some(format!(r#"[{{"image": "a/b@{TWO}"}}]"#)));
        }
    }

    #[test]
    fn digests_that_do_not_fit_the_text_are_refused() {
        assert_eq!(pin(r#"[{"image": "a"}]"#, &[]), None);
        assert_eq!(pin(r#"[{"name": "a"}]"#, &[ONE]), None);
        assert_eq!(pin("{", &[ONE]), None);
    }
}
