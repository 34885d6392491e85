//! `timer!` and `tags!`.

use crate::check;
use crate::emit::{self, Target};
use crate::flatten::{Flat, flatten};
use crate::krate::Krate;
use crate::problems::Problems;
use crate::skip;
use crate::spans::Spans;
use crate::tags::{self, Entry, Place};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, Stmt, Token, token};

struct Input {
    krate: Krate,
    entries: Vec<Entry>,
    /// What stands after `=>`.
    work: Option<Expr>,
}

pub(crate) fn timer(input: TokenStream) -> TokenStream {
    let spans = Spans::new(&input);
    let mut problems = Problems::default();
    let Input { krate, entries, work } = parse(input, Place::Timer, &mut problems);
    // As a statement: an expression that begins with a block may need parentheses there.
    let work = work.map(|work| Stmt::Expr(braced_by_us(work, spans), None));
    if let Some(complaints) = problems.complaints() {
        // In the place of an expression two macros in a row need a block, and a value of the
        // right type keeps the compiler from complaining about what is done with it.
        let value = work.map_or_else(|| quote!(#krate::no_timer()), |work| quote!(#work));
        return quote!({ #complaints #value });
    }
    let timer = emit::tags(&krate, flatten(entries), Target::Timer, spans);
    match work {
        None => timer,
        Some(work) => {
            let guard = Ident::new("_guard", spans.ours);
            let guard = quote_spanned!(spans.ours=> let #guard = #timer;);
            quote_spanned!(spans.ours=> { #guard #work })
        }
    }
}

/// A block behind `=>` reads well, but at the end of our block `unused_braces` would want it gone,
/// if its braces were not ours as well.
fn braced_by_us(mut work: Expr, spans: Spans) -> Expr {
    if let Expr::Block(work) = &mut work {
        let written = work.block.brace_token.span.join();
        work.block.brace_token = token::Brace(spans.ours.located_at(written));
    }
    work
}

pub(crate) fn tags(input: TokenStream) -> TokenStream {
    let spans = Spans::new(&input);
    let mut problems = Problems::default();
    let Input { krate, entries, .. } = parse(input, Place::Tags, &mut problems);
    if let Some(complaints) = problems.complaints() {
        let none = emit::tags(&krate, Flat::default(), Target::Tags, spans);
        return quote!({ #complaints #none });
    }
    emit::tags(&krate, flatten(entries), Target::Tags, spans)
}

fn parse(input: TokenStream, place: Place, problems: &mut Problems) -> Input {
    let parser = |input: ParseStream<'_>| {
        let krate = Krate::parse_first(input, problems);
        if place == Place::Timer && place.is_over(input) && problems.is_empty() {
            let why = "a timer without tags tells nothing; write one, as in `group = \"db\"`";
            problems.add_here(input, why);
        }
        let entries = tags::parse(input, place, problems);
        let work = work(input, problems);
        Ok(Input { krate, entries, work })
    };
    let input = parser.parse2(input);
    // The parser takes every token and records what is wrong, so nothing is left to go wrong.
    let input = input.unwrap_or_else(|error| {
        problems.absorb(error);
        Input { krate: Krate::default(), entries: Vec::new(), work: None }
    });
    check::check(&input.entries, problems);
    input
}

fn work(input: ParseStream<'_>, problems: &mut Problems) -> Option<Expr> {
    if !input.peek(Token![=>]) {
        return None;
    }
    let arrow = input.parse::<Token![=>]>().ok()?;
    if input.is_empty() {
        problems.add(arrow, "there is nothing to time after this; write `=> expression`");
        return None;
    }
    let work = input.parse::<Expr>().map_err(|error| problems.absorb(error)).ok();
    let _comma = input.parse::<Option<Token![,]>>();
    if work.is_some() && !input.is_empty() {
        let why = "`=>` takes one expression; write several statements as `=> { … }`";
        problems.add_here(input, why);
    }
    skip::all(input);
    work
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::flatten::flatten;
    use crate::problems::Problems;
    use crate::tags::Place;

    fn messages(place: Place, input: &str) -> Vec<String> {
        let mut problems = Problems::default();
        parse(input.parse().expect("tokens"), place, &mut problems);
        problems.messages()
    }

    /// The fixed pairs, and the names of the others.
    fn pairs(input: &str) -> (Vec<(String, String)>, Vec<String>) {
        let mut problems = Problems::default();
        let parsed = parse(input.parse().expect("tokens"), Place::Tags, &mut problems);
        assert_eq!(problems.messages(), [""; 0], "{input}");
        let flat = flatten(parsed.entries);
        (flat.fixed.into_iter().collect(), flat.dynamic.into_iter().map(|one| one.name).collect())
    }

    #[test]
    fn every_mistake_says_what_to_write() {
        for (input, why) in [
            ("", "a timer without tags tells nothing; write one, as in `group = \"db\"`"),
            ("=> f()", "a timer without tags tells nothing; write one, as in `group = \"db\"`"),
            ("a = 1 =>", "there is nothing to time after this; write `=> expression`"),
            (
                "a = 1 => f(); g()",
                "`=>` takes one expression; write several statements as `=> { … }`",
            ),
            ("= 1", "this is no tag; write `name = value`"),
            ("type = 1", "`type` is a keyword; write `r#type` or `\"type\"`"),
            ("true = 1", "`true` is a keyword; write `r#true` or `\"true\"`"),
            ("a.fn = 1", "`fn` is a keyword; write `r#fn` or `\"fn\"`"),
            ("self = 1", "`self` is no name; write `\"self\"`"),
            ("_ = 1", "`_` is no name; write `\"_\"`"),
            (
                "a = 1, crate = ::b",
                "`crate = …` comes before all tags; for a tag of that name write `\"crate\"`",
            ),
            ("42 = 1", "`42` is no name; write `\"42\"`"),
            ("1.5 = 1", "`1.5` is no name; write `\"1.5\"`"),
            ("a.0 = 1", "`a.0` is no name; write `\"a.0\"`"),
            ("'x' = 1", "`'x'` is no name; write `\"'x'\"`"),
            ("a. = 1", "the name goes on after a dot; write `a.part`"),
            ("a..b = 1", "the name goes on after a dot; write `a.part`"),
            ("\"\" = 1", "this name is empty; write one, as in `group = \"db\"`"),
            ("a.b", "this tag has no value; write `a.b = …`"),
            ("\"a\"", "this tag has no value; write `\"a\" = …`"),
            ("a =", "there is no value after this; write `a = …`"),
            ("a = , b = 1", "there is no value after this; write `a = …`"),
            ("a = => f()", "there is no value after this; write `a = …`"),
            ("a == 1", "`==` compares; write `a = …`"),
            ("a: 1", "`:` gives no value; write `a = …`"),
            ("a:", "`:` gives no value; write `a = …`"),
            ("a::b", "missing `=` after `a`; write `a = …`"),
            ("a 1", "missing `=` after `a`; write `a = …`"),
            ("a += 1", "missing `=` after `a`; write `a = …`"),
            ("a = 1 b = 2", "missing `,` before this"),
            ("a = [1 2]", "missing `,` before this"),
            ("a = 1; b = 2", "missing `,` before this"),
            (
                "a = 1, b = 2, a = 3",
                "the tag `a` is given twice; write one list, `a = [\"a\", \"b\"]`",
            ),
            (
                "a.b = 1, a = { b = 2 }",
                "the tag `a.b` is given twice; write one list, `a.b = [\"a\", \"b\"]`",
            ),
            (
                "\"a b\" = 1, \"a b\" = 2",
                "the tag `a b` is given twice; write one list, `\"a b\" = [\"a\", \"b\"]`",
            ),
            (
                "a = { b = 1, b = 2 }",
                "the key `b` is given twice; write one list, `b = [\"a\", \"b\"]`",
            ),
            ("a = []", "this list is empty; write values, as in `a = [\"a\"]`, or leave `a` out"),
            ("a = [[]]", "this list is empty; write values, as in `a = [\"a\"]`, or leave `a` out"),
            ("a = ([])", "this list is empty; write values, as in `a = [\"a\"]`, or leave `a` out"),
            (
                "a = {}",
                "this map is empty; write values, as in `a = { key = \"a\" }`, or leave `a` out",
            ),
            ("a = { b: 1 }", "`:` gives no value; write `b = …`"),
            ("a = { \"b\": 1 }", "`:` gives no value; write `\"b\" = …`"),
            ("a = { b = 1, c => 2 }", "`=>` gives no value; write `c = …`"),
            ("a = { b = 1 => 2 }", "`=>` does not belong here; write `key = value`"),
            ("a = { type = 1 }", "`type` is a keyword; write `r#type` or `\"type\"`"),
            ("a = { 1 = 1 }", "`1` is no name; write `\"1\"`"),
            ("a = { b.c }", "this tag has no value; write `b.c = …`"),
            ("a = b\"x\"", "`b\"x\"` is no text; write `\"x\"`"),
            ("a = -(300u8)", "`-300` does not fit in `u8`; write `\"-300\"`"),
            ("crate = a::b, c = 1", "`a::b` is a relative path; write `::a::b` or `crate::a::b`"),
            ("crate = , c = 1", "there is no value after this; write `crate = …`"),
            (
                "crate = 5, c = 1",
                "this is no path of a crate; write it, as in `crate = ::path::to::pynba`",
            ),
            ("crate = ::a b = 1", "missing `,` after the path of the crate"),
        ] {
            assert_eq!(messages(Place::Timer, input), [why], "{input}");
        }
        assert_eq!(messages(Place::Tags, "a = 1 => f()"), ["only `timer!` takes `=> expression`"]);
    }

    #[test]
    fn several_mistakes_are_reported_at_once() {
        assert_eq!(
            messages(
                Place::Timer,
                "a: 1, type = [], b =, 5 = b\"x\", c = { d: 1, d = 2 }, e = 1 +"
            )
            .len(),
            9
        );
    }

    #[test]
    fn tells_maps_and_lists_from_expressions() {
        let none: ([(String, String); 0], [&str; 0]) = ([], []);
        for dynamic in [
            "a = { b }.len()",
            "a = { b::c }",
            "a = { b() }",
            "a = { b == c }",
            "a = { let b = 1; b }",
            "a = { 1 }",
            "a = { true }",
            "a = { self }",
            "a = { self.b }",
            "a = [b, c].len()",
            "a = [1, 2][0]",
            "a = [1; 3]",
            "a = [1] as X",
            "a = [1]?",
            "a = || 1",
            "a = -b",
            "a = - -b",
            "a = b < c",
            "a = S { b: 1 }",
            "a = %\"x\"",
        ] {
            let (fixed, names) = pairs(dynamic);
            assert_eq!((&fixed[..], names), (&none.0[..], vec![String::from("a")]), "{dynamic}");
        }
        for (fixed, expected) in [
            ("a = { b = 1 }", "a.b"),
            ("a = { b.c = 1, }", "a.b.c"),
            ("a = { \"b\" = 1 }", "a.b"),
            ("a = { r#fn = 1 }", "a.fn"),
            ("a = { b =-1 }", "a.b"),
            ("a = [1]", "a"),
            ("a = ([1])", "a"),
            ("a = --1", "a"),
        ] {
            let (pairs, names) = pairs(fixed);
            assert_eq!((pairs.len(), names.len()), (1, 0), "{fixed}");
            assert_eq!(pairs[0].0, expected);
        }
        assert_eq!(pairs("a = { b }").1, ["a.b"]);
        assert_eq!(pairs("a = { b, c = 1 }").1, ["a.b"]);
        assert_eq!(pairs("a = [1, b, [c, 2], { d = 1, e }]").1, ["a", "a", "a.e"]);
    }
}
