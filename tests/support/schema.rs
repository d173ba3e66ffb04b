//! Validates JSON against the subset of JSON Schema that this project uses. An unknown keyword is a
//! failure, and so is a property that the schema does not name.

use std::collections::BTreeSet;

use serde_json::Value;

/// Keywords that do not restrict values, or that the tests of a type check.
const IGNORED: [&str; 7] = ["$schema", "$defs", "title", "description", "format", "default", "pattern"];

/// Panics if the value does not match the schema.
pub fn assert_valid(schema: &Value, value: &Value) {
    if let Err(error) = check(schema, schema, value, "$") {
        panic!("{error}\n{value:#}");
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
    let fail = |message: String| Err(format!("{path}: {message}"));
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "$ref" => check(root, resolve(root, rule), value, path)?,
            "type" => {
                let allowed = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !allowed.iter().any(|kind| has_type(kind.as_str().unwrap(), value)) {
                    return fail(format!("not {rule}"));
                }
            }
            "const" if value != rule => return fail(format!("not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => return fail(format!("none of {rule}")),
            "minimum" if value.as_f64() < rule.as_f64() => return fail(format!("less than {rule}")),
            "maximum" if value.as_f64() > rule.as_f64() => return fail(format!("more than {rule}")),
            // The only pattern in use; any other one is rejected as unknown.
            "pattern" if rule == "^[0-9a-f]{20}$" => {
                let is_id =
                    |text: &str| text.len() == 20 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
                if !value.as_str().is_some_and(is_id) {
                    return fail(format!("not {rule}"));
                }
            }
            "const" | "enum" | "minimum" | "maximum" => {}
            "required" => {
                for key in rule.as_array().unwrap() {
                    if value.get(key.as_str().unwrap()).is_none() {
                        return fail(format!("{key} is missing"));
                    }
                }
            }
            "properties" => {
                for (key, schema) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        check(root, schema, value, &format!("{path}.{key}"))?;
                        check_properties(root, schema, value, &format!("{path}.{key}"))?;
                    }
                }
            }
            "items" => {
                for (at, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, value, &format!("{path}[{at}]"))?;
                    check_properties(root, rule, value, &format!("{path}[{at}]"))?;
                }
            }
            "oneOf" | "anyOf" => {
                let results: Vec<_> =
                    rule.as_array().unwrap().iter().map(|schema| check(root, schema, value, path)).collect();
                let matching = results.iter().filter(|result| result.is_ok()).count();
                if matching == 0 || (keyword == "oneOf" && matching > 1) {
                    return fail(format!("{matching} of {keyword} match: {results:?}"));
                }
            }
            "allOf" => {
                for schema in rule.as_array().unwrap() {
                    check(root, schema, value, path)?;
                }
            }
            keyword if IGNORED.contains(&keyword) => {}
            unknown => return fail(format!("the keyword {unknown} is not known here")),
        }
    }
    Ok(())
}

/// Rejects properties that no matching part of the schema names.
fn check_properties(root: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
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
        known.extend(properties(root, resolve(root, reference), value));
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

fn resolve<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    let pointer = reference.as_str().unwrap().strip_prefix('#').expect("a reference within the document");
    root.pointer(pointer).expect("what is referred to is there")
}

fn has_type(kind: &str, value: &Value) -> bool {
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
