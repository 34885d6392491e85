//! The layer, and what it is told.

use std::borrow::Cow;
use std::fmt;

use pynba_runtime::Reporter;
use tracing_core::{LevelFilter, Metadata};

use crate::fields::Fields;
use crate::slots::{self, LayerId};
use crate::text;

/// `#[instrument]` makes spans of this level unless told otherwise. Below it libraries describe their own inside
/// (`h2`, `hyper`, `sqlx`), with many more spans for each request than anybody wants to see in Pinba.
const MAX_LEVEL: LevelFilter = LevelFilter::INFO;

type Predicate = Box<dyn Fn(&Metadata<'_>) -> bool + Send + Sync>;

/// Turns the spans of requests into timers, for the registry of `tracing-subscriber`.
///
/// ```
/// use pynba::{Reporter, testing};
/// use pynba_tracing::PinbaLayer;
/// use tracing_subscriber::prelude::*;
///
/// let layer = PinbaLayer::new().with_fields(["db.table"]);
/// let subscriber = tracing_subscriber::registry().with(layer);
/// # let _guard = subscriber.set_default();
/// # /*
/// subscriber.init();
/// # */
///
/// #[tracing::instrument(fields(db.table = "users"))]
/// fn load_users() {}
///
/// let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
/// let requests = testing::capture(|| {
///     let _request = reporter.open("/users");
///     load_users();
/// });
/// # if cfg!(feature = "enable") {
/// let tags = [("db.table", "users"), ("span", "load_users")];
/// let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned()));
/// assert_eq!(requests[0].timers()[0].tags, tags);
/// # }
/// # Ok::<(), pynba::Error>(())
/// ```
///
/// A span belongs to the request that is current where it is created; where none is, to that of its nearest
/// ancestor that has one. A span that belongs to no request costs next to nothing.
///
/// The layer decides for itself which spans it takes and never keeps one from other layers. So, by itself, it does
/// not keep a program from making spans of lower levels either: a filter of its own does,
/// `PinbaLayer::new().with_filter(LevelFilter::INFO)`.
pub struct PinbaLayer {
    pub(crate) id: LayerId,
    pub(crate) fields: Fields,
    pub(crate) target: bool,
    pub(crate) time: SpanTime,
    pub(crate) errors_are_failures: bool,
    max_level: LevelFilter,
    spans: Option<Predicate>,
    requests: Option<(Reporter, Predicate)>,
}

/// Which of a span's times is that of its timer. Without `async` they are the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum SpanTime {
    /// From the span's creation to its end: for a future all the time that somebody waits for it, as it is
    /// with `timer!(… => future.await)`.
    ///
    /// A span that is still open when its request is sent is stopped there, and sent with it.
    #[default]
    Open,
    /// While the span is entered: for a future the time that it is polled, without what it waits for. A span
    /// that is entered on several threads at once is measured once.
    ///
    /// It is known only when the span has ended: a span that is still open when its request is sent is not sent.
    /// Nor is a span that was never entered.
    Entered,
}

