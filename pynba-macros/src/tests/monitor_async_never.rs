async fn serve() -> ! {
    let mut guard = {
        static SITE: ::pynba::__rt::Site = ::pynba::__rt::Site::new(
            ::core::concat!(::core::module_path!(), "::", "serve"),
        );
        SITE.detached()
    };
    match ::pynba::__rt::DetachedRequest::around(
            &mut guard,
            async move {
                if let ::core::option::Option::Some(pynba_values) = ::core::option::Option::None::<
                    (::core::convert::Infallible,),
                > {
                    return pynba_values.0;
                }
                {
                    loop {
                        turn().await
                    }
                }
            },
        )
        .await
    {}
}
