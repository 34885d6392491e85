//! What a literal is as text, decided while compiling exactly as the runtime decides it.

use crate::problems::Problems;
use quote::ToTokens;
use std::fmt::Debug;
use std::str::FromStr;
use syn::{Lit, LitFloat, LitInt};

/// Servers take NUL for the end of a text, so none may get in.
pub(crate) fn clean(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}

/// The text of `lit`, or of `-lit`. A literal without one is recorded and counts as empty.
pub(crate) fn text(lit: &Lit, negative: bool, problems: &mut Problems) -> String {
    try_text(lit, negative).unwrap_or_else(|why| {
        problems.add(lit, why);
        String::new()
    })
}

fn try_text(lit: &Lit, negative: bool) -> Result<String, String> {
    match lit {
        Lit::Int(lit) => int(lit, negative),
        Lit::Float(lit) => float(lit, negative),
        _ if negative => Err(format!("`-{}` is no number", lit.to_token_stream())),
        _ if !lit.suffix().is_empty() => Err(unknown_suffix(lit.suffix())),
        Lit::Str(lit) => Ok(clean(&lit.value())),
        Lit::Char(lit) => Ok(clean(lit.value().encode_utf8(&mut [0; 4]))),
        Lit::Bool(lit) => Ok(lit.value().to_string()),
        Lit::ByteStr(bytes) => Err(no_text(lit, String::from_utf8(bytes.value()).ok())),
        Lit::CStr(bytes) => Err(no_text(lit, bytes.value().into_string().ok())),
        Lit::Byte(byte) => Err(no_text(lit, Some(char::from(byte.value()).to_string()))),
        _ => Err(no_text(lit, None)),
    }
}

fn no_text(lit: &Lit, instead: Option<String>) -> String {
    let instead = instead.unwrap_or_else(|| String::from("…"));
    format!("`{}` is no text; write `{instead:?}`", lit.to_token_stream())
}

fn unknown_suffix(suffix: &str) -> String {
    format!("`{suffix}` is no suffix of a literal; leave it out")
}

fn int(lit: &LitInt, negative: bool) -> Result<String, String> {
    let digits = signed(lit.base10_digits(), negative);
    match lit.suffix() {
        // Unsuffixed, so no type says how far it goes: as far as the widest one.
        "" if digits.starts_with('-') => number::<i128>(&digits, "i128"),
        "u8" => number::<u8>(&digits, "u8"),
        "u16" => number::<u16>(&digits, "u16"),
        "u32" => number::<u32>(&digits, "u32"),
        "u64" => number::<u64>(&digits, "u64"),
        "" | "u128" => number::<u128>(&digits, "u128"),
        // The width of the target is not known here; the widest that exist is.
        "usize" => number::<u64>(&digits, "usize"),
        "i8" => number::<i8>(&digits, "i8"),
        "i16" => number::<i16>(&digits, "i16"),
        "i32" => number::<i32>(&digits, "i32"),
        "i64" => number::<i64>(&digits, "i64"),
        "i128" => number::<i128>(&digits, "i128"),
        "isize" => number::<i64>(&digits, "isize"),
        "f32" => finite::<f32>(&digits, "f32"),
        "f64" => finite::<f64>(&digits, "f64"),
        suffix => Err(unknown_suffix(suffix)),
    }
}

fn float(lit: &LitFloat, negative: bool) -> Result<String, String> {
    let digits = signed(lit.base10_digits(), negative);
    match lit.suffix() {
        "" | "f64" => finite::<f64>(&digits, "f64"),
        "f32" => finite::<f32>(&digits, "f32"),
        suffix => Err(unknown_suffix(suffix)),
    }
}

/// A literal that a macro has built may carry a sign of its own.
fn signed(digits: &str, negative: bool) -> String {
    match (negative, digits.strip_prefix('-')) {
        (true, Some(positive)) => positive.to_owned(),
        (true, None) => format!("-{digits}"),
        (false, _) => digits.to_owned(),
    }
}

fn number<N: FromStr + ToString>(digits: &str, ty: &str) -> Result<String, String> {
    // `-0` is a number for the compiler whatever the type, and not for `u8::from_str`.
    let digits = if digits == "-0" { "0" } else { digits };
    digits
        .parse::<N>()
        .map(|number| number.to_string())
        .map_err(|_| format!("`{digits}` does not fit in `{ty}`; write `\"{digits}\"`"))
}

fn finite<N: FromStr + Debug + Into<f64> + Copy>(digits: &str, ty: &str) -> Result<String, String> {
    match digits.parse::<N>() {
        Ok(number) if number.into().is_finite() => Ok(format!("{number:?}")),
        _ => Err(format!("`{digits}` does not fit in `{ty}`; write `\"{digits}\"`")),
    }
}

#[cfg(test)]
mod tests {
    use super::try_text;
    use syn::Lit;

    fn text(literal: &str) -> Result<String, String> {
        let negative = literal.starts_with('-');
        let lit: Lit = syn::parse_str(literal.trim_start_matches('-')).expect("a literal");
        try_text(&lit, negative)
    }

    #[test]
    fn prints_what_the_runtime_prints() {
        let max = u128::MAX.to_string();
        for (literal, expected) in [
            ("0xff", "255"),
            ("0b1010_1010", "170"),
            ("1_000", "1000"),
            ("12u8", "12"),
            ("-128i8", "-128"),
            ("-0", "0"),
            (&max, &max),
            ("1.0", "1.0"),
            ("1.", "1.0"),
            ("0.1", "0.1"),
            ("1e16", "1e16"),
            ("1e15", "1000000000000000.0"),
            ("1e-5", "1e-5"),
            ("-0.0", "-0.0"),
            ("0.1f32", "0.1"),
            ("16777217f32", "16777216.0"),
            ("1f64", "1.0"),
            ("true", "true"),
            ("'x'", "x"),
            ("\"a\\nb\"", "a\nb"),
            ("r#\"a\"b\"#", "a\"b"),
            ("\"a\\0b\"", "a\u{FFFD}b"),
            ("\"\"", ""),
        ] {
            assert_eq!(text(literal).as_deref(), Ok(expected), "{literal}");
        }
    }

    #[test]
    fn agrees_with_the_compiler_on_floats() {
        for (literal, value) in
            [("0.30000000000000004", 0.300_000_000_000_000_04), ("5e-324", 5e-324)]
        {
            assert_eq!(text(literal), Ok(format!("{value:?}")));
        }
    }

    #[test]
    fn rejects_what_has_no_text() {
        for (literal, why) in [
            ("256u8", "`256` does not fit in `u8`; write `\"256\"`"),
            ("-129i8", "`-129` does not fit in `i8`; write `\"-129\"`"),
            ("-1u8", "`-1` does not fit in `u8`; write `\"-1\"`"),
            ("1e999", "`1e999` does not fit in `f64`; write `\"1e999\"`"),
            ("1e39f32", "`1e39` does not fit in `f32`; write `\"1e39\"`"),
            ("b\"abc\"", "`b\"abc\"` is no text; write `\"abc\"`"),
            ("c\"abc\"", "`c\"abc\"` is no text; write `\"abc\"`"),
            ("b'a'", "`b'a'` is no text; write `\"a\"`"),
            ("1u7", "`u7` is no suffix of a literal; leave it out"),
            ("\"a\"x", "`x` is no suffix of a literal; leave it out"),
        ] {
            assert_eq!(text(literal), Err(String::from(why)), "{literal}");
        }
    }
}
