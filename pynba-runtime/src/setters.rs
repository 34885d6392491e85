//! What a program may say about a request, once for all the handles by which it says it.

/// Methods that call `self.act(|request: &mut Request| …)`.
macro_rules! setters {
    () => {
        /// With `false` nothing is sent for this request.
        pub fn set_enabled(&self, enabled: bool) {
            self.act(|request| request.set_enabled(enabled));
        }

        /// Sets the name under which the request is counted; a prefix stays before it.
        ///
        /// Servers keep 128 bytes of it.
        pub fn set_script_name(&self, name: impl Into<Cow<'static, str>>) {
            let name = name.into();
            self.act(|request| request.tell(|told| told.script_name = name));
        }

        /// Sets the host that runs the request, instead of this machine's name.
        ///
        /// `pinba_engine` keeps 32 bytes of it, its maintained fork 64.
        pub fn set_hostname(&self, name: impl Into<Cow<'static, str>>) {
            let name = name.into();
            self.act(|request| request.tell(|told| told.hostname = Some(name)));
        }

        /// Sets the server (virtual host) that answers the request, instead of this machine's name.
        ///
        /// `pinba_engine` keeps 32 bytes of it, its maintained fork 64.
        pub fn set_server_name(&self, name: impl Into<Cow<'static, str>>) {
            let name = name.into();
            self.act(|request| request.tell(|told| told.server_name = Some(name)));
        }

        /// Sets the schema, such as `https`.
        ///
        /// Servers keep 16 bytes of it.
        pub fn set_schema(&self, schema: impl Into<Cow<'static, str>>) {
            let schema = schema.into();
            self.act(|request| request.tell(|told| told.schema = Some(schema)));
        }

        /// Sets the status, as HTTP numbers them, instead of that of the returned value.
        ///
        /// A panic makes it 500 nevertheless, unless it is 500 or more already.
        pub fn set_status(&self, status: u32) {
            self.act(|request| request.tell(|told| told.status = Some(status)));
        }

        /// Sets the size of the answer in bytes. What does not fit in 32 bits is sent as their largest
        /// number.
        pub fn set_document_size(&self, bytes: u64) {
            self.act(|request| request.tell(|told| told.document_size = bytes));
        }

        /// Sets the memory used at most in bytes, instead of the process's peak resident set (or the request's
        /// heap, with [`alloc::Tracking`](crate::alloc::Tracking)).
        pub fn set_memory_peak(&self, bytes: u64) {
            self.act(|request| request.tell(|told| told.memory_peak = Some(bytes)));
        }

        /// Sets the memory used in bytes; 0 unless set.
        pub fn set_memory_footprint(&self, bytes: u64) {
            self.act(|request| request.tell(|told| told.memory_footprint = bytes));
        }

        /// Sets the time that the request took, instead of the measured one.
        pub fn set_request_time(&self, time: Duration) {
            self.act(|request| request.tell(|told| told.request_time = Some(time)));
        }

        /// Sets the processor time that the request took in user mode and in the kernel, instead of the
        /// measured ones.
        pub fn set_rusage(&self, user: Duration, system: Duration) {
            self.act(|request| request.tell(|told| told.rusage = Some((user, system))));
        }

        /// Removes a request tag with all its values, and the tags below it (`name.key`).
        pub fn remove_tag(&self, name: impl AsRef<str>) {
            let name = name.as_ref();
            self.act(|request| request.remove_tag(name));
        }

        /// Adds a timer that something else measured: `hit_count` hits that took `value` in all.
        pub fn add_timer(&self, tags: Tags, value: Duration, hit_count: u32) {
            self.act(|request| request.timers().add(&tags, value, hit_count));
            drop(tags);
        }
    };
}

pub(crate) use setters;
