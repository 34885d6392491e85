#[must_use]
fn handle<'life0, 'async_trait>(
    &'life0 self,
    name: String,
) -> ::core::pin::Pin<
    Box<
        dyn ::core::future::Future<
            Output = Result<u8, Error>,
        > + ::core::marker::Send + 'async_trait,
    >,
>
where
    'life0: 'async_trait,
    Self: 'async_trait,
{
    let mut guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "handle"),
        );
        SITE.detached()
    };
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        guard.set_prefix("a/");
    }
    Box::pin(
        ::pynba::__rt::DetachedRequest::looking::<
            Result<u8, Error>,
            _,
            _,
        >(
            guard,
            async move {
                if let ::core::option::Option::Some(pynba_values) = ::core::option::Option::None::<
                    (Result<u8, Error>,),
                > {
                    return pynba_values.0;
                }
                {
                    let __self = self;
                    let name = name;
                    let __ret: Result<u8, Error> = { Ok(__self.load(name).await?) };
                    __ret
                }
            },
            move |guard, returned| {
                guard.returned(::pynba::__rt::status_of!(* returned));
                guard
                    .current()
                    .set_document_size(
                        ::pynba::__rt::look::<
                            _,
                            ::core::primitive::u64,
                        >(&*returned, |_| 1),
                    );
            },
        ),
    )
}
