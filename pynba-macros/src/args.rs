//! The arguments of `#[monitor]`: the server, then `option = value, …`.

use crate::check;
use crate::equals;
use crate::krate::Krate;
use crate::problems::Problems;
use crate::server::{self, Server};
use crate::skip;
use crate::suggest;
use crate::tags::{self, Entry, Place};
use proc_macro2::{Delimiter, Ident, Spacing, Span, TokenStream};
use quote::format_ident;
use std::collections::BTreeSet;
use syn::buffer::Cursor;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, parenthesized};

/// In the order of the documentation.
const OPTIONS: [&str; 11] = [
    "prefix",
    "script_name",
    "hostname",
    "server_name",
    "schema",
    "tags",
    "status",
    "document_size",
    "rusage",
    "enabled",
    "crate",
];

#[derive(Default)]
pub(crate) struct Args {
    pub(crate) krate: Krate,
    pub(crate) server: Server,
    /// The options that are text, in the order written.
    pub(crate) texts: Vec<(Text, Expr)>,
    pub(crate) tags: Option<Vec<Entry>>,
    /// With the span of the word, for errors.
    pub(crate) status: Option<(Span, Expr)>,
    pub(crate) document_size: Option<(Span, Expr)>,
    /// A variant of `Rusage`.
    pub(crate) rusage: Option<Ident>,
    pub(crate) enabled: Option<Expr>,
    given: BTreeSet<String>,
    /// The server is in the first place or nowhere.
    past_first: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Prefix,
    ScriptName,
    Hostname,
    ServerName,
    Schema,
}

impl Text {
    /// The method of the runtime.
    pub(crate) fn setter(self) -> &'static str {
        match self {
            Self::Prefix => "set_prefix",
            Self::ScriptName => "set_script_name",
            Self::Hostname => "set_hostname",
            Self::ServerName => "set_server_name",
            Self::Schema => "set_schema",
        }
    }
}

