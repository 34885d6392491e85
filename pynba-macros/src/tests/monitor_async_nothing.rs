async fn tick() {
    let mut guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "tick"),
        );
        SITE.detached()
    };
    if guard.is_recording() {
        let guard = ::pynba::__rt::DetachedRequest::enter(&mut guard);
        {
            static TAGS: ::pynba::__rt::StaticTags = ::pynba::__rt::StaticTags::new(
                &[("a", "b")],
            );
            guard.set_tags(&TAGS)
        }
    }
    ::pynba::__rt::DetachedRequest::around(
            &mut guard,
            async move {
                if let ::core::option::Option::Some(pynba_values) = ::core::option::Option::None::<
                    ((),),
                > {
                    return pynba_values.0;
                }
                {
                    work().await;
                }
            },
        )
        .await
}
