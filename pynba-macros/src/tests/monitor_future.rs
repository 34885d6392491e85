fn fetch(&self, url: String) -> impl Future<Output = Result<impl Copy, Error>> + Send {
    let mut guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "fetch"),
        );
        SITE.detached()
    };
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        guard.current().set_script_name(url.clone());
    }
    let future = ::pynba::__rt::call(move || {
        let client = self.client.clone();
        async move { client.get(url).await }
    });
    ::pynba::__rt::DetachedRequest::looking::<
        Result<_, Error>,
        _,
        _,
    >(
        guard,
        future,
        move |guard, returned| {
            guard.returned(::pynba::__rt::status_of!(* returned));
        },
    )
}
