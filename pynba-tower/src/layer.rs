//! The layer, and what it can be told.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use pynba_runtime::{Error, Reporter, Tags};
use tower_layer::Layer;

use crate::service::PynbaService;

type Text = Cow<'static, str>;

/// Reports every request of the service that it is put around.
///
/// ```
/// use axum::{Router, routing::get};
/// use pynba_tower::PynbaLayer;
///
/// let app: Router = Router::new()
///     .route("/users/{id}", get(|| async { "Ada" }))
///     .layer(PynbaLayer::new("127.0.0.1:30002")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What it reports, and when, is said in the [documentation of this crate](crate). It is cheap to clone.
#[derive(Clone)]
pub struct PynbaLayer {
    pub(crate) reporter: Reporter,
    pub(crate) settings: Arc<Settings>,
}

/// What the program wants to be different.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) prefix: Option<Text>,
    pub(crate) unmatched: Text,
    pub(crate) trust_forwarded: bool,
    /// The hosts that are believed; `None` for all of them.
    pub(crate) server_names: Option<Vec<String>>,
    pub(crate) script_name: Option<Of<Text>>,
    pub(crate) tags: Option<Of<Tags>>,
    pub(crate) filter: Option<Of<bool>>,
}

/// One of the program's closures.
pub(crate) type Of<T> = Arc<dyn Fn(&Parts) -> T + Send + Sync>;

impl PynbaLayer {
    /// A layer that reports to this server, `host:port`.
    ///
    /// ```
    /// # use pynba_runtime::Error;
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?;
    ///
    /// assert!(matches!(PynbaLayer::new("nowhere"), Err(Error::InvalidServer { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidServer`] when it is none.
    pub fn new(server: impl Into<Cow<'static, str>>) -> Result<Self, Error> {
        Ok(Self::with_reporter(Reporter::builder().server(server).build()?))
    }

    /// A layer that reports by this reporter: to several servers, with a prefix, tags of all requests, a sample
    /// of them, and everything else that a reporter can be told.
    ///
    /// ```
    /// # use pynba_runtime::Reporter;
    /// # use pynba_tower::PynbaLayer;
    /// let reporter = Reporter::builder()
    ///     .servers("127.0.0.1:30002, [::1]:30002")
    ///     .prefix("shop:")
    ///     .tag("release", "2026-11")
    ///     .build()?;
    /// let layer = PynbaLayer::with_reporter(&reporter);
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn with_reporter(reporter: impl Borrow<Reporter>) -> Self {
        let settings = Settings {
            prefix: None,
            unmatched: Cow::Borrowed("(unmatched)"),
            trust_forwarded: false,
            server_names: None,
            script_name: None,
            tags: None,
            filter: None,
        };
        Self { reporter: reporter.borrow().clone(), settings: Arc::new(settings) }
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }

    /// Put before every script name, instead of the reporter's prefix.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?.prefix("shop:"); // shop:/users/{id}
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn prefix(self, prefix: impl Into<Cow<'static, str>>) -> Self {
        self.set(|settings| settings.prefix = Some(prefix.into()))
    }

    /// The one script name of all requests that axum had no route for: `(unmatched)` unless set. Under their
    /// paths, whoever scans a server for holes would fill the tables of Pinba.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?.unmatched("(not found)");
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn unmatched(self, script_name: impl Into<Cow<'static, str>>) -> Self {
        self.set(|settings| settings.unmatched = script_name.into())
    }

    /// Names requests by something else than their route or path. An empty name leaves them that.
    ///
    /// There should be few names: each is a row in the server's reports, and servers keep 128 bytes of it.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?.script_name(|request| {
    ///     if request.uri.path().starts_with("/assets/") { "/assets/*" } else { "" }
    /// });
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn script_name<F, T>(self, script_name: F) -> Self
    where
        F: Fn(&Parts) -> T + Send + Sync + 'static,
        T: Into<Cow<'static, str>>,
    {
        self.set(|settings| {
            settings.script_name = Some(Arc::new(move |request| script_name(request).into()));
        })
    }

    /// Takes the server name from a request only if it is one of these: of others, the reporter's is sent. A
    /// client may send any host it likes, and unless this is set all are taken that could be one.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?
    ///     .server_names(["shop.example.com", "api.example.com"]);
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn server_names<T: Into<String>>(self, names: impl IntoIterator<Item = T>) -> Self {
        let names = names.into_iter().map(|name| name.into().to_ascii_lowercase()).collect();
        self.set(|settings| settings.server_names = Some(names))
    }

    /// Whether the schema is taken from the headers `X-Forwarded-Proto` and `Forwarded`. It is not unless set:
    /// only behind a proxy that sets or removes them are they not the client's own invention.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?.trust_forwarded(true);
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn trust_forwarded(self, trust: bool) -> Self {
        self.set(|settings| settings.trust_forwarded = trust)
    }

    /// Tags every request with what the closure makes of it. It is called only when the request is recorded.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// use pynba::tags;
    ///
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?.tags(|request| {
    ///     tags!(method = request.method.as_str(), http = %format_args!("{:?}", request.version))
    /// });
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn tags(self, tags: impl Fn(&Parts) -> Tags + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.tags = Some(Arc::new(tags)))
    }

    /// Reports only the requests for which it is `true`. The others are served as if there were no layer.
    ///
    /// ```
    /// # use pynba_tower::PynbaLayer;
    /// let layer = PynbaLayer::new("127.0.0.1:30002")?.filter(|request| request.uri.path() != "/health");
    /// # Ok::<(), pynba_runtime::Error>(())
    /// ```
    #[must_use]
    pub fn filter(self, filter: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.filter = Some(Arc::new(filter)))
    }
}

impl<S> Layer<S> for PynbaLayer {
    type Service = PynbaService<S>;

    fn layer(&self, inner: S) -> PynbaService<S> {
        PynbaService::new(inner, self.clone())
    }
}

impl fmt::Debug for PynbaLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PynbaLayer")
            .field("reporter", &self.reporter)
            .field("settings", &self.settings)
            .finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("prefix", &self.prefix)
            .field("unmatched", &self.unmatched)
            .field("trust_forwarded", &self.trust_forwarded)
            .field("server_names", &self.server_names)
            .finish_non_exhaustive()
    }
}
