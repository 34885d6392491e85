//! `#[timed]`: a timer around every call of a function.

use crate::check;
use crate::emit::{self, Target};
use crate::flatten::flatten;
use crate::function::Function;
use crate::krate::Krate;
use crate::problems::Problems;
use crate::spans::Spans;
use crate::tags::{self, Entry, Place};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};

pub(crate) fn timed(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let spans = Spans::new(&arguments);
    let mut problems = Problems::default();
    let parsed = parse(arguments, &mut problems);
    let function = Function::parse("timed", item.clone(), &mut problems);
    if let Some(complaints) = problems.complaints() {
        return quote!(#item #complaints);
    }
    let (Some((krate, entries)), Some(mut function)) = (parsed, function) else { return item };
    let timer = emit::tags(&krate, flatten(entries), Target::Timer, spans);
    let body = function.body;
    // Of an `async fn`, this is the body of the future, so that it measures the future. The
    // braces keep the body from following a statement, which clippy has an opinion about.
    function.body = quote_spanned! {spans.ours=>
        let _guard = #timer;
        { #body }
    };
    quote!(#function)
}

fn parse(arguments: TokenStream, problems: &mut Problems) -> Option<(Krate, Vec<Entry>)> {
    let parser = |input: ParseStream<'_>| {
        let krate = Krate::parse_first(input, problems);
        if input.is_empty() && problems.is_empty() {
            let why = "a timer without tags tells nothing; write `#[timed(group = \"db\")]`";
            problems.add_here(input, why);
        }
        let entries = tags::parse(input, Place::Tags, problems);
        check::check(&entries, problems);
        Ok((krate, entries))
    };
    parser.parse2(arguments).map_err(|error| problems.absorb(error)).ok()
}
