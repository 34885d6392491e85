//! Tags: names with values, flattened to sorted pairs of text.

mod intern;
mod pairs;
mod value;
mod variants;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use once_cell::race::OnceRef;

use self::pairs::Span;
use crate::foreign;

pub use self::value::{Called, Plain, TagValue, TagWriter};

pub(crate) use self::intern::{Interned, Literal};
pub(crate) use self::pairs::{MAX_WORD, PairBuffer, StaticPair, TagSet, Text, cut, is_or_is_below};

/// The pairs of a call site that are known at compile time. Made by the macros only.
#[derive(Debug)]
pub struct StaticTags {
    pairs: &'static [StaticPair],
    /// The names of the other tags.
    names: &'static [&'static str],
    interned: OnceRef<'static, Interned>,
}

/// Pairs known at compile time, if there are any.
pub(crate) type Fixed = Option<&'static StaticTags>;

impl StaticTags {
    /// `pairs` are sorted by name, then value, in byte order, without duplicates and without NUL:
    /// the macros see to it.
    #[must_use]
    pub const fn new(pairs: &'static [StaticPair]) -> Self {
        Self { pairs, names: &[], interned: OnceRef::new() }
    }

    /// The names of the tags whose values are made at run time. They have no NUL either.
    #[must_use]
    pub const fn names(mut self, names: &'static [&'static str]) -> Self {
        self.names = names;
        self
    }

    /// These tags and `extra`, in any order, in one, if they are kept.
    #[inline]
    pub(crate) fn with(&'static self, extra: &PairBuffer) -> Option<&'static Self> {
        self.interned()?.variant(self, extra)
    }

    pub(crate) const fn pairs(&self) -> &'static [StaticPair] {
        self.pairs
    }

    /// As encoders know them. `None` where that cannot be found out without waiting: then they are mere text.
    #[inline]
    pub(crate) fn interned(&self) -> Option<&'static Interned> {
        self.interned.get().or_else(|| intern::intern(&self.interned, self.pairs, self.names))
    }
}

pub(crate) fn pairs_of(fixed: Fixed) -> &'static [StaticPair] {
    fixed.map_or(&[], StaticTags::pairs)
}

/// Takes the tags of a call site that are known only at run time.
#[derive(Debug)]
pub struct Pairs<'a> {
    buffer: &'a mut PairBuffer,
    fixed: Fixed,
}

impl Pairs<'_> {
    /// Adds what `value` flattens to, under the name of that number.
    #[inline]
    pub fn add<V: TagValue<K> + ?Sized, K>(&mut self, name: usize, value: &V) {
        value.write_to(&mut self.writer(name));
    }

    /// Adds `value` by its `Display`.
    pub fn display<V: fmt::Display + ?Sized>(&mut self, name: usize, value: &V) {
        self.writer(name).display(value);
    }

    /// Adds `value` by its `Debug`.
    pub fn debug<V: fmt::Debug + ?Sized>(&mut self, name: usize, value: &V) {
        self.writer(name).debug(value);
    }

    #[inline]
    fn writer(&mut self, name: usize) -> TagWriter<'_> {
        let literals = self.fixed.and_then(StaticTags::interned);
        match literals.and_then(|literals| literals.names.get(name)) {
            Some(name) => TagWriter::new(self.buffer, Some(Span::Literal(name))),
            None => self.named(self.fixed.and_then(|tags| tags.names.get(name)).unwrap_or(&"")),
        }
    }

    /// [`add`](Self::add) with any name.
    pub fn add_named<V: TagValue<K> + ?Sized, K>(&mut self, name: &str, value: &V) {
        value.write_to(&mut self.named(name));
    }

    /// [`debug`](Self::debug) with any name.
    pub fn debug_named<V: fmt::Debug + ?Sized>(&mut self, name: &str, value: &V) {
        self.named(name).debug(value);
    }

    fn named(&mut self, name: &str) -> TagWriter<'_> {
        let name = self.buffer.write_str(name);
        TagWriter::new(self.buffer, name)
    }
}

