//! What a program may say about a request, once for all the handles by which it says it: they need `tell`,
//! `untag` and `add`.

/// Methods that call `self.act(|request: &mut Request| …)`. `$handle` is what makes `request` in their examples.
macro_rules! setters {
    ($handle:literal) => {
        /// With `false` nothing is sent for this request.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_enabled(false);
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert!(requests.is_empty());
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_enabled(&self, enabled: bool) {
            self.tell(0, move |request| request.set_enabled(enabled));
        }

        /// Sets the name under which the request is counted; a prefix stays before it.
        ///
        /// Servers keep 128 bytes of it.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_script_name("/users/{id}");
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].script_name, "/users/{id}");
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_script_name(&self, name: impl Into<Cow<'static, str>>) {
            let name = name.into();
            self.tell(name.len(), move |request| request.set_script_name(name));
        }

        /// Sets the host that runs the request, instead of this machine's name.
        ///
        /// `pinba_engine` keeps 32 bytes of it, its maintained fork 64.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_hostname("web-3");
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].hostname, "web-3");
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_hostname(&self, name: impl Into<Cow<'static, str>>) {
            let name = name.into();
            self.tell(name.len(), move |request| {
                request.tell(|told| told.hostname = Text::given(name))
            });
        }

        /// Sets the server (virtual host) that answers the request, instead of this machine's name.
        ///
        /// `pinba_engine` keeps 32 bytes of it, its maintained fork 64.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_server_name("shop.example.com");
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].server_name, "shop.example.com");
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_server_name(&self, name: impl Into<Cow<'static, str>>) {
            let name = name.into();
            self.tell(name.len(), move |request| {
                request.tell(|told| told.server_name = Text::given(name))
            });
        }

        /// Sets the schema, such as `https`.
        ///
        /// Servers keep 16 bytes of it.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_schema("https");
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].schema.as_deref(), Some("https"));
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_schema(&self, schema: impl Into<Cow<'static, str>>) {
            let schema = schema.into();
            self.tell(schema.len(), move |request| {
                request.tell(|told| told.schema = Text::given(schema))
            });
        }

        /// Sets the status, as HTTP numbers them, instead of that of the returned value.
        ///
        /// A panic makes it 500 nevertheless, unless it is 500 or more already.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_status(404);
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].status, Some(404));
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_status(&self, status: u32) {
            self.tell(0, move |request| request.tell(|told| told.status = Some(status)));
        }

        /// Sets the size of the answer in bytes. What does not fit in 32 bits is sent as their largest
        /// number.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_document_size(48_000);
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].document_size, 48_000);
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_document_size(&self, bytes: u64) {
            self.tell(0, move |request| request.tell(|told| told.document_size = bytes));
        }

        /// Sets the memory used at most in bytes, instead of the process's peak resident set (or the request's
        /// heap, with [`alloc::Tracking`](crate::alloc::Tracking)).
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_memory_peak(2_000_000);
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].memory_peak, 2_000_000);
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_memory_peak(&self, bytes: u64) {
            self.tell(0, move |request| request.tell(|told| told.memory_peak = Some(bytes)));
        }

        /// Sets the memory used in bytes; 0 unless set.
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_memory_footprint(1_500_000);
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].memory_footprint, Some(1_500_000));
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_memory_footprint(&self, bytes: u64) {
            self.tell(0, move |request| request.tell(|told| told.memory_footprint = bytes));
        }

        /// Sets the time that the request took, instead of the measured one.
        ///
        /// ```
        /// # use std::time::Duration;
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_request_time(Duration::from_millis(250));
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].request_time, 0.25);
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_request_time(&self, time: Duration) {
            self.tell(0, move |request| request.tell(|told| told.request_time = Some(time)));
        }

        /// Sets the processor time that the request took in user mode and in the kernel, instead of the
        /// measured ones.
        ///
        /// ```
        /// # use std::time::Duration;
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.set_rusage(Duration::from_millis(500), Duration::from_millis(125));
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!((requests[0].ru_utime, requests[0].ru_stime), (0.5, 0.125));
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn set_rusage(&self, user: Duration, system: Duration) {
            self.tell(0, move |request| request.tell(|told| told.rusage = Some((user, system))));
        }

        /// Removes a request tag with all its values, and the tags below it (`name.key`).
        ///
        /// ```
        /// # use pynba_runtime::{Reporter, ScriptMonitor, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     request.tag("plan", "premium");
        ///     request.tag("source.kind", "ftp");
        ///     request.remove_tag("source");
        /// });
        /// # if cfg!(feature = "enable") {
        /// assert_eq!(requests[0].tags(), [("plan".to_owned(), "premium".to_owned())]);
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn remove_tag(&self, name: impl AsRef<str>) {
            self.untag(name.as_ref());
        }

        /// Adds a timer that something else measured: `hit_count` hits that took `value` in all. Once the request has
        /// been sent it does nothing; that it came too late is counted in a [`Handle`](crate::Handle) only.
        ///
        /// ```
        /// # use std::time::Duration;
        /// # use pynba_runtime::{Reporter, ScriptMonitor, Tags, testing};
        /// # let reporter = Reporter::builder().server("127.0.0.1:30002").build()?;
        /// let requests = testing::capture(|| {
        #[doc = $handle]
        ///     let tags = Tags::new().with("group", "cache");
        ///     request.add_timer(tags, Duration::from_millis(250), 10);
        /// });
        /// # if cfg!(feature = "enable") {
        /// let timer = &requests[0].timers()[0];
        /// assert_eq!((timer.value, timer.hit_count), (0.25, 10));
        /// # }
        /// # Ok::<(), pynba_runtime::Error>(())
        /// ```
        pub fn add_timer(&self, tags: Tags, value: Duration, hit_count: u32) {
            self.add(&tags, value, hit_count);
            drop(tags);
        }
    };
}

/// What an expansion says to what it has opened, which gives its `current`.
macro_rules! said_by_expansions {
    () => {
        #[doc(hidden)]
        pub fn set_prefix(&self, prefix: impl Into<Cow<'static, str>>) {
            self.current().set_prefix(prefix.into());
        }

        #[doc(hidden)]
        pub fn set_tags(&self, tags: &'static StaticTags) {
            self.current().set_tags(tags, |_| ());
        }

        #[doc(hidden)]
        pub fn set_tags_with(
            &self,
            tags: &'static StaticTags,
            dynamic: impl FnOnce(&mut Pairs<'_>),
        ) {
            self.current().set_tags(tags, dynamic);
        }

        /// The status that the returned value stands for, unless the program set one.
        #[doc(hidden)]
        pub fn returned(&self, status: u32) {
            self.current().set_outcome(status);
        }
    };
}

pub(crate) use {said_by_expansions, setters};
