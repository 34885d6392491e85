//! What may stand as the value of a tag.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;
use std::sync::Arc;

use super::pairs::{PairBuffer, Span};

/// A value of a tag: text, numbers, `bool`, `char`, `Option`, lists, sets, maps, references to and
/// boxes of these, and closures that give one of these.
///
/// | type | what it flattens to |
/// | --- | --- |
/// | text, `char`, `bool`, integers | its text |
/// | `f32`, `f64` | as `{:?}` prints it: `1.0`, `0.1`, `1e16` |
/// | `Option` | its value, or nothing |
/// | arrays, slices, `Vec`, sets, integer ranges | one pair for each item |
/// | maps | one pair for each entry, the key after the tag's name: `name.key` |
/// | closures `\|\| value` | the value, asked for only when something records |
/// | [`format_args!`] | the formatted text |
///
/// Anything else goes through its own text: `%value` (for [`Display`](fmt::Display)) or `?value` (for
/// [`Debug`](fmt::Debug)) in a macro.
///
/// A type of your own becomes one by saying what it writes:
///
/// ```
/// use pynba_runtime::{TagValue, TagWriter, Tags};
///
/// struct UserId(u64);
///
/// impl TagValue for UserId {
///     fn write_to(&self, tag: &mut TagWriter<'_>) {
///         tag.display(self.0 % 16); // a bucket: few values, so that reports stay short
///     }
/// }
///
/// assert_eq!(Tags::new().with("user", UserId(21)).iter().next(), Some(("user", "5")));
/// ```
///
/// The parameter `Kind` only tells values and closures apart, so that both can be written in the
/// same place; leave it out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a tag",
    label = "this is no `TagValue`",
    note = "a tag takes text, numbers, `bool`, `char`, `Option`, lists, sets, maps, and closures that give one of these",
    note = "in a macro write `name = %value` to use its `Display`, or `name = ?value` to use its `Debug`"
)]
pub trait TagValue<Kind = Plain> {
    /// Writes the value, or each of the values, of the tag.
    fn write_to(&self, tag: &mut TagWriter<'_>);
}

/// Marks a [`TagValue`] that is a value.
#[derive(Debug)]
pub enum Plain {}

/// Marks a [`TagValue`] that is a closure giving a value of `Kind`.
#[derive(Debug)]
pub struct Called<Kind>(std::convert::Infallible, std::marker::PhantomData<Kind>);

/// Takes the values of one tag.
#[derive(Debug)]
pub struct TagWriter<'a> {
    buffer: &'a mut PairBuffer,
    /// `None` when there was no room for it.
    name: Option<Span>,
}

impl<'a> TagWriter<'a> {
    pub(crate) fn new(buffer: &'a mut PairBuffer, name: Option<Span>) -> Self {
        Self { buffer, name }
    }

    /// Adds a value as it is.
    ///
    /// Longer text than 8 KiB is cut at a character. Servers keep 64 bytes of it, or a few hundred.
    ///
    /// ```
    /// # use pynba_runtime::{TagValue, TagWriter, Tags};
    /// struct Country([u8; 2]);
    ///
    /// impl TagValue for Country {
    ///     fn write_to(&self, tag: &mut TagWriter<'_>) {
    ///         tag.text(if self.0 == *b"DE" { "home" } else { "abroad" });
    ///     }
    /// }
    ///
    /// let tags = Tags::new().with("country", Country(*b"FR"));
    /// assert_eq!(tags.iter().next(), Some(("country", "abroad")));
    /// ```
    pub fn text(&mut self, value: &str) {
        if let Some(name) = self.name
            && let Some(value) = self.buffer.write_str(value)
        {
            self.buffer.push(name, value);
        }
    }

    /// Adds a value by its [`Display`](fmt::Display).
    ///
    /// ```
    /// # use std::net::{Ipv4Addr, SocketAddrV4};
    /// # use pynba_runtime::{TagValue, TagWriter, Tags};
    /// struct Backend(SocketAddrV4);
    ///
    /// impl TagValue for Backend {
    ///     fn write_to(&self, tag: &mut TagWriter<'_>) {
    ///         tag.display(self.0.ip());
    ///     }
    /// }
    ///
    /// let tags = Tags::new().with("backend", Backend(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5432)));
    /// assert_eq!(tags.iter().next(), Some(("backend", "127.0.0.1")));
    /// ```
    pub fn display(&mut self, value: impl fmt::Display) {
        self.formatted(format_args!("{value}"));
    }

    /// Adds a value by its [`Debug`](fmt::Debug).
    ///
    /// ```
    /// # use pynba_runtime::{TagValue, TagWriter, Tags};
    /// #[derive(Debug)]
    /// enum Plan {
    ///     Free,
    ///     Paid,
    /// }
    ///
    /// impl TagValue for Plan {
    ///     fn write_to(&self, tag: &mut TagWriter<'_>) {
    ///         tag.debug(self);
    ///     }
    /// }
    ///
    /// let tags = Tags::new().with("plan", [Plan::Paid, Plan::Free]);
    /// assert_eq!(tags.iter().collect::<Vec<_>>(), [("plan", "Free"), ("plan", "Paid")]);
    /// ```
    pub fn debug(&mut self, value: impl fmt::Debug) {
        self.formatted(format_args!("{value:?}"));
    }

    /// [`text`](Self::text) for what is short and has no NUL.
    #[inline]
    fn short(&mut self, value: &str) {
        if let Some(name) = self.name
            && let Some(value) = self.buffer.write_short(value)
        {
            self.buffer.push(name, value);
        }
    }

    fn formatted(&mut self, value: fmt::Arguments<'_>) {
        if let Some(name) = self.name
            && let Some(value) = self.buffer.write(value)
        {
            self.buffer.push(name, value);
        }
    }