impl Args {
    pub(crate) fn parse(arguments: TokenStream, problems: &mut Problems) -> Self {
        let parser = |input: ParseStream<'_>| {
            let mut args = Self::default();
            while !input.is_empty() {
                if let Err(error) = args.argument(input, problems) {
                    problems.absorb(error);
                    skip::argument(input);
                }
                args.past_first = true;
                tags::comma(input, Place::Arguments, problems);
            }
            Ok(args)
        };
        parser.parse2(arguments).unwrap_or_else(|error| {
            problems.absorb(error);
            Self::default()
        })
    }

    fn argument(&mut self, input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<()> {
        if starts_option(input.cursor(), self.past_first) {
            return self.option(input, problems);
        }
        let start = input.span();
        let expr: Expr = input.parse()?;
        if !self.past_first {
            self.server = Server::new(expr, problems);
        } else if matches!(self.server, Server::Default) || server::text(&expr).is_none() {
            let why = "only the server stands without a name, and it comes first; write \
                       `#[monitor(\"host:30002\", option = value)]`";
            problems.add_at(start, why);
        } else {
            let why = "several servers are a list; write `[\"a:30002\", \"b:30002\"]`";
            problems.add(expr, why);
        }
        Ok(())
    }

    fn option(&mut self, input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<()> {
        let word = input.call(Ident::parse_any)?;
        let name = word.unraw().to_string();
        if !OPTIONS.contains(&name.as_str()) {
            skip::argument(input);
            return Err(syn::Error::new(word.span(), unknown(&name)));
        }
        if !self.given.insert(name.clone()) {
            // What it is set to now is looked at all the same.
            problems.add(&word, format_args!("the option `{name}` is given twice; leave one out"));
        }
        if name == "tags" {
            return self.tags(input, problems);
        }
        if Place::Arguments.entry_is_over(input) {
            let why = format_args!("the option `{name}` has no value; write `{name} = …`");
            problems.add(&word, why);
            return Ok(());
        }
        if !equals::equals(input, Place::Arguments, &name, problems) {
            return Ok(());
        }
        if name == "crate" {
            self.krate = Krate::parse_path(input, problems)?;
            return Ok(());
        }
        let value: Expr = input.parse()?;
        match name.as_str() {
            "prefix" => self.texts.push((Text::Prefix, value)),
            "script_name" => self.texts.push((Text::ScriptName, value)),
            "hostname" => self.texts.push((Text::Hostname, value)),
            "server_name" => self.texts.push((Text::ServerName, value)),
            "schema" => self.texts.push((Text::Schema, value)),
            "status" => self.status = look(&name, word.span(), value, problems),
            "document_size" => self.document_size = look(&name, word.span(), value, problems),
            "rusage" => self.rusage = rusage(&value, problems),
            _ => self.enabled = Some(value),
        }
        Ok(())
    }

    fn tags(&mut self, input: ParseStream<'_>, problems: &mut Problems) -> syn::Result<()> {
        if input.cursor().group(Delimiter::Parenthesis).is_none() {
            let why = "`tags` takes parentheses; write `tags(name = value, …)`";
            return Err(input.error(why));
        }
        let content;
        let parens = parenthesized!(content in input);
        if content.is_empty() {
            let why = "there are no tags in this; write `tags(name = value)`, or leave it out";
            problems.add_at(parens.span.join(), why);
        }
        let entries = tags::parse(&content, Place::Tags, problems);
        check::check(&entries, problems);
        self.tags = Some(entries);
        Ok(())
    }
}

/// A word is an option when `=` or `:` follows, and `tags` when parentheses do. After the first
/// place, where a server may stand, more is taken for one, to say what is wrong with it.
fn starts_option(cursor: Cursor<'_>, past_first: bool) -> bool {
    let Some((word, rest)) = cursor.ident() else { return false };
    let word = word.unraw().to_string();
    let known = OPTIONS.contains(&word.as_str());
    let near = suggest::nearest(&word, &OPTIONS);
    if let Some((punct, next)) = rest.punct() {
        let joint = punct.spacing() == Spacing::Joint;
        let next = next.punct().map(|(next, _)| next.as_char()).filter(|_| joint);
        return match punct.as_char() {
            '=' => known || !matches!(next, Some('=' | '>')),
            ':' => next != Some(':'),
            ',' => past_first && near.is_some(),
            _ => false,
        };
    }
    if rest.group(Delimiter::Parenthesis).is_some() {
        return near == Some("tags") || (past_first && near.is_some());
    }
    // A word and a literal in a row make no expression.
    (known && rest.literal().is_some()) || (past_first && near.is_some())
}

fn unknown(name: &str) -> String {
    match suggest::nearest(name, &OPTIONS) {
        Some(near) => format!("unknown option `{name}`; did you mean `{near}`?"),
        None => format!("unknown option `{name}`; there are `{}`", OPTIONS.join("`, `")),
    }
}

fn look(name: &str, at: Span, value: Expr, problems: &mut Problems) -> Option<(Span, Expr)> {
    if let Expr::Lit(literal) = &value {
        let why = format_args!(
            "`{name}` is computed from the returned value; write `{name} = |returned| …`"
        );
        problems.add(literal, why);
        return None;
    }
    Some((at, value))
}

fn rusage(value: &Expr, problems: &mut Problems) -> Option<Ident> {
    let variant = match server::text(value).map(syn::LitStr::value).as_deref() {
        Some("process") => "Process",
        Some("thread") => "Thread",
        Some("off") => "Off",
        _ => {
            let why = "`rusage` is one of three; write `\"process\"`, `\"thread\"` or `\"off\"`";
            problems.add(value, why);
            return None;
        }
    };
    Some(format_ident!("{variant}", span = Span::mixed_site()))
}

#[cfg(test)]
mod tests {
    use super::Args;
    use crate::problems::Problems;
    use crate::server::Server;

    fn parsed(arguments: &str) -> (Args, Vec<String>) {
        let mut problems = Problems::default();
        let args = Args::parse(arguments.parse().expect("tokens"), &mut problems);
        (args, problems.messages())
    }

    #[test]
    fn every_mistake_says_what_to_write() {
        let comes_first = "only the server stands without a name, and it comes first; write \
                           `#[monitor(\"host:30002\", option = value)]`";
        for (arguments, why) in [
            ("prefx = \"a\"", "unknown option `prefx`; did you mean `prefix`?"),
            ("\"a:1\", tag(a = 1)", "unknown option `tag`; did you mean `tags`?"),
            ("\"a:1\", host_name: 1", "unknown option `host_name`; did you mean `hostname`?"),
            (
                "colour = 1",
                "unknown option `colour`; there are `prefix`, `script_name`, `hostname`, \
                 `server_name`, `schema`, `tags`, `status`, `document_size`, `rusage`, \
                 `enabled`, `crate`",
            ),
            ("prefix = a, prefix = b", "the option `prefix` is given twice; leave one out"),
            ("tags(a = 1), tags(b = 1)", "the option `tags` is given twice; leave one out"),
            ("prefix = a, \"a:1\"", comes_first),
            ("prefix = a, [\"a:1\"]", comes_first),
            ("prefix = a, reporter()", comes_first),
            ("\"a:1\", \"b:1\"", "several servers are a list; write `[\"a:30002\", \"b:30002\"]`"),
            ("\"a:1\", prefix", "the option `prefix` has no value; write `prefix = …`"),
            ("\"a:1\", prefix, schema = a", "the option `prefix` has no value; write `prefix = …`"),
            ("prefix =", "there is no value after this; write `prefix = …`"),
            ("prefix = , schema = a", "there is no value after this; write `prefix = …`"),
            ("prefix \"a\"", "missing `=` after `prefix`; write `prefix = …`"),
            ("\"a:1\", prefix(\"a\")", "missing `=` after `prefix`; write `prefix = …`"),
            ("prefix: \"a\"", "`:` gives no value; write `prefix = …`"),
            ("prefix == \"a\"", "`==` compares; write `prefix = …`"),
            ("prefix => \"a\"", "`=>` gives no value; write `prefix = …`"),
            ("tags = 5", "`tags` takes parentheses; write `tags(name = value, …)`"),
            ("tags()", "there are no tags in this; write `tags(name = value)`, or leave it out"),
            ("tags(a: 1)", "`:` gives no value; write `a = …`"),
            (
                "rusage = \"cpu\"",
                "`rusage` is one of three; write `\"process\"`, `\"thread\"` or `\"off\"`",
            ),
            (
                "rusage = thread",
                "`rusage` is one of three; write `\"process\"`, `\"thread\"` or `\"off\"`",
            ),
            (
                "status = 200",
                "`status` is computed from the returned value; write `status = |returned| …`",
            ),
            ("crate = pynba", "`pynba` is a relative path; write `::pynba` or `crate::pynba`"),
            ("\"a:1\" prefix = a", "missing `,` before this"),
            ("5", "a server is text; write `\"host:30002\"`"),
        ] {
            assert_eq!(parsed(arguments).1, [why], "{arguments}");
        }
    }

    #[test]
    fn several_mistakes_are_reported_at_once() {
        let (_, messages) =
            parsed("\"a\", prefx = 1, rusage = 5, tags(a: 1, b =), status = 1, enabled = ");
        assert_eq!(messages.len(), 7);
    }

    #[test]
    fn tells_servers_from_options() {
        for server in ["reporter", "prefix", "a.reporter(b)", "a::B", "{ a }", "&a"] {
            let (args, messages) = parsed(server);
            assert_eq!(messages, [""; 0], "{server}");
            assert!(matches!(args.server, Server::Reporter(_)), "{server}");
        }
        for literal in ["\"a:1\"", "(\"a:1\")", "[\"a:1\", \"b:1\"]"] {
            let (args, messages) = parsed(literal);
            assert_eq!(messages, [""; 0], "{literal}");
            assert!(matches!(args.server, Server::Literals(_)), "{literal}");
        }
        for option in ["", "prefix = a", "tags(a)", "enabled = a == b"] {
            let (args, messages) = parsed(option);
            assert_eq!(messages, [""; 0], "{option}");
            assert!(matches!(args.server, Server::Default), "{option}");
        }
    }
}
