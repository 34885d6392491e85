//! The macros of the [`pynba`](https://docs.rs/pynba) crate, which re-exports them: use that.
//!
//! Every macro goes **parse → check → expand**, over `proc_macro2` tokens only, and reports
//! everything that is wrong with one invocation at once.
#![forbid(unsafe_code)]

mod args;
mod async_block;
mod awaits;
mod check;
mod detached;
mod emit;
mod equals;
mod flatten;
mod function;
mod future;
mod krate;
mod literal;
mod lookahead;
mod monitor;
mod name;
mod options;
mod problems;
mod returns;
mod server;
mod site;
mod skip;
mod spans;
mod suggest;
mod tags;
mod timed;
mod timer;
mod value;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Measures every call of a function as one request, and sends it to a Pinba server.
///
/// ```
/// use pynba::{monitor, timer};
///
/// # struct Request { path: String, user: u32 }
/// # struct Response { code: u16, body: String }
/// # fn load(user: u32) -> Result<String, std::io::Error> { Ok(user.to_string()) }
/// #[monitor(
///     "127.0.0.1:30002",
///     script_name = request.path.clone(),
///     tags(kind = "user"),
///     document_size = |result| result.as_ref().map_or(0, |response| response.body.len() as u64),
/// )]
/// fn show_user(request: &Request) -> Result<Response, std::io::Error> {
///     let body = timer!(group = "db" => load(request.user))?;
///     Ok(Response { code: 200, body })
/// }
/// # let request = Request { path: String::from("/users/1"), user: 1 };
/// # assert_eq!(show_user(&request)?.code, 200);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Server
///
/// `#[monitor(SERVER, option = value, …)]`; the server is optional, and comes first:
///
/// - `"host:port"`, checked while compiling; an IPv6 address stands in brackets, `"[::1]:30002"`;
/// - a list of up to eight, `["a:30002", "b:30002"]`: each gets every request;
/// - any other expression that derefs to a `pynba::Reporter`, which may use the arguments:
///   `#[monitor(self.reporter)]`;
/// - nothing: the process's reporter, from `pynba::set_reporter` or the environment variable
///   `PINBA_SERVER`.
///
/// # Options
///
/// | option | value | default |
/// | --- | --- | --- |
/// | `prefix` | text, put before the script name | none |
/// | `script_name` | text | `module::path::function` |
/// | `hostname` | text | this machine's host name |
/// | `server_name` | text | this machine's host name |
/// | `schema` | text, as in `"https"` | empty |
/// | `tags(…)` | request tags, with the grammar of [`timer!`] | none |
/// | `status` | `\|returned\| expr`, a `u32`; it is given a reference to the returned value | 500 for an `Err`, 200 otherwise |
/// | `document_size` | `\|returned\| expr`, a `u64` | 0 |
/// | `rusage` | `"process"`, `"thread"` or `"off"` | the reporter's |
/// | `enabled` | a `bool`, asked for at every call | `true` |
/// | `crate` | the absolute path of the `pynba` crate, for re-exports | `::pynba` |
///
/// Text is any `impl Into<Cow<'static, str>>`. The expressions run before the body and may use the
/// arguments; what takes them by value has to clone them. When nothing is recorded, only `enabled`
/// and the server are evaluated.
///
/// # Expansion
///
/// The function keeps its signature, attributes and spans. This is what the compiler sees of
/// `#[monitor("127.0.0.1:30002")]`, with a reporter made at the first call and kept:
///
/// ```ignore
#[doc = include_str!("tests/monitor.rs")]
/// ```
///
/// The closure is what sees a `return` and a `?`. Where nothing looks at the returned value there
/// is none, only the guard: functions that return `()`, `!` or `impl Trait` (without `status` and
/// `document_size`), and those with `#[track_caller]`, whose caller a closure would hide.
///
/// # Asynchronous functions
///
/// On an `async fn` the request goes with the future: it is current whenever that is polled, on
/// whatever thread, and only then. Its clock runs from the first poll to the end. A future that is
/// dropped before its end is sent with the status 499, a panic in it with 500, and one that is
/// never polled not at all. The future is `Send` whenever the body's was, and no more than 64 bytes
/// larger.
///
/// ```
/// # use pynba::{monitor, timer};
/// # struct Request { id: u32 }
/// # struct Error;
/// # async fn load_user(id: u32) -> Result<u32, Error> { Ok(id) }
/// #[monitor("127.0.0.1:30002", tags(id = request.id))]
/// async fn show_user(request: &Request) -> Result<String, Error> {
///     let user = timer!(group = "db" => load_user(request.id).await)?;
///     Ok(user.to_string())
/// }
/// ```
///
/// Of `#[monitor("127.0.0.1:30002")]` on such a function the compiler sees
///
/// ```ignore
#[doc = include_str!("tests/monitor_async.rs")]
/// ```
///
/// where the `return` that never happens only tells the block its type.
///
/// A `fn` that returns `impl Future<Output = R>`, `Pin<Box<dyn Future<Output = R>>>` or
/// `BoxFuture<R>` is measured in the same way, and so are the methods of `#[async_trait]`, which
/// makes such functions of them. These are told by their names, so that other aliases, and types
/// that are futures, are not: there it is the call that is measured, until it has returned the
/// future. Of what is measured, the options and the part of the body that makes the future belong
/// to the call, and the request begins with the first poll. When the body is one `async` block in a
/// box, the future is measured in there; of any other boxed one the box goes into another.
///
/// The options are computed while the request is open on the thread, and cannot contain an
/// `.await`; `enabled` and the server of an `async fn` can. With `#[timed]` on the same function,
/// the attribute written first goes inside: above `#[monitor]`, its timer is in this request, and
/// below, in the one around it.
///
/// # Where it goes
///
/// On any `fn` or `async fn`: free, in `impl` and `trait` blocks, with any receiver, generic,
/// `unsafe`, `extern`. Not on a `const fn`, nor on a method without a body. `#[track_caller]` is of
/// no use where a future is measured, and refused.
///
/// Inside of another type, and of what an `async fn` returns, `impl Trait` is inferred: a closure
/// in it that takes references needs their types written, as in `|text: &str| …`.
#[proc_macro_attribute]
pub fn monitor(arguments: TokenStream, item: TokenStream) -> TokenStream {
    monitor::monitor(arguments.into(), item.into()).into()
}