    /// Adds what `value` gives under the name `name.key`.
    ///
    /// ```
    /// # use pynba_runtime::{TagValue, TagWriter, Tags};
    /// struct Page {
    ///     language: &'static str,
    ///     theme: Option<&'static str>,
    /// }
    ///
    /// impl TagValue for Page {
    ///     fn write_to(&self, tag: &mut TagWriter<'_>) {
    ///         tag.entry("language", self.language);
    ///         tag.entry("theme", &self.theme);
    ///     }
    /// }
    ///
    /// let tags = Tags::new().with("page", Page { language: "en", theme: None });
    /// assert_eq!(tags.iter().collect::<Vec<_>>(), [("page.language", "en")]);
    /// ```
    pub fn entry<K>(&mut self, key: impl fmt::Display, value: &(impl TagValue<K> + ?Sized)) {
        if let Some(name) = self.name
            && !self.is_full()
        {
            let name = self.buffer.write_nested(name, format_args!("{key}"));
            value.write_to(&mut TagWriter { buffer: self.buffer, name });
        }
    }

    /// `true` once there is more than any packet could carry; what is added after that is ignored.
    ///
    /// ```
    /// # use std::cell::Cell;
    /// # use pynba_runtime::{TagValue, TagWriter, Tags};
    /// struct Words<'a>(&'a str, Cell<usize>);
    ///
    /// impl TagValue for Words<'_> {
    ///     fn write_to(&self, tag: &mut TagWriter<'_>) {
    ///         for word in self.0.split(' ') {
    ///             if tag.is_full() {
    ///                 break;
    ///             }
    ///             tag.text(word);
    ///             self.1.set(self.1.get() + 1);
    ///         }
    ///     }
    /// }
    ///
    /// let book = Words(&"it was the best of times ".repeat(100_000), Cell::new(0));
    /// let tags = Tags::new().with("words", &book);
    /// assert!(tags.iter().any(|pair| pair == ("words", "best")));
    /// assert!(book.1.get() < 100_000); // of 600,000
    /// ```
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.buffer.is_full()
    }

    fn each<K>(&mut self, values: impl IntoIterator<Item: TagValue<K>>) {
        for value in values {
            if self.is_full() {
                break;
            }
            value.write_to(self);
        }
    }
}

impl TagValue for str {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        tag.text(self);
    }
}

impl TagValue for bool {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        tag.short(if *self { "true" } else { "false" });
    }
}

impl TagValue for String {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        tag.text(self);
    }
}

macro_rules! by_format {
    ($method:ident: $($type:ty),*) => {$(
        impl TagValue for $type {
            fn write_to(&self, tag: &mut TagWriter<'_>) {
                tag.$method(self);
            }
        }
    )*};
}

macro_rules! by_integer {
    ($($type:ty),*) => {$(
        impl TagValue for $type {
            fn write_to(&self, tag: &mut TagWriter<'_>) {
                tag.short(itoa::Buffer::new().format(*self));
            }
        }
    )*};
}

by_integer!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
by_format!(display: char, fmt::Arguments<'_>);
by_format!(debug: f32, f64); // `{:?}` keeps the point of `1.0` and writes 1e16 short

macro_rules! by_deref {
    ($($type:ty),*) => {$(
        impl<T: TagValue + ?Sized> TagValue for $type {
            fn write_to(&self, tag: &mut TagWriter<'_>) {
                (**self).write_to(tag);
            }
        }
    )*};
}

by_deref!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: TagValue + ToOwned + ?Sized> TagValue for Cow<'_, T> {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        (**self).write_to(tag);
    }
}

impl<T: TagValue<K>, K> TagValue<K> for Option<T> {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        if let Some(value) = self {
            value.write_to(tag);
        }
    }
}

macro_rules! by_items {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => {$(
        impl<$($generics)*> TagValue<K> for $type {
            fn write_to(&self, tag: &mut TagWriter<'_>) {
                for item in self {
                    if tag.is_full() {
                        break;
                    }
                    item.write_to(tag);
                }
            }
        }
    )*};
}

by_items!(
    [T: TagValue<K>, K] [T],
    [T: TagValue<K>, K, const N: usize] [T; N],
    [T: TagValue<K>, K] Vec<T>,
    [T: TagValue<K>, K] VecDeque<T>,
    [T: TagValue<K>, K] BTreeSet<T>,
    [T: TagValue<K>, K, S] HashSet<T, S>,
);

macro_rules! by_entries {
    ($([$($generics:tt)*] $type:ty),*) => {$(
        impl<$($generics)*> TagValue<K> for $type {
            fn write_to(&self, tag: &mut TagWriter<'_>) {
                for (key, value) in self {
                    tag.entry(key, value);
                }
            }
        }
    )*};
}

by_entries!(
    [N: fmt::Display, T: TagValue<K>, K] BTreeMap<N, T>,
    [N: fmt::Display, T: TagValue<K>, K, S] HashMap<N, T, S>
);

impl<T: TagValue> TagValue for Range<T>
where
    Self: Iterator<Item = T> + Clone,
{
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        tag.each(self.clone());
    }
}

impl<T: TagValue> TagValue for RangeInclusive<T>
where
    Self: Iterator<Item = T> + Clone,
{
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        tag.each(self.clone());
    }
}

// Whoever passes something else than a tag's value should not be told to write a closure.
#[diagnostic::do_not_recommend]
impl<F: Fn() -> T, T: TagValue<K>, K> TagValue<Called<K>> for F {
    fn write_to(&self, tag: &mut TagWriter<'_>) {
        self().write_to(tag);
    }
}
