pub(crate) async unsafe fn show<'a, T: Copy>(
    mut self: Pin<&mut Self>,
    (a, b): (T, T),
) -> Answer<'a>
where
    T: Send,
{
    #![allow(clippy::all)]
    let mut guard = if ::pynba::__rt::ENABLED {
        let enabled: ::core::primitive::bool = request.sampled;
        if enabled {
            match (&(self.reporter),) {
                pynba_values => {
                    static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
                        ::core::concat!(::core::module_path!(), "::", "show"),
                    );
                    let reporter: &::pynba::__rt::Reporter = pynba_values.0;
                    SITE.detached_with(reporter)
                }
            }
        } else {
            ::pynba::__rt::silent_detached()
        }
    } else {
        ::pynba::__rt::silent_detached()
    };
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        guard.set_prefix("shop/");
        guard.current().set_script_name(request.path.clone());
        {
            match (&(request.plan),) {
                pynba_values => {
                    static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                            &[],
                        )
                        .names(&["plan"]);
                    guard
                        .set_tags_with(
                            &TAGS,
                            |tags| {
                                tags.add(0, pynba_values.0);
                            },
                        )
                }
            }
        }
    }
    #[allow(clippy::async_yields_async)]
    let returned = ::pynba::__rt::DetachedRequest::around(
            &mut guard,
            async move {
                if let ::core::option::Option::Some(pynba_values) = ::core::option::Option::None::<
                    (Answer<'a>,),
                > {
                    return pynba_values.0;
                }
                {
                    use b as c;
                    answer(request).await
                }
            },
        )
        .await;
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        guard
            .current()
            .set_status(
                ::pynba::__rt::look::<
                    _,
                    ::core::primitive::u32,
                >(&returned, |answer| answer.status),
            );
        guard
            .current()
            .set_document_size(
                ::pynba::__rt::look::<
                    _,
                    ::core::primitive::u64,
                >(&returned, |answer| answer.body.len() as u64),
            );
    }
    returned
}