/// Times every call of a function, inside of whatever request is open.
///
/// ```
/// use pynba::timed;
///
/// #[timed(group = "mail", domain = to.rsplit('@').next())]
/// fn send_mail(to: &str) {
///     // …
/// }
///
/// #[timed(group = "http")]
/// async fn fetch(url: &str) -> usize {
///     url.len()
/// }
/// # send_mail("a@b");
/// ```
///
/// The tags have the grammar of [`timer!`], and their expressions may use the arguments.
///
/// Of an `async fn` the timer runs from the first poll to the end, waiting included, and so it does
/// of a `fn` that returns a future, by the types that [`macro@monitor`] knows. There the tags are
/// made at the first poll, when the body is one `async move` block, boxed or not, as
/// `#[async_trait]` makes them, and else at the call.
#[proc_macro_attribute]
pub fn timed(arguments: TokenStream, item: TokenStream) -> TokenStream {
    timed::timed(arguments.into(), item.into()).into()
}

/// Starts a timer that runs until its guard is dropped, or times one expression.
///
/// ```
/// use pynba::timer;
///
/// # fn select(table: &str) -> Result<Vec<String>, std::io::Error> { Ok(vec![table.to_owned()]) }
/// # fn users() -> Result<usize, std::io::Error> {
/// let table = "users";
/// let _timer = timer!(group = "render", table);
/// let rows = timer!(group = "db", op = ["select", table] => select(table)?);
/// # Ok(rows.len())
/// # }
/// # assert_eq!(users()?, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Outside of a request it records nothing. The expression after `=>` may be a block, contain
/// `.await`, `?`, `return` and `break`, and gives its own value.
///
/// # Names
///
/// `foo`, `db.host`, `r#type` (which is `type`), `"any text"`. A bare `name` is short for
/// `name = name`.
///
/// # Values
///
/// | value | what it gives |
/// | --- | --- |
/// | `"text"`, `5`, `-1.5`, `true`, `'c'` | its text, known while compiling |
/// | `["a", "b"]` | the tag several times, once for each value |
/// | `{ key = "a", … }` | each key under the name of the tag: `name.key` |
/// | `\|\| expr` | what the closure gives; it is called only when something records |
/// | `%expr`, `?expr` | the text of its `Display` or `Debug` |
/// | any other expression | what its type gives as a `pynba::TagValue` |
///
/// Lists and maps may contain each other, to any depth. A block that begins with a name and `=`,
/// or is nothing but a name, is a map; put another block in parentheses.
///
/// Literals are flattened, sorted and checked by the compiler. With
/// `timer!(foo = "bar", baz = ["seq2", "seq1", "seq1"], qux = { map1 = "val1", n = -1 })` it sees
///
/// ```ignore
#[doc = include_str!("tests/timer_literals.rs")]
/// ```
///
/// so that nothing is left to compute at run time. `crate = ::path::to::pynba` as the first entry
/// is for macros of crates that re-export this one.
#[proc_macro]
pub fn timer(input: TokenStream) -> TokenStream {
    timer::timer(input.into()).into()
}

/// Makes `pynba::Tags`, with the grammar of [`timer!`].
///
/// ```
/// let op = "select";
/// let tags = pynba::tags!(group = "db", op, host = { name = "db1", port = 5432 });
/// let pairs: Vec<_> = tags.iter().collect();
/// assert_eq!(
///     pairs,
///     [("group", "db"), ("host.name", "db1"), ("host.port", "5432"), ("op", "select")],
/// );
/// ```
#[proc_macro]
pub fn tags(input: TokenStream) -> TokenStream {
    timer::tags(input.into()).into()
}
