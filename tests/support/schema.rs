//! JSON held to a JSON Schema, as far as ours go: a keyword that is not known here is a
//! failure, and so is a property that the schema does not name.

use std::collections::BTreeSet;

use serde_json::Value;

/// Keywords that say nothing about what is allowed, or what a type's own tests say of it.
const SAYS_NOTHING: [&str; 7] = ["$schema", "$defs", "title", "description", "format", "default", "pattern"];

/// Panics where the value is not what the schema says.
pub fn assert_valid(schema: &Value, value: &Value) {
    if let Err(said) = check(schema, schema, value, "$") {
        panic!("{said}\n{value:#}");
    }
    let known = properties(schema, schema, value);
    let keys = value.as_object().into_iter().flat_map(|object| object.keys());
    let unknown: Vec<_> = keys.filter(|key| !known.contains(*key)).collect();
    assert!(unknown.is_empty(), "the schema does not name {unknown:?}");
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let Value::Object(keywords) = schema else {
        return if schema == &Value::Bool(true) { Ok(()) } else { Err(format!("{path}: nothing is allowed here")) };
    };
    let fail = |said: String| Err(format!("{path}: {said}"));
    for (keyword, says) in keywords {
        match keyword.as_str() {
            "$ref" => check(root, referred(root, says), value, path)?,
            "type" => {
                let allowed = says.as_array().cloned().unwrap_or_else(|| vec![says.clone()]);
                if !allowed.iter().any(|kind| is_of(kind.as_str().unwrap(), value)) {
                    return fail(format!("not {says}"));
                }
            }
            "const" if value != says => return fail(format!("not {says}")),
            "enum" if !says.as_array().unwrap().contains(value) => return fail(format!("none of {says}")),
            "minimum" if value.as_f64() < says.as_f64() => return fail(format!("less than {says}")),
            "maximum" if value.as_f64() > says.as_f64() => return fail(format!("more than {says}")),
            // The one pattern there is; another one is not known here.
            "pattern" if says == "^[0-9a-f]{20}$" => {
                let is_id =
                    |text: &str| text.len() == 20 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
                if !value.as_str().is_some_and(is_id) {
                    return fail(format!("not {says}"));
                }
            }
            "const" | "enum" | "minimum" | "maximum" => {}
            "required" => {
                for key in says.as_array().unwrap() {
                    if value.get(key.as_str().unwrap()).is_none() {
                        return fail(format!("{key} is missing"));
                    }
                }
            }
            "properties" => {
                for (key, schema) in says.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        check(root, schema, value, &format!("{path}.{key}"))?;
                        closed(root, schema, value, &format!("{path}.{key}"))?;
                    }
                }
            }
            "items" => {
                for (at, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, says, value, &format!("{path}[{at}]"))?;
                    closed(root, says, value, &format!("{path}[{at}]"))?;
                }
            }
            "oneOf" | "anyOf" => {
                let tried: Vec<_> =
                    says.as_array().unwrap().iter().map(|schema| check(root, schema, value, path)).collect();
                let fitting = tried.iter().filter(|tried| tried.is_ok()).count();
                if fitting == 0 || (keyword == "oneOf" && fitting > 1) {
                    return fail(format!("{fitting} of {keyword} fit: {tried:?}"));
                }
            }
            "allOf" => {
                for schema in says.as_array().unwrap() {
                    check(root, schema, value, path)?;
                }
            }
            said if SAYS_NOTHING.contains(&said) => {}
            unknown => return fail(format!("the keyword {unknown} is not known here")),
        }
    }
    Ok(())
}

/// No property but those that a fitting part of the schema names.
fn closed(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let Some(object) = value.as_object() else { return Ok(()) };
    let known = properties(root, schema, value);
    match object.keys().find(|key| !known.contains(*key)) {
        Some(key) => Err(format!("{path}: the schema does not name {key}")),
        None => Ok(()),
    }
}

fn properties(root: &Value, schema: &Value, value: &Value) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    if let Some(named) = schema.get("properties").and_then(Value::as_object) {
        known.extend(named.keys().cloned());
    }
    if let Some(reference) = schema.get("$ref") {
        known.extend(properties(root, referred(root, reference), value));
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for part in schema.get(keyword).and_then(Value::as_array).into_iter().flatten() {
            if check(root, part, value, "$").is_ok() {
                known.extend(properties(root, part, value));
            }
        }
    }
    known
}

fn referred<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().unwrap().strip_prefix('#').expect("a reference within the document");
    root.pointer(pointer).expect("what is referred to is there")
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    }
}
