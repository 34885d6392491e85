//! `#[monitor]` on what gives a future: the request is current whenever that is polled.

use crate::async_block::AsyncBlock;
use crate::function::Function;
use crate::future::Future;
use crate::krate::Krate;
use crate::monitor::Parts;
use crate::options::Looks;
use crate::returns;
use crate::site::Open;
use crate::spans::{self, Spans};
use proc_macro2::{Group, Ident, TokenStream};
use quote::quote_spanned;
use syn::Token;

/// The body becomes a future in the function's own. Nothing else is kept over its `.await`s.
pub(crate) fn in_async_fn(mut parts: Parts, function: &Function, spans: Spans) -> TokenStream {
    let prepared = prepared(&mut parts, function, spans);
    let body = typed(function, &function.braced_body(spans), spans);
    let around = quote_spanned!(spans.ours=> around(&mut guard, async move { #body }));
    let awaited = awaited(parts, function, &around, spans);
    quote_spanned!(spans.ours=> #prepared #awaited)
}

/// The function is called and gives its future, which goes into one that is also the request: not
/// into an `async` block, which would keep it twice. The options are computed at the call, as the
/// body moves the arguments.
pub(crate) fn around_future(
    mut parts: Parts,
    function: &Function,
    kind: Future<'_>,
    spans: Spans,
) -> TokenStream {
    let (prepared, ty) = (prepared(&mut parts, function, spans), function.returned());
    let Parts { krate, looks, .. } = parts;
    let returned = quote_spanned!(spans.ours=> *returned);
    let default = looks.default_status(&returned, &krate, spans);
    let told = looks.told(&returned, &krate, spans);
    let looking = |future: &TokenStream| {
        let ty = ty.map(returns::named);
        quote_spanned! {spans.ours=>
            #krate::DetachedRequest::looking::<#ty, _, _>(guard, #future, move |guard, returned| {
                #default
                #told
            })
        }
    };
    if let Some(block) = AsyncBlock::parse(&function.body) {
        let future = block.with_body(typed(function, &block.braced_body(spans), spans));
        let whole = block.in_its_box(looking(&future));
        return quote_spanned!(spans.ours=> #prepared #whole);
    }
    let (output, body) = (returns::for_closure(&function.sig.output), function.braced_body(spans));
    // What gives something else than the type says is complained about there.
    let future = Ident::new("future", spans.ours.located_at(spans::reach(ty).0));
    let call = quote_spanned!(spans.ours=> let #future = #krate::call(move || #output #body););
    let mut whole = looking(&quote_spanned!(spans.ours=> #future));
    if let Future::Boxed(_) = kind {
        whole = quote_spanned!(spans.ours=> ::std::boxed::Box::pin(#whole));
    }
    quote_spanned!(spans.ours=> #prepared #call #whole)
}

/// Makes the request, and tells it what the options say.
fn prepared(parts: &mut Parts, function: &Function, spans: Spans) -> TokenStream {
    let told = parts.told(spans);
    let Parts { krate, site, .. } = parts;
    let open = site.open(Open::Future, krate, &function.sig.ident, spans);
    let told = entered(krate, &told, spans);
    // Only what is awaited or told something is changed.
    let is_changed = function.sig.asyncness.is_some() || told.is_some();
    let mutable = is_changed.then(|| Token![mut](spans.ours));
    quote_spanned!(spans.ours=> let #mutable guard = #open; #told)
}

/// The request is current only while it is told something: a guard that makes it so must not be
/// kept over an `.await`. By its path, as a trait of the program may have an `enter`, too, which
/// takes less of a reference and would be found first.
fn entered(krate: &Krate, told: &TokenStream, spans: Spans) -> Option<TokenStream> {
    (!told.is_empty()).then(|| {
        quote_spanned! {spans.ours=>
            if guard.is_recording() {
                let guard = #krate::DetachedRequest::enter(&mut guard);
                #told
            }
        }
    })
}

/// The content of an `async` block that gives what the function returns.
fn typed(function: &Function, body: &Group, spans: Spans) -> TokenStream {
    let ty = returns::for_async_block(function, spans);
    if ty.is_empty() { body.stream() } else { quote_spanned!(spans.ours=> #ty #body) }
}

/// Awaits the future as the request's work, and looks at what comes out.
fn awaited(parts: Parts, function: &Function, around: &TokenStream, spans: Spans) -> TokenStream {
    let Parts { krate, looks, .. } = parts;
    let awaited = quote_spanned!(spans.ours=> #krate::DetachedRequest::#around.await);
    if function.returns_never() {
        return quote_spanned!(spans.ours=> match #awaited {});
    }
    if function.returns_nothing() && looks.is_empty() {
        return awaited;
    }
    let looked = looked(&krate, looks, spans);
    let allowed = allowed(function, spans);
    quote_spanned!(spans.ours=> #allowed let returned = #awaited; #looked returned)
}

/// A block that gives a future is taken by clippy for one that forgot to await it, and a function
/// that does so, as by returning the handle of a task, is not. The body hears nothing of that lint
/// then, so this is for types only that may be futures.
fn allowed(function: &Function, spans: Spans) -> Option<TokenStream> {
    let may_be = function.sig.asyncness.is_some() && returns::may_be_future(function);
    may_be.then(|| quote_spanned!(spans.ours=> #[allow(clippy::async_yields_async)]))
}

fn looked(krate: &Krate, looks: Looks, spans: Spans) -> Option<TokenStream> {
    let returned = quote_spanned!(spans.ours=> returned);
    let default = looks.default_status(&returned, krate, spans);
    let told = looks.told(&returned, krate, spans);
    entered(krate, &quote_spanned!(spans.ours=> #default #told), spans)
}
