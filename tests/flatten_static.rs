//! The cases of the vectors' `flatten.json` that can be written as literals: flattened by the
//! compiler and flattened at run time they are the same, and what `should_be` says, with Rust's
//! text for `true`, `false` and `1e-05` and no pair for `None`.
// The values are those of the vectors, not approximations of something.
#![allow(clippy::approx_constant, clippy::unreadable_literal)]

use pynba::{Tags, tags};
use std::collections::BTreeMap;

/// The name of the case, the tags as literals, the same at run time, and what both give.
macro_rules! cases {
    ($($case:ident: tags!($($literals:tt)*), [$($name:literal: $value:expr),*] => $should_be:expr;)*) => {$(
        #[test]
        fn $case() {
            let should_be: &[(&str, &str)] = &$should_be;
            let compiled = tags!($($literals)*);
            assert_eq!(compiled.iter().collect::<Vec<_>>(), should_be, "while compiling");
            let built = Tags::new()$(.with($name, $value))*;
            assert_eq!(built.iter().collect::<Vec<_>>(), should_be, "at run time");
        }
    )*};
}

/// Maps whose values have one type.
fn map<V, const N: usize>(entries: [(&'static str, V); N]) -> BTreeMap<&'static str, V> {
    BTreeMap::from(entries)
}

cases! {
    scalar_str: tags!(foo = "bar"), ["foo": "bar"] => [("foo", "bar")];
    scalar_int: tags!(foo = 12), ["foo": 12] => [("foo", "12")];
    float_whole: tags!(foo = 1.0), ["foo": 1.0] => [("foo", "1.0")];
    float_fraction: tags!(foo = 0.5), ["foo": 0.5] => [("foo", "0.5")];
    float_tenth: tags!(foo = 0.1), ["foo": 0.1] => [("foo", "0.1")];
    float_sum: tags!(foo = 0.30000000000000004), ["foo": 0.1 + 0.2]
        => [("foo", "0.30000000000000004")];
    float_small: tags!(foo = 0.0001), ["foo": 0.0001] => [("foo", "0.0001")];
    float_smaller: tags!(foo = 1e-05), ["foo": 1e-05] => [("foo", "1e-5")];
    float_zero: tags!(foo = 0.0), ["foo": 0.0] => [("foo", "0.0")];
    float_negative_zero: tags!(foo = -0.0), ["foo": -0.0] => [("foo", "-0.0")];
    bool_true: tags!(foo = true), ["foo": true] => [("foo", "true")];
    bool_false: tags!(foo = false), ["foo": false] => [("foo", "false")];
    empty_string: tags!(foo = ""), ["foo": ""] => [("foo", "")];
    empty_tags: tags!(), [] => [];
    list: tags!(foo = ["b", "a"]), ["foo": ["b", "a"]] => [("foo", "a"), ("foo", "b")];
    list_duplicates: tags!(foo = ["a", "a", "b"]), ["foo": ["a", "a", "b"]]
        => [("foo", "a"), ("foo", "b")];
    list_equal_as_text: tags!(foo = [1, "1"]), ["foo": 1, "foo": "1"] => [("foo", "1")];
    mapping_depth3: tags!(a = { b = { c = "d" } }), ["a": map([("b", map([("c", "d")]))])]
        => [("a.b.c", "d")];
    mapping_depth4: tags!(a = { b = { c = { d = "e" } } }),
        ["a": map([("b", map([("c", map([("d", "e")]))]))])] => [("a.b.c.d", "e")];
    mapping_depth3_collision: tags!(a = { k = { c = "d" } }, b = { k = { c = "d" } }),
        ["a": map([("k", map([("c", "d")]))]), "b": map([("k", map([("c", "d")]))])]
        => [("a.k.c", "d"), ("b.k.c", "d")];
    mapping_depth3_mixed: tags!(a = { b = { c = "d" }, e = "f" }),
        ["a": map([("b.c", "d"), ("e", "f")])] => [("a.b.c", "d"), ("a.e", "f")];
    mapping_int_key_inner: tags!(foo = { "42" = [12] }), ["foo": map([("42", [12])])]
        => [("foo.42", "12")];
    int_key: tags!("42" = "x"), ["42": "x"] => [("42", "x")];
    int_key_outer_mapping: tags!("42" = { foo = "x" }, keep = "me"),
        ["keep": "me", "42": map([("foo", "x")])] => [("42.foo", "x"), ("keep", "me")];
    callable_list: tags!(foo = || ["bar", "baz"]), ["foo": || ["bar", "baz"]]
        => [("foo", "bar"), ("foo", "baz")];
    callable_scalar: tags!(foo = || "bar"), ["foo": || "bar"] => [("foo", "bar")];
    callable_in_mapping: tags!(foo = { a = || ["x", "y"] }), ["foo.a": || ["x", "y"]]
        => [("foo.a", "x"), ("foo.a", "y")];
    callable_nested: tags!(foo = || || "bar"), ["foo": || || "bar"] => [("foo", "bar")];
    unicode: tags!("città" = "été", "国" = ["日本", "中国"]),
        ["国": ["日本", "中国"], "città": "été"]
        => [("città", "été"), ("国", "中国"), ("国", "日本")];
    case_order: tags!(b = 1, _a = 1, "_" = 1, B = 1, "0" = 1, a = 1, A = 1),
        ["b": 1, "_a": 1, "_": 1, "B": 1, "0": 1, "a": 1, "A": 1]
        => [("0", "1"), ("A", "1"), ("B", "1"), ("_", "1"), ("_a", "1"), ("a", "1"), ("b", "1")];
    range: tags!(foo = 0..3), ["foo": 0..3] => [("foo", "0"), ("foo", "1"), ("foo", "2")];
    nul: tags!("a\0b" = "c\0"), ["a\0b": "c\0"] => [("a\u{FFFD}b", "c\u{FFFD}")];
}

#[test]
fn literals_and_expressions_are_sorted_together() {
    let c = "c";
    let both = tags!(z = 1, b = ["d", c, "b", "c"], a = c);
    let expected = [("a", "c"), ("b", "b"), ("b", "c"), ("b", "d"), ("z", "1")];
    assert_eq!(both.iter().collect::<Vec<_>>(), expected);
}
