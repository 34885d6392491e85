//! `#[timed]`: a timer around every call of a function.

use crate::async_block::AsyncBlock;
use crate::check;
use crate::emit::{self, Target};
use crate::flatten::{Flat, flatten};
use crate::function::Function;
use crate::future::Future;
use crate::krate::Krate;
use crate::problems::Problems;
use crate::returns;
use crate::spans::Spans;
use crate::tags::{self, Entry, Place};
use proc_macro2::{Group, TokenStream};
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
    let tags = flatten(entries);
    function.body = match function.future() {
        Some(future @ (Future::Opaque(_) | Future::Boxed(_))) => {
            around_future(&krate, tags, &function, future, spans)
        }
        // Of an `async fn`, this is the body of the future, so that it measures the future.
        None | Some(Future::Async) => started(&krate, tags, &function.braced_body(spans), spans),
    };
    quote!(#function)
}

/// The braces keep the body from following a statement, which clippy has an opinion about.
fn started(krate: &Krate, tags: Flat, body: &Group, spans: Spans) -> TokenStream {
    let timer = emit::tags(krate, tags, Target::Timer, spans);
    quote_spanned! {spans.ours=>
        let _guard = #timer;
        #body
    }
}

/// A body that is one `async` block goes on being one, with the timer in it. What any other one
/// gives goes into a future with a timer, whose tags are made at the call: they need the arguments,
/// which the body moves.
fn around_future(
    krate: &Krate,
    tags: Flat,
    function: &Function,
    kind: Future<'_>,
    spans: Spans,
) -> TokenStream {
    // Without `move` the tags could not use the arguments: the block would borrow them.
    if let Some(block) = AsyncBlock::parse(&function.body).filter(AsyncBlock::is_move) {
        let future = block.with_body(started(krate, tags, &block.braced_body(spans), spans));
        return block.in_its_box(future);
    }
    let is_known = tags.dynamic.is_empty();
    let target = if is_known { Target::Timer } else { Target::Tags };
    let mut timer = emit::tags(krate, tags, target, spans);
    let mut made = TokenStream::new();
    if !is_known {
        let is_on = quote_spanned!(spans.ours=> #krate::ENABLED);
        // Where nothing is recorded, nothing is evaluated either.
        made = quote_spanned! {spans.ours=>
            let tags = if #is_on #timer else { #krate::Tags::new() };
        };
        timer = quote_spanned!(spans.ours=> #krate::timer_of(&tags));
    }
    let output = returns::for_closure(&function.sig.output);
    let body = function.braced_body(spans);
    let mut whole = quote_spanned!(spans.ours=> #krate::timed(move || #timer, future));
    if let Future::Boxed(_) = kind {
        whole = quote_spanned!(spans.ours=> ::std::boxed::Box::pin(#whole));
    }
    quote_spanned! {spans.ours=>
        #made
        let future = #krate::call(move || #output #body);
        #whole
    }
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
