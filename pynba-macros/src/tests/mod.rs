//! The expansion of each shape, compared with the file of its name in this folder.
//! `UPDATE_SNAPSHOTS=1 cargo test -p pynba-macros` writes them anew.

use crate::{monitor, timed, timer};
use proc_macro2::TokenStream;
use quote::quote;
use std::path::Path;

fn shown(items: TokenStream) -> String {
    let file = syn::parse2(items).expect("the expansion is Rust");
    prettyplease::unparse(&file)
}

fn expression(expansion: &TokenStream) -> TokenStream {
    quote!(fn expansion() { #expansion })
}

#[track_caller]
fn snapshot(name: &str, expansion: TokenStream) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests").join(name).with_extension("rs");
    let shown = shown(expansion);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(path, shown).expect("the snapshot can be written");
    } else {
        let expected = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(shown, expected, "the expansion has changed; see the top of this file");
    }
}

#[test]
fn timer_of_literals_is_one_static() {
    let input =
        quote!(foo = "bar", baz = ["seq2", "seq1", "seq1"], qux = { map1 = "val1", n = -1 });
    snapshot("timer_literals", expression(&timer::timer(input)));
}

#[test]
fn timer_with_expressions_keeps_the_literals_static() {
    let input =
        quote!(group = "db", op = ["select", table], rows = %rows, plan = ?plan.kind(), user);
    snapshot("timer_mixed", expression(&timer::timer(input)));
}

#[test]
fn timer_of_one_expression() {
    snapshot("timer_work", expression(&timer::timer(quote!(a = "b" => { render(user)? }))));
}

#[test]
fn work_that_begins_with_a_block_is_one_expression() {
    let input = quote!(a = "b" => match x { _ => 1 } + 1);
    snapshot("timer_work_parenthesised", expression(&timer::timer(input)));
}

#[test]
fn tags_of_literals() {
    snapshot("tags_literals", expression(&timer::tags(quote!(a = 1, b.c = 1.0))));
}

#[test]
fn no_tags() {
    snapshot("tags_none", expression(&timer::tags(quote!())));
}

#[test]
fn tags_with_expressions() {
    snapshot(
        "tags_mixed",
        expression(&timer::tags(quote!(crate = crate::metrics, a = 1, b = || 2))),
    );
}

#[test]
fn timed_function() {
    let item = quote! {
        /// Sends.
        pub async fn send(&self, to: &str) -> usize {
            #![allow(clippy::all)]
            to.len()
        }
    };
    snapshot("timed", timed::timed(quote!(group = "mail", to), item));
}

#[test]
fn monitor_with_everything() {
    let arguments = quote! {
        "127.0.0.1:30002", prefix = "shop/", script_name = request.path.clone(), hostname = "a",
        server_name = "b", schema = "https", tags(kind = "user", plan = request.plan),
        status = |answer| answer.status, document_size = |answer| answer.body.len() as u64,
        rusage = "thread", enabled = request.sampled,
    };
    let item = quote! {
        fn show_user(request: &Request) -> Answer {
            answer(request)
        }
    };
    snapshot("monitor_everything", monitor::monitor(arguments, item));
}

#[test]
fn monitor_with_a_server() {
    let item = quote! {
        fn show_user(request: &Request) -> Result<Response, Error> {
            let user = load_user(request.id)?;
            Ok(render(&user))
        }
    };
    snapshot("monitor", monitor::monitor(quote!("127.0.0.1:30002"), item));
}

#[test]
fn monitor_of_a_function_that_returns_nothing() {
    snapshot(
        "monitor_nothing",
        monitor::monitor(
            quote!(),
            quote!(
                fn tick() {
                    work();
                }
            ),
        ),
    );
}

#[test]
fn monitor_of_a_function_that_never_returns() {
    let item = quote!(
        fn serve() -> ! {
            loop {
                turn()
            }
        }
    );
    snapshot("monitor_never", monitor::monitor(quote!(prefix = "a"), item));
}

#[test]
fn monitor_with_a_reporter() {
    let item = quote! {
        pub(crate) unsafe extern "C" fn r#type<T: Copy>(mut self: Box<Self>, (a, b): (T, T)) -> Option<impl Iterator<Item = T>>
        where
            T: Send,
        {
            None
        }
    };
    snapshot("monitor_reporter", monitor::monitor(quote!(self.reporter, enabled = true), item));
}

#[test]
fn monitor_of_impl_trait() {
    let item = quote!(
        fn names() -> impl Iterator<Item = String> {
            names.iter()
        }
    );
    snapshot("monitor_impl_trait", monitor::monitor(quote!(["a:1", "b:2"]), item));
}

#[test]
fn monitor_that_looks_at_impl_trait() {
    let item = quote!(
        fn names() -> impl Iterator<Item = String> {
            names.iter()
        }
    );
    let arguments = quote!(status = |names| if names.len() == 0 { 404 } else { 200 });
    snapshot("monitor_impl_trait_looked_at", monitor::monitor(arguments, item));
}