/// Lets the program write pairs into `buffer`, and puts them in order, without those that `fixed` has.
///
/// The program's code (closures, `Display`) runs here. If it panics, the pairs written until then stay.
pub(crate) fn fill(buffer: &mut PairBuffer, fixed: Fixed, write: impl FnOnce(&mut Pairs<'_>)) {
    fill_in_any_order(buffer, fixed, write);
    buffer.normalize(pairs_of(fixed));
}

/// [`fill`] without the order.
#[inline]
pub(crate) fn fill_in_any_order(
    buffer: &mut PairBuffer,
    fixed: Fixed,
    write: impl FnOnce(&mut Pairs<'_>),
) {
    foreign::run(|| write(&mut Pairs { buffer, fixed }));
}

/// Flattened tags: pairs of a name and a value, sorted by name, then value, in byte order, without
/// duplicates.
///
/// The macro `tags!` makes them too, and what is literal there costs nothing at run time.
///
/// ```
/// use pynba_runtime::Tags;
///
/// let tags = Tags::new().with("group", "db").with("op", ["select", "insert"]);
/// let pairs: Vec<_> = tags.iter().collect();
/// assert_eq!(pairs, [("group", "db"), ("op", "insert"), ("op", "select")]);
/// ```
#[derive(Clone)]
pub struct Tags {
    fixed: Fixed,
    extra: PairBuffer,
}

impl Tags {
    /// No tags.
    ///
    /// ```
    /// # use pynba_runtime::Tags;
    /// assert!(Tags::new().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self { fixed: None, extra: PairBuffer::new() }
    }

    pub(crate) const fn fixed(tags: &'static StaticTags) -> Self {
        Self { fixed: Some(tags), extra: PairBuffer::new() }
    }

    pub(crate) fn written(tags: &'static StaticTags, write: impl FnOnce(&mut Pairs<'_>)) -> Self {
        let mut made = Self::fixed(tags);
        fill(&mut made.extra, Some(tags), write);
        made
    }

    /// Pairs that are in order.
    pub(crate) const fn of(extra: PairBuffer) -> Self {
        Self { fixed: None, extra }
    }

    /// The same tags and those that `value` flattens to. A name that is there already keeps its other
    /// values: a tag may have several.
    ///
    /// ```
    /// # use pynba_runtime::Tags;
    /// let tags = Tags::new().with("op", "select").with("op", "insert").with("rows", 3);
    /// let pairs: Vec<_> = tags.iter().collect();
    /// assert_eq!(pairs, [("op", "insert"), ("op", "select"), ("rows", "3")]);
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "so that it may be written without `&`")]
    #[must_use]
    pub fn with<K>(mut self, name: impl Into<Cow<'static, str>>, value: impl TagValue<K>) -> Self {
        let name = name.into();
        fill(&mut self.extra, self.fixed, |pairs| pairs.add_named(&name, &value));
        self
    }

    /// These tags, and for the names that `other` has, its values instead.
    pub(crate) fn merged(&self, other: &Self) -> Self {
        let mut extra = PairBuffer::new();
        for (name, value) in self.iter() {
            extra.push_copy(name, value);
        }
        extra.replace(None, other.set());
        Self::of(extra)
    }

    /// The pairs in order.
    ///
    /// ```
    /// # use pynba_runtime::Tags;
    /// let tags = Tags::new().with("group", "db").with("op", "select");
    /// let text: Vec<_> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    /// assert_eq!(text.join(" "), "group=db op=select");
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set().iter()
    }

    /// How many pairs there are.
    ///
    /// ```
    /// # use pynba_runtime::Tags;
    /// let tags = Tags::new().with("op", ["select", "insert", "select"]);
    /// assert_eq!(tags.len(), 2); // each pair counts once
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.set().len()
    }

    /// `true` when there is no pair.
    ///
    /// ```
    /// # use pynba_runtime::Tags;
    /// assert!(Tags::new().is_empty());
    /// assert!(Tags::new().with("user", None::<u32>).is_empty()); // nothing gives no pair
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn set(&self) -> TagSet<'_> {
        self.extra.set(self.fixed)
    }

    /// Bytes that they hold.
    pub(crate) fn size(&self) -> usize {
        self.extra.footprint()
    }

    /// The part known at compile time, and the rest.
    pub(crate) const fn parts(&self) -> (Fixed, &PairBuffer) {
        (self.fixed, &self.extra)
    }
}

impl Default for Tags {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Tags {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Tags {}

impl PartialOrd for Tags {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tags {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl Hash for Tags {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|pair| pair.hash(state));
    }
}

impl<N: Into<Cow<'static, str>>, V: TagValue> FromIterator<(N, V)> for Tags {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(tags: I) -> Self {
        let mut made = Self::new();
        made.extend(tags);
        made
    }
}

impl<N: Into<Cow<'static, str>>, V: TagValue> Extend<(N, V)> for Tags {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, tags: I) {
        let tags = tags.into_iter();
        fill(&mut self.extra, self.fixed, |pairs| {
            tags.for_each(|(name, value)| pairs.add_named(&name.into(), &value));
        });
    }
}