impl PinbaLayer {
    /// A layer that makes a timer of each span of the level `INFO` and above, with the span's name as the tag
    /// `span` and no other tags.
    ///
    /// ```
    /// # use pynba::{Reporter, testing};
    /// # use pynba_tracing::PinbaLayer;
    /// # use tracing_subscriber::prelude::*;
    /// # let _guard = tracing_subscriber::registry().with(PinbaLayer::new()).set_default();
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let _request = reporter.open("/users");
    ///     tracing::info_span!("render", user = 7).in_scope(|| ());
    ///     tracing::debug_span!("parse").in_scope(|| ());
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].timers().len(), 1);
    /// assert_eq!(requests[0].timers()[0].tags, [("span".to_owned(), "render".to_owned())]);
    /// # }
    /// # Ok::<(), pynba::Error>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            id: LayerId::new(),
            fields: Fields::default(),
            target: false,
            time: SpanTime::default(),
            errors_are_failures: false,
            max_level: MAX_LEVEL,
            spans: None,
            requests: None,
        }
    }

    /// Makes timers of spans down to this level. `LevelFilter::OFF` makes none, for a layer that is there for
    /// [`with_requests`](Self::with_requests) alone.
    ///
    /// ```
    /// # use pynba_tracing::PinbaLayer;
    /// let layer = PinbaLayer::new().with_max_level(tracing::Level::DEBUG);
    /// ```
    #[must_use]
    pub fn with_max_level(mut self, level: impl Into<LevelFilter>) -> Self {
        self.max_level = level.into();
        self
    }

    /// Makes timers of these spans only, by name, target or whatever else is known of them beforehand. The level
    /// counts, too: [`with_max_level`](Self::with_max_level).
    ///
    /// ```
    /// # use pynba_tracing::PinbaLayer;
    /// let layer = PinbaLayer::new()
    ///     .with_spans(|span| span.target().starts_with("shop::") && span.name() != "health");
    /// ```
    ///
    /// Filters of `tracing-subscriber` work as with every layer (`layer.with_filter(…)`), and may tell more.
    #[must_use]
    pub fn with_spans(
        mut self,
        spans: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.spans = Some(Box::new(spans));
        self
    }

    /// Makes these fields of a span tags of its timer, and of the request if the span is one. Whatever has been
    /// recorded until the timer or the request ends counts, the last value of a field.
    ///
    /// Without this there are none, because servers keep each value of a tag that they have ever seen: a field
    /// with a user's number or an SQL statement in it would flood them. Choose fields of few different values.
    ///
    /// ```
    /// # use pynba_tracing::PinbaLayer;
    /// let layer = PinbaLayer::new().with_fields(["db.table", "cache.hit"]);
    /// ```
    #[must_use]
    pub fn with_fields<N: Into<Cow<'static, str>>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.fields.tags = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds the span's target, its module unless it says otherwise, as the tag `target`.
    ///
    /// ```
    /// # use pynba_tracing::PinbaLayer;
    /// let layer = PinbaLayer::new().with_target(true);
    /// ```
    #[must_use]
    pub fn with_target(mut self, target: bool) -> Self {
        self.target = target;
        self
    }

    /// Measures the spans' time in this way.
    ///
    /// ```
    /// # use pynba_tracing::{PinbaLayer, SpanTime};
    /// let layer = PinbaLayer::new().with_time(SpanTime::Entered);
    /// ```
    #[must_use]
    pub fn with_time(mut self, time: SpanTime) -> Self {
        if time == SpanTime::Entered {
            slots::follow();
        }
        self.time = time;
        self
    }

    /// Makes requests of these spans, where they do not belong to one: for programs whose handlers have
    /// `#[instrument]` already. The span's name is the script name; it is no timer, too.
    ///
    /// ```
    /// # use pynba::{Reporter, testing};
    /// # use pynba_tracing::PinbaLayer;
    /// # use tracing_subscriber::prelude::*;
    /// let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let layer = PinbaLayer::new().with_requests(&reporter, |span| span.name() == "show_user");
    /// # let _guard = tracing_subscriber::registry().with(layer).set_default();
    ///
    /// #[tracing::instrument]
    /// fn show_user(id: u64) {
    ///     load_user(id);
    ///     pynba::current().tag("plan", "free");
    /// }
    ///
    /// #[tracing::instrument]
    /// fn load_user(id: u64) {}
    ///
    /// let requests = testing::capture(|| show_user(7));
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "show_user");
    /// assert_eq!(requests[0].timers()[0].tags, [("span".to_owned(), "load_user".to_owned())]);
    /// # }
    /// # Ok::<(), pynba::Error>(())
    /// ```
    ///
    /// - It begins where the span is first entered, and is [current](pynba_runtime::current) wherever the span is
    ///   entered, on several threads at once if need be. A span that is never entered sends nothing.
    /// - It ends with the span: when the last handle on the span and on each span inside it is gone. A task that
    ///   is spawned with `in_current_span` makes it last as long as the task.
    /// - Its status is 500 when the span is left by a panic, else 200 unless it is set by `set_status`, by a field
    ///   ([`with_status_from`](Self::with_status_from)), or by an error
    ///   ([`errors_are_failures`](Self::errors_are_failures)).
    /// - A [`Transport`](pynba_runtime::Transport) of your own should open no spans: it is called while the span
    ///   is being closed, and the registry never frees spans that end meanwhile.
    #[must_use]
    pub fn with_requests(
        mut self,
        reporter: &Reporter,
        spans: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        slots::follow();
        self.requests = Some((reporter.clone(), Box::new(spans)));
        self
    }

    /// Makes this field of a span that is a request its script name, if it is recorded until the request ends.
    ///
    /// Let it be the route (`/users/{id}`), not the path: each name is a row in the server's tables for ever.
    ///
    /// ```
    /// # use pynba::{Reporter, testing};
    /// # use pynba_tracing::PinbaLayer;
    /// # use tracing_subscriber::prelude::*;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let layer = PinbaLayer::new()
    ///     .with_requests(&reporter, |span| span.name() == "HTTP request")
    ///     .with_script_name_from("http.route");
    /// # let _guard = tracing_subscriber::registry().with(layer).set_default();
    /// let requests = testing::capture(|| {
    ///     tracing::info_span!("HTTP request", http.route = "/users/{id}").in_scope(|| ());
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].script_name, "/users/{id}");
    /// # }
    /// # Ok::<(), pynba::Error>(())
    /// ```
    #[must_use]
    pub fn with_script_name_from(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.fields.script_name = Some(field.into());
        self
    }

    /// Makes this field of a span that is a request its status: a number, or text that begins with one
    /// (`404 Not Found`).
    ///
    /// A span that has the field and ends before a status is recorded was given up, and is sent with the status
    /// 499, or with that of a failure (4xx, 5xx) that was set otherwise: a future's span ends in the same way
    /// whether the future was ready or is dropped.
    ///
    /// ```
    /// # use pynba::{Reporter, testing};
    /// # use pynba_tracing::PinbaLayer;
    /// # use tracing::field::Empty;
    /// # use tracing_subscriber::prelude::*;
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let layer = PinbaLayer::new()
    ///     .with_requests(&reporter, |span| span.name() == "HTTP request")
    ///     .with_status_from("http.status_code");
    /// # let _guard = tracing_subscriber::registry().with(layer).set_default();
    /// let requests = testing::capture(|| {
    ///     let span = tracing::info_span!("HTTP request", http.status_code = Empty);
    ///     span.in_scope(|| ());
    ///     span.record("http.status_code", 404);
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].status, Some(404));
    /// # }
    /// # Ok::<(), pynba::Error>(())
    /// ```
    #[must_use]
    pub fn with_status_from(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.fields.status = Some(field.into());
        self
    }

    /// Lets an event of the level `ERROR` set the status of its request to 500, until another one is set. That
    /// is what `#[instrument(err)]` says of a function that returned an `Err`.
    ///
    /// ```
    /// # use pynba::{Reporter, testing};
    /// # use pynba_tracing::PinbaLayer;
    /// # use tracing_subscriber::prelude::*;
    /// let layer = PinbaLayer::new().errors_are_failures(true);
    /// # let _guard = tracing_subscriber::registry().with(layer).set_default();
    /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
    /// let requests = testing::capture(|| {
    ///     let _request = reporter.open("/users");
    ///     tracing::error!("the database is gone");
    /// });
    /// # if cfg!(feature = "enable") {
    /// assert_eq!(requests[0].status, Some(500));
    /// # }
    /// # Ok::<(), pynba::Error>(())
    /// ```
    #[must_use]
    pub fn errors_are_failures(mut self, errors_are_failures: bool) -> Self {
        self.errors_are_failures = errors_are_failures;
        self
    }

    /// Whether the span may be of interest, as far as that is known at once.
    #[inline]
    pub(crate) fn may_take(&self, span: &Metadata<'_>) -> bool {
        self.is_timer_level(span) || self.requests.is_some()
    }

    fn is_timer_level(&self, span: &Metadata<'_>) -> bool {
        *span.level() <= self.max_level
    }

    /// Whether the span becomes a timer, if it belongs to a request.
    pub(crate) fn is_timer(&self, span: &Metadata<'_>) -> bool {
        let takes = |takes: &Predicate| text::run(|| takes(span)).unwrap_or(false);
        self.is_timer_level(span) && self.spans.as_ref().is_none_or(takes)
    }

    /// Whose request the span is, if it belongs to none.
    pub(crate) fn is_request(&self, span: &Metadata<'_>) -> Option<&Reporter> {
        let (reporter, are) = self.requests.as_ref()?;
        text::run(|| are(span))?.then_some(reporter)
    }
}

impl Default for PinbaLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PinbaLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinbaLayer")
            .field("fields", &self.fields)
            .field("target", &self.target)
            .field("time", &self.time)
            .field("max_level", &self.max_level)
            .field("opens_requests", &self.requests.is_some())
            .field("errors_are_failures", &self.errors_are_failures)
            .finish_non_exhaustive()
    }
}