#[test]
fn monitor_keeps_the_caller_of_track_caller() {
    let item = quote!(
        #[track_caller]
        fn at(i: usize) -> u8 {
            DATA[i]
        }
    );
    snapshot("monitor_track_caller", monitor::monitor(quote!(), item));
}

#[test]
fn monitor_of_async_fn() {
    let item = quote! {
        async fn show_user(request: &Request) -> Result<Response, Error> {
            let user = load_user(request.id).await?;
            Ok(render(&user))
        }
    };
    snapshot("monitor_async", monitor::monitor(quote!("127.0.0.1:30002"), item));
}

#[test]
fn monitor_of_async_fn_with_everything() {
    let arguments = quote! {
        self.reporter, prefix = "shop/", script_name = request.path.clone(), tags(plan = request.plan),
        status = |answer| answer.status, document_size = |answer| answer.body.len() as u64,
        enabled = request.sampled,
    };
    let item = quote! {
        pub(crate) async unsafe fn show<'a, T: Copy>(mut self: Pin<&mut Self>, (a, b): (T, T)) -> Answer<'a>
        where
            T: Send,
        {
            #![allow(clippy::all)]
            use b as c;
            answer(request).await
        }
    };
    snapshot("monitor_async_everything", monitor::monitor(arguments, item));
}

#[test]
fn monitor_of_async_fn_that_returns_nothing() {
    let item = quote!(
        async fn tick() {
            work().await;
        }
    );
    snapshot("monitor_async_nothing", monitor::monitor(quote!(tags(a = "b")), item));
}

#[test]
fn monitor_of_async_fn_that_never_returns() {
    let item = quote!(
        async fn serve() -> ! {
            loop {
                turn().await
            }
        }
    );
    snapshot("monitor_async_never", monitor::monitor(quote!(), item));
}

#[test]
fn monitor_of_async_fn_that_returns_impl_trait() {
    let item = quote!(
        async fn names() -> impl Iterator<Item = String> {
            names().await
        }
    );
    snapshot("monitor_async_impl_trait", monitor::monitor(quote!(), item));
}

#[test]
fn monitor_of_a_function_that_returns_a_future() {
    let item = quote!(
        fn fetch(&self, url: String) -> impl Future<Output = Result<impl Copy, Error>> + Send {
            let client = self.client.clone();
            async move { client.get(url).await }
        }
    );
    snapshot("monitor_future", monitor::monitor(quote!(script_name = url.clone()), item));
}

#[test]
fn monitor_of_a_function_that_returns_an_async_block() {
    let item = quote!(
        fn fetch(&self) -> impl Future<Output = u8> + '_ {
            async { self.get().await }
        }
    );
    snapshot("monitor_future_block", monitor::monitor(quote!(), item));
}

#[test]
fn monitor_of_a_function_that_returns_a_boxed_future() {
    let item = quote!(
        fn fetch(&self) -> BoxFuture<'_, ()> {
            self.get().boxed()
        }
    );
    snapshot("monitor_boxed", monitor::monitor(quote!(), item));
}

#[test]
fn monitor_of_what_async_trait_makes() {
    let item = quote! {
        #[must_use]
        fn handle<'life0, 'async_trait>(
            &'life0 self,
            name: String,
        ) -> ::core::pin::Pin<Box<
            dyn ::core::future::Future<Output = Result<u8, Error>> + ::core::marker::Send + 'async_trait,
        >>
        where
            'life0: 'async_trait,
            Self: 'async_trait,
        {
            Box::pin(async move {
                let __self = self;
                let name = name;
                let __ret: Result<u8, Error> = { Ok(__self.load(name).await?) };
                __ret
            })
        }
    };
    let arguments = quote!(prefix = "a/", document_size = |_| 1);
    snapshot("monitor_async_trait", monitor::monitor(arguments, item));
}

#[test]
fn timed_function_that_returns_a_future() {
    let item = quote!(
        fn send(&self, to: String) -> impl Future<Output = usize> {
            let client = self.client.clone();
            async move { client.send(to).await }
        }
    );
    snapshot("timed_future", timed::timed(quote!(group = "mail", to), item));
}

#[test]
fn timed_function_that_returns_an_async_block() {
    let item = quote!(
        fn send(&self, to: String) -> Pin<Box<dyn Future<Output = usize> + '_>> {
            Box::pin(async move { self.client.send(to).await })
        }
    );
    snapshot("timed_block", timed::timed(quote!(group = "mail", to), item));
}

#[test]
fn a_mistake_leaves_the_item_in_place() {
    let item = quote!(
        struct User {
            name: String,
        }
    );
    snapshot("monitor_mistakes", monitor::monitor(quote!("localhost", prefx = "a"), item));
}

#[test]
fn a_mistake_leaves_a_value_of_the_right_type() {
    snapshot("timer_mistakes", expression(&timer::timer(quote!(foo: "bar", a = [], a = 1))));
}
