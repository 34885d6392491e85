fn fetch(&self) -> BoxFuture<'_, ()> {
    let guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "fetch"),
        );
        SITE.detached()
    };
    let future = ::pynba::__rt::call(move || -> BoxFuture<'_, ()> {
        self.get().boxed()
    });
    ::std::boxed::Box::pin(
        ::pynba::__rt::DetachedRequest::looking::<
            (),
            _,
            _,
        >(
            guard,
            future,
            move |guard, returned| {
                guard.returned(::pynba::__rt::status_of!(* returned));
            },
        ),
    )
}
