fn fetch(&self) -> impl Future<Output = u8> + '_ {
    let guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "fetch"),
        );
        SITE.detached()
    };
    ::pynba::__rt::DetachedRequest::looking::<
        u8,
        _,
        _,
    >(
        guard,
        async {
            if let ::core::option::Option::Some(pynba_values) = ::core::option::Option::None::<
                (u8,),
            > {
                return pynba_values.0;
            }
            { self.get().await }
        },
        move |guard, returned| {
            guard.returned(::pynba::__rt::status_of!(* returned));
        },
    )
}
